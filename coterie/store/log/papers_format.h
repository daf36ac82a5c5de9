// The bytes of the `identity` file (docs/formats/log.md): who owns the data directory, written
// twice in one file, which is written under another name, synced and renamed.
#pragma once

#include <optional>
#include <string_view>

#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/log.h"

namespace coterie::store {

inline constexpr uint32_t papers_format_version = 1;
inline constexpr size_t founding_bytes_max = 1u << 20;

// REQUIRES: papers.founding.size() <= founding_bytes_max
Payload encode_papers(const Papers& papers);

struct PapersScan {
  std::optional<Papers> papers;  // none: both copies are bad
  bool one_bad = false;
};

// Reads the bytes of an identity file; any bytes will do. Fault::invalid: of another format
// version.
Result<PapersScan> scan_papers(std::string_view file);

}  // namespace coterie::store
