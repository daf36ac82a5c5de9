// The heart of the simulation: virtual time and the heap of what is to happen. Events are small
// values; what they carry lies with whom they concern. At one instant they happen in the order in
// which they were scheduled, so a run is a function of its seed. Every event is folded into a
// digest: two runs with the same digest were the same run.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/digest.h"
#include "coterie/base/time.h"
#include "coterie/world/sim/trace.h"

namespace coterie::sim {

enum class EventKind : uint32_t {
  action,      // argument: the slot of a callback
  turn,        // subject: node, argument: its incarnation
  wake,        // subject: node, argument: the number of the alarm
  disk_due,    // subject: node, argument: the number of the submission
  clock,       // subject: node: its wall clock steps
  arrival,     // subject: link, argument: the slot of a flight
  departure,   // subject: link: frames that waited may go
  link_timer,  // subject: link, argument: kind and number of the timer
};

struct Event {
  Instant when;
  uint64_t sequence = 0;
  uint64_t argument = 0;
  uint32_t subject = 0;
  EventKind kind = EventKind::action;
};

class Kernel {
 public:
  Instant now() const { return now_; }
  uint64_t events() const { return events_; }
  uint64_t digest() const { return digest_.value(); }
  bool idle() const { return heap_.empty(); }
  Instant next_at() const { return heap_.empty() ? Instant::never() : heap_.front().when; }

  // REQUIRES: when >= now().
  void schedule(Instant when, EventKind kind, uint32_t subject, uint64_t argument);
  void schedule_action(Instant when, std::function<void()> action);
  // Takes the next event and moves time to it. REQUIRES: !idle().
  Event take();
  // The callback of an `action`; its slot is free again.
  std::function<void()> take_action(uint64_t slot);
  // Time goes on without an event. REQUIRES: nothing is to happen before `when`, and when >= now().
  void advance(Instant when);

  // Something that must be the same in every run of a seed, besides the events themselves.
  void fold(uint64_t value) { digest_.add(value); }

  bool traced() const { return static_cast<bool>(hook_); }
  void trace(TraceKind kind, NodeId node, NodeId peer = {}, uint64_t number = 0,
             uint64_t size_bytes = 0, std::string_view text = {},
             const std::vector<Payload>* parts = nullptr) {
    counts_[static_cast<size_t>(kind)] += 1;
    if (hook_) hook_({now_, kind, node, peer, number, size_bytes, text, parts});
  }
  // How often this has happened, watched or not.
  uint64_t count(TraceKind kind) const { return counts_[static_cast<size_t>(kind)]; }
  void on_trace(std::function<void(const TraceEvent&)> hook) { hook_ = std::move(hook); }
  uint64_t next_frame_number() { return ++frames_; }
  // A second ear, for frames alone: they are given to a link, whether they arrive or not.
  void on_frame(std::function<void(NodeId, const std::vector<Payload>&)> hook) {
    frame_hook_ = std::move(hook);
  }
  void frame_sent(NodeId from, const std::vector<Payload>& parts) const {
    if (frame_hook_) frame_hook_(from, parts);
  }

  // The nodes whose tenants have run, begun or ended since the last forget_touched().
  void touch(NodeId node) { touched_.push_back(node); }
  void forget_touched() { touched_.clear(); }
  const std::vector<NodeId>& touched() const { return touched_; }

 private:
  Instant now_;
  uint64_t events_ = 0;
  uint64_t sequence_ = 0;
  uint64_t frames_ = 0;
  Digest digest_;
  std::array<uint64_t, trace_kinds> counts_{};
  std::vector<Event> heap_;
  std::vector<NodeId> touched_;
  std::vector<std::function<void()>> actions_;
  std::vector<uint32_t> free_actions_;
  std::function<void(const TraceEvent&)> hook_;
  std::function<void(NodeId, const std::vector<Payload>&)> frame_hook_;
};

}  // namespace coterie::sim
