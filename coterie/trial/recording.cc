// See recording.h. What is drawn of nodes' own standing is in recording_nodes.cc.
#include "coterie/trial/recording.h"

#include <utility>

#include <fmt/format.h>

#include "coterie/trial/frame_summary.h"

namespace coterie::trial {

using picture::Message;
using sim::TraceEvent;
using sim::TraceKind;

namespace {
// Of messages whose fate is not known yet: older ones are given up.
constexpr size_t sent_max = 100'000;
// Remembered of a node's submissions that are not done.
constexpr size_t submissions_max = 10'000;

template <class T>
void push_bounded(std::deque<T>& kept, T&& value, size_t most, uint64_t& dropped) {
  kept.push_back(std::forward<T>(value));
  if (kept.size() <= most) return;
  kept.pop_front();
  ++dropped;
}

template <class T>
std::vector<T> taken(std::deque<T>& kept) {
  std::vector<T> all(std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  kept.clear();
  return all;
}

uint32_t short_id(NodeId node) { return static_cast<uint32_t>(node.value); }
}  // namespace

bool Recording::wanted(int64_t at_ns) const {
  return at_ns >= options_.from.ns && at_ns <= options_.to.ns;
}

void Recording::observe(const TraceEvent& event) {
  now_ns_ = event.when.ns;
  switch (event.kind) {
    case TraceKind::frame_sent:
      return sent(event);
    case TraceKind::frame_duplicated:
      if (auto found = sent_.find(event.number); found != sent_.end()) found->second.copies += 1;
      return;
    case TraceKind::frame_lost:
      return settle(event,
                    event.text == "lost on the way" ? Message::Fate::lost : Message::Fate::cut);
    case TraceKind::frame_delivered:
      return settle(event, Message::Fate::delivered);
    case TraceKind::link_blocked:
    case TraceKind::link_unblocked:
      return observe_link(event);
    case TraceKind::disk_submitted:
    case TraceKind::disk_done:
      return observe_disk(event);
    default:
      return observe_life(event);
  }
}

void Recording::sent(const TraceEvent& event) {
  if (!wanted(now_ns_)) return;
  Sent sent;
  if (event.parts != nullptr) {
    FrameSummary summary = summarize_frame(*event.parts);
    sent.message.kind = std::move(summary.kind);
    sent.message.text = std::move(summary.text);
    sent.message.routine = summary.routine;
  }
  sent.message.number = event.number;
  sent.message.from = short_id(event.node);
  sent.message.to = short_id(event.peer);
  sent.message.sent_ns = now_ns_;
  sent.message.fate = Message::Fate::under_way;
  sent.message.size_bytes = event.size_bytes;
  sent_.emplace(event.number, std::move(sent));
  if (sent_.size() <= sent_max) return;
  give_up(std::move(sent_.begin()->second));
  sent_.erase(sent_.begin());
}

void Recording::settle(const TraceEvent& event, Message::Fate fate) {
  const auto found = sent_.find(event.number);
  if (found == sent_.end()) return;
  Sent& sent = found->second;
  Message message = sent.message;
  message.fate = fate;
  message.ended_ns = now_ns_;
  message.copy = sent.settled;
  message.why = event.text;
  sent.settled = true;
  sent.copies -= 1;
  if (sent.copies == 0) sent_.erase(found);
  keep(std::move(message));
}

// A frame of which nothing more was heard. Those that wait at a node to be taken end with it, and
// no trace tells so.
void Recording::give_up(Sent&& sent) {
  for (; sent.copies > 0; --sent.copies) {
    Message message = sent.message;
    message.copy = sent.settled;
    sent.settled = true;
    if (sent.receiver_crashed_ns) {
      message.fate = Message::Fate::cut;
      message.ended_ns = *sent.receiver_crashed_ns;
      message.why = "its receiver crashed before it took it";
    }
    keep(std::move(message));
  }
}

void Recording::keep(Message&& message) {
  push_bounded(messages_, std::move(message), options_.messages_max, messages_dropped_);
}

void Recording::keep(picture::DiskWork&& work) {
  push_bounded(disk_, std::move(work), options_.disk_max, disk_dropped_);
}

void Recording::observe_disk(const TraceEvent& event) {
  auto& submitted = nodes_[event.node].disk;
  if (event.kind == TraceKind::disk_submitted) {
    if (!wanted(now_ns_)) return;
    picture::DiskWork work;
    work.node = short_id(event.node);
    work.submitted_ns = now_ns_;
    work.fate = picture::DiskWork::Fate::pending;
    work.text = event.text;
    if (event.size_bytes > 0) work.text += fmt::format(", {} bytes", event.size_bytes);
    // Reads and plain writes promise nothing; all else is durable when done.
    work.durable = event.text.ends_with(" synced") || event.text.starts_with("sync ") ||
                   event.text.starts_with("create ") || event.text.starts_with("rename ");
    submitted[event.number] = std::move(work);
    if (submitted.size() <= submissions_max) return;
    keep(std::move(submitted.begin()->second));
    submitted.erase(submitted.begin());
    return;
  }
  const auto found = submitted.find(event.number);
  if (found == submitted.end()) return;
  picture::DiskWork work = std::move(found->second);
  submitted.erase(found);
  work.ended_ns = now_ns_;
  // A node removes what may be there: that it was not is no failure.
  const bool failed = !event.text.empty() && !work.text.starts_with("remove ");
  work.fate = failed ? picture::DiskWork::Fate::failed : picture::DiskWork::Fate::done;
  if (!event.text.empty()) work.text += fmt::format(": {}", event.text);
  keep(std::move(work));
}

void Recording::observe_link(const TraceEvent& event) {
  const std::pair link{event.node, event.peer};
  if (event.kind == TraceKind::link_blocked) {
    blocked_since_.emplace(link, now_ns_);
    return;
  }
  const auto found = blocked_since_.find(link);
  if (found == blocked_since_.end()) return;
  push_bounded(
      blocked_,
      picture::Blocked{short_id(event.node), short_id(event.peer), {found->second, now_ns_}},
      options_.changes_max, changes_dropped_);
  blocked_since_.erase(found);
}

// What is open ends with the run.
void Recording::close_all() {
  for (auto& [number, sent] : sent_) give_up(std::move(sent));
  sent_.clear();
  for (const auto& [link, since] : blocked_since_) {
    blocked_.push_back({short_id(link.first), short_id(link.second), {since, now_ns_}});
  }
  blocked_since_.clear();
  for (auto& [node, seen] : nodes_) {
    close_standing(seen);
    if (seen.running) read_clock(node, seen, false);
    for (auto* condition : {&seen.down, &seen.paused}) {
      if (!*condition) continue;
      (*condition)->span.end_ns = now_ns_;
      conditions_.push_back(*std::exchange(*condition, std::nullopt));
    }
    for (auto& [number, work] : seen.disk) keep(std::move(work));
    seen.disk.clear();
  }
}

picture::Run Recording::finish(std::vector<picture::ClientOperation> operations,
                               picture::Verdict verdict) {
  now_ns_ = simulation_.now().ns;
  close_all();
  picture::Run run;
  run.span = {std::max<int64_t>(0, options_.from.ns), std::min(now_ns_, options_.to.ns)};
  run.verdict = std::move(verdict);
  for (NodeId node : simulation_.nodes()) run.nodes.push_back({short_id(node), {}});
  run.operations = std::move(operations);
  run.messages = taken(messages_);
  run.conditions = taken(conditions_);
  run.marks = taken(marks_);
  run.blocked = taken(blocked_);
  run.disk = taken(disk_);
  run.clocks = taken(clocks_);
  run.standings = taken(standings_);
  run.commits = taken(commits_);
  add_log(run);
  add_omissions(run);
  return run;
}

void Recording::add_omissions(picture::Run& run) const {
  const auto add = [&](const char* what, uint64_t count) {
    if (count > 0) run.omissions.push_back({what, count});
  };
  add("older messages, beyond what a recording keeps", messages_dropped_);
  add("older disk operations, beyond what a recording keeps", disk_dropped_);
  add("older events of nodes, links and clocks, beyond what a recording keeps", changes_dropped_);
}

}  // namespace coterie::trial
