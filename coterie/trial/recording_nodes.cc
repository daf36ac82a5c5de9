// What a recording sees of the nodes themselves: their lives, their standing, their clocks, their
// logs. See recording.h.
#include <utility>

#include <fmt/format.h>

#include "coterie/trial/recording.h"
#include "coterie/trial/served_node.h"

namespace coterie::trial {

using picture::Condition;
using picture::Mark;
using picture::Standing;
using sim::TraceEvent;
using sim::TraceKind;

namespace {
// A clock is read that often while it does nothing remarkable: enough for a straight line.
constexpr int64_t clock_interval_ns = 1'000'000'000;

uint32_t short_id(NodeId node) { return static_cast<uint32_t>(node.value); }

template <class T>
void push_bounded(std::deque<T>& kept, T value, size_t most, uint64_t& dropped) {
  kept.push_back(std::move(value));
  if (kept.size() <= most) return;
  kept.pop_front();
  ++dropped;
}

Standing::Role drawn_role(raft::Role role) {
  switch (role) {
    case raft::Role::follower:
      return Standing::Role::follower;
    case raft::Role::pre_candidate:
    case raft::Role::candidate:
      return Standing::Role::candidate;
    case raft::Role::leader:
      return Standing::Role::leader;
  }
  return Standing::Role::other;
}

}  // namespace

Recording::Recording(sim::Simulation& simulation, RecordingOptions options)
    : simulation_(simulation), options_(std::move(options)) {
  now_ns_ = simulation_.now().ns;
  for (NodeId node : simulation_.nodes()) {
    Seen& seen = nodes_[node];
    seen.running = simulation_.running(node);
    read_clock(node, seen, false);
    look_at(node);
  }
  simulation_.on_trace([this](const TraceEvent& event) { observe(event); });
}

Recording::~Recording() { simulation_.on_trace({}); }

void Recording::note(NodeId node, std::string text) {
  now_ns_ = simulation_.now().ns;
  mark(node, Mark::Kind::note, std::move(text));
}

void Recording::mark(NodeId node, Mark::Kind kind, std::string text) {
  push_bounded(marks_, Mark{short_id(node), kind, now_ns_, std::move(text)}, options_.changes_max,
               changes_dropped_);
}

void Recording::observe_life(const TraceEvent& event) {
  Seen& seen = nodes_[event.node];
  const auto close = [&](std::optional<Condition>& condition) {
    if (!condition) return;
    condition->span.end_ns = now_ns_;
    push_bounded(conditions_, *std::exchange(condition, std::nullopt), options_.changes_max,
                 changes_dropped_);
  };
  switch (event.kind) {
    case TraceKind::started:
      seen.running = true;
      close(seen.down);
      return mark(event.node, Mark::Kind::started, "started");
    case TraceKind::crashed:
      close(seen.paused);
      return crashed(event.node, std::string(event.text));
    case TraceKind::wiped:
      return mark(event.node, Mark::Kind::wiped, "its disk was wiped");
    case TraceKind::paused:
      seen.paused = Condition{short_id(event.node), Condition::Kind::paused, {now_ns_, 0}, {}};
      return;
    case TraceKind::resumed:
      return close(seen.paused);
    case TraceKind::turn:
      return look_at(event.node);
    case TraceKind::clock_stepped:
      read_clock(event.node, seen, true);
      return mark(event.node, Mark::Kind::clock_stepped,
                  fmt::format("its wall clock stepped by {:+.3f} s",
                              static_cast<double>(static_cast<int64_t>(event.number)) / 1e9));
    default:
      return;  // the log is taken at the end; what a node hears of its links is not drawn
  }
}

void Recording::crashed(NodeId node, std::string why) {
  Seen& seen = nodes_[node];
  seen.running = false;
  seen.commit = {};
  close_standing(seen);
  mark(node, Mark::Kind::crashed, why);
  seen.down = Condition{short_id(node), Condition::Kind::down, {now_ns_, 0}, std::move(why)};
  for (auto& [number, work] : seen.disk) {
    work.fate = picture::DiskWork::Fate::lost;
    work.ended_ns = now_ns_;
    work.text += ": not done when the node crashed";
    keep(std::move(work));
  }
  seen.disk.clear();
  for (auto& [number, sent] : sent_) {
    if (sent.message.to == short_id(node) && !sent.receiver_crashed_ns)
      sent.receiver_crashed_ns = now_ns_;
  }
}

void Recording::close_standing(Seen& seen) {
  if (!seen.standing) return;
  seen.standing->span.end_ns = now_ns_;
  push_bounded(standings_, *std::exchange(seen.standing, std::nullopt), options_.changes_max,
               changes_dropped_);
}

std::optional<Posture> Recording::posture_of(NodeId node) const {
  if (options_.posture) return options_.posture(node);
  const auto* served = dynamic_cast<const ServedNode*>(simulation_.tenant(node));
  if (served == nullptr || served->node() == nullptr) return std::nullopt;
  const node::Replica* replica = served->node()->replica();
  if (replica == nullptr) return Posture{{}, {}, {}, {}, "in no cluster"};
  const raft::Raft& raft = replica->raft();
  Posture posture{drawn_role(raft.role()), raft.term(), raft.leader(), raft.commit(), {}};
  if (raft.role() == raft::Role::pre_candidate) posture.text = "pre-candidate";
  return posture;
}

// After a turn: has it become something else, does it know of more that is committed?
void Recording::look_at(NodeId node) {
  Seen& seen = nodes_[node];
  if (!simulation_.running(node)) return;
  const int64_t drift = simulation_.node(node).clock().drift_ppm();
  if (!seen.clock_ns || drift != seen.drift_ppm || now_ns_ >= *seen.clock_ns + clock_interval_ns)
    read_clock(node, seen, false);
  const std::optional<Posture> posture = posture_of(node);
  if (!posture) return close_standing(seen);
  Standing standing{
      short_id(node), {now_ns_, 0}, posture->role, posture->term.value, short_id(posture->leader),
      posture->text};
  const auto same = [&](const Standing& open) {
    return open.role == standing.role && open.term == standing.term &&
           open.leader == standing.leader && open.text == standing.text;
  };
  if (!seen.standing || !same(*seen.standing)) {
    close_standing(seen);
    seen.standing = std::move(standing);
  }
  if (posture->commit == seen.commit) return;
  seen.commit = posture->commit;
  push_bounded(commits_, picture::Commit{short_id(node), now_ns_, posture->commit.value},
               options_.changes_max, changes_dropped_);
}

void Recording::read_clock(NodeId node, Seen& seen, bool step) {
  const sim::SimNode& machine = simulation_.node(node);
  const Instant now{now_ns_};
  const int64_t right_ms = simulation_.options().clock.start.ms + now.ms_floor();
  const int64_t offset_ns = (machine.clock().at(now).wall.ms - right_ms) * 1'000'000;
  seen.clock_ns = now_ns_;
  seen.drift_ppm = machine.clock().drift_ppm();
  push_bounded(clocks_, picture::ClockReading{short_id(node), now_ns_, offset_ns, step},
               options_.changes_max, changes_dropped_);
}

void Recording::add_log(picture::Run& run) const {
  for (const sim::LogLine& line : simulation_.log_lines()) {
    if (!wanted(line.when.ns)) continue;
    const bool warns = line.level >= world::LogLevel::warning;
    run.marks.push_back({short_id(line.node), warns ? Mark::Kind::warning : Mark::Kind::logged,
                         line.when.ns, line.text});
  }
  const size_t kept = simulation_.log_lines().size();
  const uint64_t logged = simulation_.count(TraceKind::logged);
  if (logged > kept) run.omissions.push_back({"older lines of the nodes' logs", logged - kept});
}

}  // namespace coterie::trial
