// Bare Raft machines in virtual time, no sockets, log or state machine: what is measured is the
// protocol itself, with the network, the disks and the timers around it. An event is a message, an
// alarm or a sync that ends.
#include <fmt/format.h>

#include "bench/micro/simulator_cases.h"
#include "coterie/base/assert.h"
#include "coterie/protocol/raft/raft_cluster.h"

namespace coterie::bench {

namespace {

constexpr uint64_t events = 2'000'000;

struct Setting {
  std::string_view name;
  bool writes = false;
  bool faults = false;   // loss, duplication, lateness, and a crash now and then
  bool watched = false;  // Raft's invariants after every turn
};

// What is under way is bounded by what the leader has committed, as with clients that wait.
class Load {
 public:
  Load(raft::RaftCluster& cluster, const Setting& setting) : cluster_(cluster), setting_(setting) {}

  void run() {
    for (uint64_t i = 0; i < events; ++i) {
      cluster_.run_event();
      if (setting_.writes && i % 16 == 0) write();
      if (setting_.faults && i % 20'000 == 0) disturb();
      if (setting_.writes && i % 5'000 == 0) forget();
    }
    COTERIE_ASSERT(!cluster_.failure());
  }

 private:
  void write() {
    const NodeId leader = cluster_.leader();
    if (!leader) return;
    const raft::Raft& machine = cluster_.machine(leader);
    if (machine.last_index().value < machine.commit().value + 16)
      cluster_.propose(leader, "SET some-key some-value");
  }
  // Without it the machines would hold every entry there ever was.
  void forget() {
    for (const NodeId node : cluster_.nodes())
      if (cluster_.up(node)) cluster_.compact(node, 100);
  }
  void disturb() {
    if (down_) {
      cluster_.restart(down_);
      down_ = {};
    } else {
      down_ = NodeId(1 + disturbed_++ % 5);
      cluster_.crash(down_);
    }
  }

  raft::RaftCluster& cluster_;
  const Setting& setting_;
  NodeId down_;
  uint64_t disturbed_ = 0;
};

Measured run(const Setting& setting) {
  raft::ClusterOptions options;
  options.nodes = 5;
  options.watched = setting.watched;
  options.promises = setting.watched;
  if (setting.faults) {
    options.loss = options.duplicate = options.late = 0.02;
    options.hang = 0.001;
  }
  raft::RaftCluster cluster(options);
  const bool led = cluster.run_until([&] { return bool(cluster.leader()); }, seconds(60));
  COTERIE_ASSERT(led);
  Load load(cluster, setting);
  const Instant before = cluster.now();
  Measured measured = measure(events, [&] { load.run(); });
  measured.figures = {{"virtual_s", (cluster.now() - before).seconds()}};
  return measured;
}

}  // namespace

std::vector<Case> raft_cases() {
  std::vector<Case> cases;
  for (const Setting& setting :
       {Setting{"raft, 5 machines, idle"}, Setting{"raft, 5 machines, writes", true},
        Setting{"raft, 5 machines, writes and faults", true, true},
        Setting{"raft, 5 machines, writes, faults and invariants", true, true, true}}) {
    cases.push_back({std::string(setting.name), [setting] { return run(setting); }});
  }
  return cases;
}

}  // namespace coterie::bench
