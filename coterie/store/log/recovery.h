// Reads a data directory and decides what of it can be believed. Everything here takes bytes: the
// Log gives it the files of its disk, the fuzzers what they like.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/log.h"
#include "coterie/store/log/state_format.h"
#include "coterie/store/log/stitch.h"
#include "coterie/world/world.h"

namespace coterie::store {

inline constexpr std::string_view identity_file = "identity";
inline constexpr std::string_view identity_file_new = "identity.tmp";
inline constexpr std::string_view state_file = "state";
inline constexpr std::string_view state_file_new = "state.tmp";

// A name that the log gives to its files, finished or not. Other files are left alone.
bool is_log_file(std::string_view name);

struct RecoveredDirectory {
  Recovery recovery;
  StateRecord state;  // as on the disk, and what recovery has found; when there are papers
  unsigned state_spare_slot = 0;
  StitchedLog log;                     // its entries are those of `recovery`
  uint32_t sequence_max = 0;           // of all segments that are there or were
  std::vector<std::string> all_files;  // of the log
  std::vector<std::string> useless;    // temporary files, bad snapshots, and those that are older
  Index snapshot_missing;              // of the newest snapshot that cannot be used; 0: none
};

// A piece of a file that was listed.
using FileLoader = std::function<Result<Payload>(std::string_view name, uint64_t offset_bytes,
                                                 uint64_t size_bytes)>;

// Fault::invalid: another format or another replica's file; Fault::io: identity or state cannot be
// read. The message says what to do. Otherwise something is recovered, if only that nothing can be.
// `taker` may be null: see Log::open().
Result<RecoveredDirectory> recover_directory(const std::vector<world::FileInfo>& files,
                                             const FileLoader& load,
                                             SnapshotTaker* taker = nullptr);

}  // namespace coterie::store
