// A world in a box: nodes, links, disks and clocks, on virtual time, all from one seed. The same
// seed and the same calls give the same run, event for event (digest()). Nodes are driven by their
// turns; clients and fault plans by at().
//
//   sim::Simulation simulation({.seed = 7});
//   for (uint64_t i = 1; i <= 3; ++i) simulation.add_node(NodeId(i), make_node);
//   simulation.at(simulation.now() + seconds(1), [&] { simulation.crash(NodeId(1)); });
//   simulation.run_until([&] { return done; }, seconds(60));
//
// Each link, disk, clock and node draws from streams of its own, so that a decision taken away in
// one of them moves none in the others. All times given and returned are virtual; a node's own
// clocks differ.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coterie/world/sim/kernel.h"
#include "coterie/world/sim/link.h"
#include "coterie/world/sim/node.h"
#include "coterie/world/sim/options.h"
#include "coterie/world/sim/trace.h"

namespace coterie::sim {

inline constexpr uint64_t node_id_max = 1000;

class Simulation {
 public:
  explicit Simulation(SimOptions options = {});
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Nodes. Every call but these two REQUIRES that the node has been added.
  void add_node(NodeId id,
                Factory factory);  // and starts it. REQUIRES: 1 <= id <= node_id_max, and new
  void place_node(NodeId id, Factory factory);  // as above, but not started
  void start(NodeId id);                        // again, on the same disk. REQUIRES: not running
  // The node ends, and its disk as the options say. Nothing if it is not running. From within one
  // of the node's own turns: at the end of that turn.
  void crash(NodeId id, const CrashOptions& options = {});
  void wipe(NodeId id);   // its disk is empty; it crashes first if it runs
  void pause(NodeId id);  // no turns; its clocks, disk and connections go on
  void unpause(NodeId id);
  void set_slowness(NodeId id,
                    double factor);  // its turns and disk take that much longer; 1: as usual
  bool running(NodeId id) const;
  std::vector<NodeId> nodes() const;
  // What stop() was given, until the next start.
  std::optional<std::string> stop_reason(NodeId id) const;
  // The tenant, null while the node is down. After calling it, poke() the node.
  world::Tenant* tenant(NodeId id);
  // The node will have a turn, in which `call` runs, among the frames. False when it is down.
  // Dropped when it crashes before.
  bool poke(NodeId id, std::function<void()> call = {});
  SimNode& node(NodeId id);

  // Disks. Faults that need no time are called on the disk itself.
  SimDisk& disk(NodeId id);
  void stall_disk(NodeId id);
  void resume_disk(NodeId id);

  // Clocks.
  void step_wall_clock(NodeId id, Duration by);
  void set_drift(NodeId id, int64_t ppm);
  void set_clock_steps(NodeId id, Duration mean, Duration most);  // mean 0: no more

  // Links.
  Link& link(NodeId from, NodeId to);          // REQUIRES: both added, from != to
  void set_links(const LinkOptions& options);  // all of them, and those of nodes to come
  void block(NodeId from, NodeId to) { link(from, to).block(); }
  void unblock(NodeId from, NodeId to) { link(from, to).unblock(); }
  // No link between `side` and the others, in either direction. Comes on top of what is blocked
  // already.
  void partition(const std::set<NodeId>& side);
  void heal();  // unblocks all

  // Time.
  Instant now() const { return kernel_.now(); }
  void at(Instant when, std::function<void()> action);  // REQUIRES: when >= now()
  void after(Duration delay, std::function<void()> action) { at(now() + delay, std::move(action)); }
  bool step();                // one event; false when there is none, ever
  void run_to(Instant when);  // all events up to `when`; then it is `when`
  void run_for(Duration how_long) { run_to(now() + how_long); }
  // Until the condition holds, asked after every event. False when `at_most` has passed before.
  bool run_until(const std::function<bool()>& condition, Duration at_most);
  uint64_t events() const { return kernel_.events(); }
  uint64_t digest() const { return kernel_.digest(); }

  // What happened. The counts are there without a hook too: a run in which too little happened
  // proves nothing.
  uint64_t count(TraceKind kind) const { return kernel_.count(kind); }
  void on_trace(std::function<void(const TraceEvent&)> hook) { kernel_.on_trace(std::move(hook)); }
  // Called with who sends, and the parts of every frame that is given to a link.
  void on_frame(std::function<void(NodeId, const std::vector<Payload>&)> hook) {
    kernel_.on_frame(std::move(hook));
  }
  // The nodes whose tenants ran, began or ended in the last event, perhaps one twice: nothing has
  // changed in the others.
  const std::vector<NodeId>& touched() const { return kernel_.touched(); }
  const std::deque<LogLine>& log_lines() const { return log_lines_; }  // the last log_lines_max
  const SimOptions& options() const { return options_; }

 private:
  uint32_t position(NodeId id) const;
  void dispatch(const Event& event);
  void connect(uint32_t a, uint32_t b);

  SimOptions options_;
  Kernel kernel_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<SimNode>>
      nodes_;  // in the order of coming; events name them by position
  std::map<NodeId, uint32_t> positions_;
  std::map<std::pair<NodeId, NodeId>, Link*> links_by_ends_;
  std::deque<LogLine> log_lines_;
};

}  // namespace coterie::sim
