// The folder of a cluster that `coterie up` runs on this machine:
//
//   N/             the data of node N
//   logs/N.log     what it has logged
//   logs/up.log    what the supervisor has said, when it is detached
//   up.json        which processes there are, for the other subcommands
//   up.lock        held by the supervisor while it runs
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/process/process.h"

namespace coterie::cli {

struct NodeRecord {
  uint64_t id = 0;
  process::ProcessId process;  // {0, 0}: not running
  uint64_t restarts = 0;
  std::string resp, http, peer;  // addresses

  bool operator==(const NodeRecord&) const = default;
};

struct ClusterRecord {
  process::ProcessId supervisor;  // {0, 0}: not running
  bool detached = false;
  std::vector<NodeRecord> nodes;

  bool operator==(const ClusterRecord&) const = default;
};

class ClusterFolder {
 public:
  explicit ClusterFolder(const std::string& path)
      : root_(std::filesystem::absolute(path).lexically_normal()) {}
  ~ClusterFolder();
  ClusterFolder(const ClusterFolder&) = delete;
  ClusterFolder& operator=(const ClusterFolder&) = delete;

  std::string root() const { return root_.string(); }
  std::string data_of(uint64_t node) const { return (root_ / std::to_string(node)).string(); }
  std::string log_of(uint64_t node) const {
    return (root_ / "logs" / (std::to_string(node) + ".log")).string();
  }
  std::string supervisor_log() const { return (root_ / "logs" / "up.log").string(); }

  // Makes the folders and takes the lock, which is held as long as this object (and what was forked
  // from it) lives. Fault::refused: another supervisor holds it.
  Result<void> open();
  // Removes the nodes' data and logs, and nothing else. REQUIRES: open
  Result<void> remove_data();

  // Fault::not_found: no cluster was ever started here.
  Result<ClusterRecord> read() const;
  Result<void> write(const ClusterRecord& record) const;

 private:
  std::filesystem::path root_;
  int lock_ = -1;
};

// The last line of a file that is not empty, without what is before its last `bytes`.
std::string last_line(const std::string& path, size_t bytes = 4'096);

}  // namespace coterie::cli
