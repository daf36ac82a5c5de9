// See probe.h.
#include "tests/conformance/probe.h"

#include <algorithm>

namespace coterie::conformance {

using world::LinkChange;

void Probe::observe(Event event) {
  EXPECT_FALSE(inside_) << "a call within a call";
  event.now = world.now();
  EXPECT_GE(event.now.monotonic, last_.monotonic) << "time went back";
  last_ = event.now;
  events.push_back(std::move(event));
}

void Probe::later(std::function<void()> call) {
  calls_.push_back(std::move(call));
  world.want_turn();
}

world::Disk::Done Probe::done(std::string note) {
  return [this, note](Result<void> result) {
    observe({.kind = Event::Kind::disk, .peer = {}, .frame = {}, .now = {}, .note = note});
    Result<Payload> outcome = result ? Result<Payload>(Payload())
                                     : Result<Payload>(tl::unexpected(std::move(result).error()));
    EXPECT_TRUE(outcomes.emplace(note, std::move(outcome)).second) << note << " completed twice";
  };
}

world::Disk::ReadDone Probe::read_done(std::string note) {
  return [this, note](Result<Payload> result) {
    observe({.kind = Event::Kind::disk, .peer = {}, .frame = {}, .now = {}, .note = note});
    EXPECT_TRUE(outcomes.emplace(note, std::move(result)).second) << note << " completed twice";
  };
}

size_t Probe::count(Event::Kind kind, NodeId peer) const {
  return static_cast<size_t>(std::count_if(events.begin(), events.end(), [&](const Event& event) {
    return event.kind == kind && (!peer || event.peer == peer);
  }));
}

std::vector<Payload> Probe::frames(NodeId from) const {
  std::vector<Payload> result;
  for (const Event& event : events) {
    if (event.kind == Event::Kind::frame && event.peer == from) result.push_back(event.frame);
  }
  return result;
}

void Probe::on_frame(NodeId from, Payload frame) {
  observe({.kind = Event::Kind::frame, .peer = from, .frame = frame, .now = {}, .note = {}});
  inside_ = true;
  if (frame_hook) frame_hook(from, frame);
  inside_ = false;
}

void Probe::on_link(NodeId peer, LinkChange change) {
  const Event::Kind kind = change == LinkChange::outgoing_up     ? Event::Kind::outgoing_up
                           : change == LinkChange::outgoing_down ? Event::Kind::outgoing_down
                                                                 : Event::Kind::incoming_down;
  observe({.kind = kind, .peer = peer, .frame = {}, .now = {}, .note = {}});
}

void Probe::on_wake() {
  observe({.kind = Event::Kind::wake, .peer = {}, .frame = {}, .now = {}, .note = {}});
  inside_ = true;
  if (wake_hook) wake_hook();
  inside_ = false;
}

void Probe::end_turn() {
  observe({});
  inside_ = true;
  for (size_t left = calls_.size(); left > 0; --left) {
    const std::function<void()> call = std::move(calls_.front());
    calls_.pop_front();
    call();
  }
  inside_ = false;
}

Cluster::Cluster(const WorldMaker& maker, int nodes) : fixture_(maker(nodes)) {
  for (int node = 1; node <= nodes; ++node) start(static_cast<uint64_t>(node));
}

void Cluster::start(uint64_t node) {
  fixture_->start(NodeId(node), [&](world::World& world) {
    auto probe = std::make_unique<Probe>(world);
    probes_[node] = probe.get();
    return probe;
  });
}

void Cluster::kill(uint64_t node) {
  probes_.erase(node);
  fixture_->kill(NodeId(node));
}

void Cluster::in_turn(uint64_t node, std::function<void()> call) {
  auto ran = std::make_shared<bool>(false);
  probe(node).later([call = std::move(call), ran] {
    call();
    *ran = true;
  });
  EXPECT_TRUE(until([&] { return *ran; }));
}

bool Cluster::until(const std::function<bool()>& condition) {
  const bool held = fixture_->run_until(condition, seconds(10));
  EXPECT_TRUE(held) << "waited for too long";
  return held;
}

void Cluster::connect_all() {
  until([&] {
    for (const auto& [node, probe] : probes_) {
      for (const auto& [peer, other] : probes_) {
        if (peer != node && !probe->world.network().connected(NodeId(peer))) return false;
      }
    }
    return true;
  });
}

}  // namespace coterie::conformance
