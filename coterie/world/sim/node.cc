// See node.h. The life of a node is here, its turns are in node_turn.cc.
#include "coterie/world/sim/node.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

using world::LinkChange;

SimNode::SimNode(Kernel& kernel, uint32_t subject, NodeId id, Factory factory,
                 const SimOptions& options, std::function<void(LogLine)> log_sink)
    : kernel_(kernel),
      subject_(subject),
      id_(id),
      factory_(std::move(factory)),
      turn_options_(options.turn),
      log_sink_(std::move(log_sink)),
      turn_random_(mix_seed(mix_seed(options.seed, id.value), 1)),
      entropy_random_(mix_seed(mix_seed(options.seed, id.value), 2)),
      clock_random_(mix_seed(mix_seed(options.seed, id.value), 3)),
      crash_random_(mix_seed(mix_seed(options.seed, id.value), 4)),
      clock_(options.clock, clock_random_),
      disk_(mix_seed(mix_seed(options.seed, id.value), 5), options.disk) {
  disk_.on_submission([this](const Submission& submission) { submitted(submission); });
  set_clock_steps(options.clock.step_mean, options.clock.step_max);
}

// Its destructor may still call the world.
SimNode::~SimNode() { tenant_.reset(); }

void SimNode::add_link(NodeId peer, Link& outgoing, Link& incoming) {
  if (peers_.size() <= peer.value) peers_.resize(peer.value + 1);
  peers_[peer.value] = {&outgoing, &incoming, 0};
}

const SimNode::Peer* SimNode::find(NodeId peer) const {
  if (peer.value >= peers_.size() || peers_[peer.value].outgoing == nullptr) return nullptr;
  return &peers_[peer.value];
}

void SimNode::start() {
  COTERIE_ASSERT(!running());
  incarnation_ += 1;
  stop_reason_.reset();
  busy_until_ = device_free_at_ = kernel_.now();
  kernel_.touch(id_);
  kernel_.trace(TraceKind::started, id_);
  // What the tenant asks for while it is being made is carried out when it has been.
  in_turn_ = true;
  tenant_ = factory_(*this);
  in_turn_ = false;
  COTERIE_ASSERT(tenant_ != nullptr);
  carry_out(kernel_.now());
  if (doomed_) return crash(*std::exchange(doomed_, std::nullopt), doomed_why_);
  for (const Peer& peer : peers_) {
    if (peer.outgoing == nullptr) continue;
    peer.outgoing->sender_started();
    peer.incoming->receiver_started();
  }
  if (turn_wanted_) schedule_turn();
  arm();
}

void SimNode::crash(const CrashOptions& options, std::string_view why) {
  if (!running() && !in_turn_) return;
  if (in_turn_) {
    if (doomed_) return;  // the first reason counts
    doomed_ = options;
    doomed_why_ = why;
    return;
  }
  end_life(options, why);
}

void SimNode::end_life(const CrashOptions& options, std::string_view why) {
  kernel_.touch(id_);
  kernel_.trace(TraceKind::crashed, id_, {}, 0, 0, why);
  tenant_.reset();
  for (Peer& peer : peers_) {
    peer.outbox_bytes = 0;
    if (peer.outgoing == nullptr) continue;
    peer.outgoing->sender_crashed(options.kind);
    peer.incoming->receiver_crashed(options.kind);
  }
  Random of_this_crash(options.seed);
  disk_.crash(options.seed == 0 ? crash_random_ : of_this_crash, options);
  arrivals_.clear();
  completions_.clear();
  outbox_.clear();
  submitted_.clear();
  doomed_.reset();
  paused_ = false;
  turn_scheduled_ = false;
  turn_wanted_ = false;
  wake_at_ = armed_at_ = Instant::never();
}

void SimNode::wipe() {
  COTERIE_ASSERT(!in_turn_);
  if (running()) end_life({}, "wiped");
  disk_.wipe();
  kernel_.trace(TraceKind::wiped, id_);
}

