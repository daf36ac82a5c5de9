// A tenant that writes down all that happens to it, for the conformance suite. Every call is also
// checked against what holds always: no call comes within another, and time does not go back.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coterie/world/world.h"
#include "tests/conformance/world_fixture.h"

namespace coterie::conformance {

struct Event {
  enum class Kind { frame, outgoing_up, outgoing_down, incoming_down, disk, wake, end_turn };
  Kind kind = Kind::end_turn;
  NodeId peer;
  Payload frame;
  Now now;
  std::string note;  // of a disk completion
};

class Probe : public world::Tenant {
 public:
  explicit Probe(world::World& its_world) : world(its_world) {}

  // Called from outside: `call` runs in the node's next turn, just before its end_turn() returns.
  void later(std::function<void()> call);
  // Makes a completion callback that records itself under `note`, and its result in outcomes[note].
  world::Disk::Done done(std::string note);
  world::Disk::ReadDone read_done(std::string note);

  size_t count(Event::Kind kind, NodeId peer = {}) const;  // any peer if none is named
  std::vector<Payload> frames(NodeId from) const;

  void on_frame(NodeId from, Payload frame) override;
  void on_link(NodeId peer, world::LinkChange change) override;
  void on_wake() override;
  void end_turn() override;

  world::World& world;
  std::vector<Event> events;
  std::map<std::string, Result<Payload>> outcomes;  // a write's outcome has an empty payload
  std::function<void(NodeId, const Payload&)> frame_hook;
  std::function<void()> wake_hook;

 private:
  void observe(Event event);

  std::deque<std::function<void()>> calls_;
  bool inside_ = false;
  Now last_;
};

// A world with n nodes, all running a Probe.
class Cluster {
 public:
  Cluster(const WorldMaker& maker, int nodes);

  void start(uint64_t node);
  void kill(uint64_t node);
  Probe& probe(uint64_t node) { return *probes_.at(node); }
  WorldFixture& fixture() { return *fixture_; }
  // In a turn of that node; returns when it has been.
  void in_turn(uint64_t node, std::function<void()> call);
  // Ten seconds at most; records a failure when the condition does not come to hold.
  bool until(const std::function<bool()>& condition);
  void connect_all();

 private:
  std::map<uint64_t, Probe*> probes_;  // owned by the world
  std::unique_ptr<WorldFixture> fixture_;
};

}  // namespace coterie::conformance
