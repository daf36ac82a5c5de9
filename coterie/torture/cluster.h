// A cluster of real processes on this machine, each a `coterie serve`, whose links run through the
// fault proxy: node i reaches node j at a port that is theirs alone. All that can be done to it is
// here; what is done, and when, is the conductor's.
//
// One thread uses it, the one that made it, and it has to live as long: the kernel kills the nodes
// when that thread ends, however it ends. What was mounted is seen by this thread and the nodes
// alone, and is gone with them.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/client/node_view.h"
#include "coterie/client/redis_url.h"
#include "coterie/process/process.h"
#include "coterie/torture/chronicle.h"
#include "coterie/torture/proxy.h"

namespace coterie::torture {

struct ClusterOptions {
  uint64_t nodes = 3;
  uint64_t seed = 0;
  std::string folder;  // of their data and logs; it exists
  std::string program = "/proc/self/exe";
  std::string disk_shim{};           // a library that lets syncs fail; empty: none
  std::set<uint64_t> small_disks{};  // nodes whose data lie on a small disk that can be filled
};

// A node whose process has ended by itself.
struct Ending {
  uint64_t node = 0;
  std::string how;  // "ended with code 74: the last line of its log"
};

class Cluster {
 public:
  // Lets this thread mount disks that nobody else sees. Fault::refused: it may not.
  static Result<void> allow_mounts();

  // Makes the links and starts the nodes. REQUIRES: allow_mounts() for small disks.
  static Result<std::unique_ptr<Cluster>> start(const ClusterOptions& options);
  ~Cluster();  // kills them all
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Nodes are numbered from 1.
  uint64_t nodes() const { return nodes_.size(); }
  std::vector<client::RedisUrl> urls() const;
  std::string log_of(uint64_t node) const;
  // What it says of itself.
  Result<client::NodeView> ask(uint64_t node, Duration patience) const;

  bool running(uint64_t node) const { return at(node).process.pid != 0; }
  Result<void> launch(uint64_t node);  // if it is not running
  void kill(uint64_t node);            // it is gone at the return; nothing if it is not running
  void pause(uint64_t node);
  void resume(uint64_t node);
  // Those that have ended without having been killed here, since the last call.
  std::vector<Ending> ended();
  // All of that, in order.
  const std::vector<NodeEvent>& events() const { return events_; }

  // Removes its data. REQUIRES: not running
  Result<void> empty_folder(uint64_t node);
  // REQUIRES: disk_shim
  Result<void> let_syncs_fail(uint64_t node, bool fail);
  // REQUIRES: a small disk
  Result<void> fill_disk(uint64_t node);
  Result<void> free_disk(uint64_t node);

  // Of connections that `from` has dialled. REQUIRES: from != to
  void set_link(uint64_t from, uint64_t to, const LinkFaults& faults);
  void kill_link(uint64_t from, uint64_t to);

 private:
  struct Node {
    uint16_t resp_port = 0, peer_port = 0;
    std::vector<uint16_t> links;  // by node - 1: the port by which it reaches that one
    process::ProcessId process;
  };

  Cluster(const ClusterOptions& options, std::unique_ptr<Proxy> proxy);
  Result<void> choose_ports();
  Result<void> mount_small_disks();
  Node& at(uint64_t node) { return nodes_.at(node - 1); }
  const Node& at(uint64_t node) const { return nodes_.at(node - 1); }
  std::string disk_of(uint64_t node) const;
  std::string data_of(uint64_t node) const { return disk_of(node) + "/data"; }
  std::string filler_of(uint64_t node) const { return disk_of(node) + "/filler"; }
  std::string sync_switch_of(uint64_t node) const;
  std::vector<std::string> arguments_of(uint64_t node) const;
  void remember(uint64_t node, NodeEvent::Kind kind, std::string how = {});

  ClusterOptions options_;
  Ports ports_;
  std::unique_ptr<Proxy> proxy_;
  std::vector<Node> nodes_;
  std::vector<NodeEvent> events_;
};

}  // namespace coterie::torture
