// The turns of a simulated node, and what its tenant asks of the world. See node.h.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/digest.h"
#include "coterie/base/reached.h"
#include "coterie/world/sim/node.h"

namespace coterie::sim {

Duration SimNode::stretched(Duration duration) const {
  if (slowness_ == 1) return duration;
  return {static_cast<int64_t>(static_cast<double>(duration.ns) * slowness_)};
}

void SimNode::schedule_turn() {
  if (turn_scheduled_ || paused_ || in_turn_ || !running()) return;
  turn_scheduled_ = true;
  const Duration quantum = stretched(turn_options_.quantum.sample(turn_random_));
  kernel_.schedule(std::max(kernel_.now() + quantum, busy_until_), EventKind::turn, subject_,
                   incarnation_);
}

// An alarm that is set too early looks again; one that is replaced is ignored.
void SimNode::arm() {
  if (wake_at_ == Instant::never()) return;
  const Instant when = clock_.when(wake_at_, kernel_.now());
  if (when >= armed_at_) return;
  armed_at_ = when;
  kernel_.schedule(when, EventKind::wake, subject_, ++alarm_);
}

void SimNode::on_alarm(uint64_t alarm) {
  if (alarm != alarm_) return;
  armed_at_ = Instant::never();
  if (wake_at_ <= clock_.monotonic(kernel_.now())) {
    schedule_turn();
  } else {
    arm();
  }
}

void SimNode::take(Item& item) {
  items_taken_ += 1;
  switch (item.kind) {
    case Item::Kind::frame: {
      const uint64_t size_bytes = item.frame.size();
      bytes_moved_ += size_bytes;
      kernel_.trace(TraceKind::frame_delivered, id_, item.peer, item.number, size_bytes);
      item.link->consumed(item.epoch, size_bytes);
      tenant_->on_frame(item.peer, std::move(item.frame));
      return;
    }
    case Item::Kind::change:
      tenant_->on_link(item.peer, item.change);
      return;
    case Item::Kind::poke:
      item.call();
      return;
  }
}

void SimNode::take_arrivals() {
  // What is poked in from within a poke waits for the next turn.
  const size_t most = std::min<size_t>(arrivals_.size(), turn_options_.items_max);
  for (size_t i = 0; i < most && bytes_moved_ < turn_options_.bytes_max; ++i) {
    Item item = std::move(arrivals_.front());
    arrivals_.pop_front();
    take(item);
  }
}

void SimNode::take_completions() {
  const size_t most = std::min<size_t>(completions_.size(), turn_options_.items_max);
  for (size_t i = 0; i < most; ++i) {
    const uint64_t number = completions_.front();
    completions_.pop_front();
    items_taken_ += 1;
    disk_.deliver(number);
  }
}

void SimNode::on_turn(uint64_t incarnation) {
  if (incarnation != incarnation_ || !turn_scheduled_) return;
  turn_scheduled_ = false;
  if (paused_ || !running()) return;
  if (doomed_) return end_life(CrashOptions(*doomed_), std::string(doomed_why_));
  turns_ += 1;
  kernel_.touch(id_);
  disk_.forbid_recovery();
  in_turn_ = true;
  turn_wanted_ = false;
  items_taken_ = 0;
  bytes_moved_ = 0;
  take_arrivals();
  take_completions();
  if (wake_at_ <= now().monotonic) {
    wake_at_ = Instant::never();
    tenant_->on_wake();
  }
  tenant_->end_turn();
  in_turn_ = false;
  kernel_.trace(TraceKind::turn, id_, {}, items_taken_);
  for (const Outgoing& out : outbox_) {
    for (const Payload& part : out.parts) bytes_moved_ += part.size();
  }
  const Duration cost = turn_options_.cost + turn_options_.cost_per_item * items_taken_ +
                        turn_options_.cost_per_kib * static_cast<int64_t>(bytes_moved_ / 1024);
  busy_until_ = kernel_.now() + stretched(cost);
  carry_out(busy_until_);
  if (doomed_) return end_life(CrashOptions(*doomed_), std::string(doomed_why_));
  if (turn_wanted_ || !arrivals_.empty() || !completions_.empty()) schedule_turn();
  arm();
}

// First the frames are sent, then the disk works.
void SimNode::carry_out(Instant at) {
  for (Outgoing& out : outbox_) {
    Peer& peer = peers_[out.to.value];
    peer.outbox_bytes = 0;
    peer.outgoing->send(at, std::move(out.parts));
  }
  outbox_.clear();
  for (const Submitted& one : submitted_) {
    const Duration delay = stretched(one.delay);
    Instant due = at + delay;
    if (one.durable) due = device_free_at_ = std::max(at, device_free_at_) + delay;
    kernel_.schedule(due, EventKind::disk_due, subject_, one.number);
  }
  submitted_.clear();
}

void SimNode::wake_at(Instant when) {
  wake_at_ = when;
  if (!in_turn_) arm();
}

void SimNode::want_turn() {
  turn_wanted_ = true;
  schedule_turn();
}

void SimNode::log(world::LogLevel level, std::string_view line) {
  kernel_.trace(TraceKind::logged, id_, {}, 0, 0, line);
  kernel_.fold(hash_of(line));
  log_sink_({kernel_.now(), id_, level, std::string(line)});
}

void SimNode::stop(std::string_view reason) {
  if (doomed_) return;
  COTERIE_REACHED("simulated node stopped by itself");
  stop_reason_ = reason;
  doomed_ = CrashOptions{.kind = CrashKind::process};
  doomed_why_ = reason;
  want_turn();
}

void SimNode::send(NodeId to, std::vector<Payload> parts) {
  if (find(to) == nullptr) return;
  Peer& peer = peers_[to.value];
  uint64_t size_bytes = world::frame_header_bytes;
  for (const Payload& part : parts) size_bytes += part.size();
  COTERIE_ASSERT(size_bytes - world::frame_header_bytes <= world::frame_bytes_max);
  if (!peer.outgoing->connected()) return;
  if (queued_bytes(to) + size_bytes > peer.outgoing->options().queue_bytes_max) {
    COTERIE_REACHED("simulated send queue full");
    return;
  }
  peer.outbox_bytes += size_bytes;
  outbox_.push_back({to, std::move(parts)});
  if (!in_turn_) carry_out(kernel_.now());
}

bool SimNode::connected(NodeId to) const {
  const Peer* peer = find(to);
  return peer != nullptr && peer->outgoing->connected();
}

uint64_t SimNode::queued_bytes(NodeId to) const {
  const Peer* peer = find(to);
  return peer == nullptr ? 0 : peer->outgoing->queued_bytes() + peer->outbox_bytes;
}

}  // namespace coterie::sim