void SimNode::pause() {
  if (!running() || paused_) return;
  paused_ = true;
  kernel_.trace(TraceKind::paused, id_);
}

void SimNode::unpause() {
  if (!paused_) return;
  paused_ = false;
  kernel_.trace(TraceKind::resumed, id_);
  schedule_turn();
}

bool SimNode::poke(std::function<void()> call) {
  if (!running()) return false;
  if (call) {
    Item& item = arrivals_.emplace_back();
    item.kind = Item::Kind::poke;
    item.call = std::move(call);
  }
  turn_wanted_ = true;
  schedule_turn();
  return true;
}

void SimNode::link_changed(NodeId peer, LinkChange change) {
  const TraceKind kind = change == LinkChange::outgoing_up     ? TraceKind::outgoing_up
                         : change == LinkChange::outgoing_down ? TraceKind::outgoing_down
                                                               : TraceKind::incoming_down;
  kernel_.trace(kind, id_, peer);
  if (!running()) return;
  Item& item = arrivals_.emplace_back();
  item.kind = Item::Kind::change;
  item.change = change;
  item.peer = peer;
  schedule_turn();
}

void SimNode::frame_arrived(Link& link, uint64_t epoch, uint64_t number, Payload frame) {
  if (!running()) return;
  Item& item = arrivals_.emplace_back();
  item.kind = Item::Kind::frame;
  item.peer = link.from();
  item.link = &link;
  item.epoch = epoch;
  item.number = number;
  item.frame = std::move(frame);
  schedule_turn();
}

void SimNode::submitted(const Submission& submission) {
  if (kernel_.traced()) {
    std::string text = disk_operation_name(submission.operation);
    text.append(" ").append(submission.name);
    if (submission.operation == DiskOperation::write && submission.durable) text += " synced";
    kernel_.trace(TraceKind::disk_submitted, id_, {}, submission.number + 1, submission.size_bytes,
                  text);
  }
  if (submission.parts != nullptr) {
    for (const Payload& part : *submission.parts) kernel_.fold(hash_of(part.view()));
  }
  submitted_.push_back({submission.number, disk_.draw_delay(submission), submission.durable});
  if (!in_turn_) carry_out(kernel_.now());
}

void SimNode::on_disk_due(uint64_t number) {
  if (!disk_.awaits(number)) return;
  executed_.clear();
  disk_.due(number, executed_);
  for (uint64_t done : executed_) executed(done);
}

void SimNode::resume_disk() {
  executed_.clear();
  disk_.resume(executed_);
  for (uint64_t done : executed_) executed(done);
}

void SimNode::executed(uint64_t number) {
  const Error* error = disk_.outcome(number);
  kernel_.trace(TraceKind::disk_done, id_, {}, number + 1, 0,
                error == nullptr ? std::string_view{} : std::string_view{error->message});
  completions_.push_back(number);
  schedule_turn();
}

void SimNode::step_wall_clock(Duration by) {
  clock_.step_wall(by);
  kernel_.trace(TraceKind::clock_stepped, id_, {}, static_cast<uint64_t>(by.ns));
}

void SimNode::set_drift(int64_t ppm) {
  clock_.set_drift(ppm, kernel_.now());
  armed_at_ = Instant::never();
  arm();
}

void SimNode::set_clock_steps(Duration mean, Duration most) {
  clock_options_.step_mean = mean;
  clock_options_.step_max = most;
  clock_chain_ += 1;
  if (mean.ns <= 0) return;
  const Duration next = Delay::exponential(nanoseconds(1), mean).sample(clock_random_);
  kernel_.schedule(kernel_.now() + next, EventKind::clock, subject_, clock_chain_);
}

void SimNode::on_clock(uint64_t chain) {
  if (chain != clock_chain_) return;
  const int64_t most = clock_options_.step_max.ns;
  step_wall_clock({clock_random_.between(-most, most)});
  set_clock_steps(clock_options_.step_mean, clock_options_.step_max);
}

}  // namespace coterie::sim
