// See conductor.h.
#include "coterie/torture/conductor.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace coterie::torture {

namespace {

constexpr Duration ask_patience = milliseconds(500);
constexpr Duration aim_patience = milliseconds(200);  // of each node that is asked who leads
constexpr Duration whole_patience = seconds(60);      // before a wipe
constexpr Duration whole_interval = milliseconds(100);
constexpr Duration reset_interval = milliseconds(250);
// A sync that has failed may still be on its way when the disk is well again.
constexpr Duration stop_patience = seconds(5);

bool is_member(const client::NodeView& view) {
  return view.role == "leader" || view.role == "follower";
}

}  // namespace

Conductor::Conductor(Cluster& cluster, std::vector<ScheduledFault> schedule, uint64_t seed,
                     std::function<void(const std::string&)> note)
    : cluster_(cluster), schedule_(std::move(schedule)), random_(seed), note_(std::move(note)) {}

Result<void> Conductor::turn(Instant now) {
  if (begun_ == Instant::never()) begun_ = last_turn_ = now;
  COTERIE_CHECK(watch(now));
  for (auto one = active_.begin(); one != active_.end();) {
    if (one->end > now) {
      ++one;
      continue;
    }
    const Active over = *one;
    one = active_.erase(one);
    COTERIE_CHECK(end(over));
  }
  while (next_ < schedule_.size() && begun_ + schedule_[next_].start <= now) {
    const ScheduledFault& fault = schedule_[next_];
    if (!ready_for(fault, now)) {
      if (now - waits_since_ > whole_patience) {
        const Result<void> state = whole();
        return fail(
            Fault::timed_out,
            fmt::format("the cluster has not become whole in {:.0f} s: {}",
                        whole_patience.seconds(), state ? "now it is" : state.error().message));
      }
      // The schedule's clock stands still.
      begun_ = begun_ + (now - last_turn_);
      break;
    }
    waits_since_ = Instant::never();
    ++next_;
    COTERIE_CHECK(begin(fault, now));
  }
  if (now >= next_reset_) {
    for (const Active& one : active_) {
      if (one.fault.kind == FaultKind::reset) reset_links(one.fault.nodes);
    }
    next_reset_ = now + reset_interval;
  }
  last_turn_ = now;
  return {};
}

// A wipe takes a copy away: only while all are whole, so that a majority keeps the data.
bool Conductor::ready_for(const ScheduledFault& fault, Instant now) {
  if (fault.kind != FaultKind::wipe) return true;
  if (waits_since_ == Instant::never()) waits_since_ = now;
  return active_.empty() && whole().has_value();
}

Instant Conductor::next_turn(Instant now) const {
  Instant next = now + milliseconds(200);  // a node may end at any time
  if (waits_since_ != Instant::never()) next = std::min(next, now + whole_interval);
  for (const Active& one : active_) {
    next = std::min(next, one.end);
    if (one.fault.kind == FaultKind::reset) next = std::min(next, next_reset_);
  }
  if (next_ < schedule_.size() && waits_since_ == Instant::never())
    next = std::min(next, begun_ + schedule_[next_].start);
  return std::max(next, now);
}

// A node whose syncs fail must stop. One whose disk is full must not, unless it is new and cannot
// even write down which cluster it belongs to.
bool Conductor::expected(const Ending& ending) const {
  return may_stop_.at(ending.node).kind == FaultKind::sync ||
         ending.how.find("founding record cannot be written") != std::string::npos;
}

Result<void> Conductor::watch(Instant now) {
  for (const Ending& ending : cluster_.ended()) {
    const auto may_stop = may_stop_.find(ending.node);
    if (may_stop == may_stop_.end() || may_stop->second.until < now || !expected(ending)) {
      return fail(Fault::refused,
                  fmt::format("node {} has ended by itself: {}", ending.node, ending.how));
    }
    note_(fmt::format("node {} has stopped: {}", ending.node, ending.how));
    // While its fault lasts it stays down; afterwards it is late, and started again.
    if (may_stop->second.until != Instant::never()) COTERIE_CHECK(cluster_.launch(ending.node));
  }
  return {};
}

// Whom a majority names; 0: nobody. Whoever stands still is not asked.
uint64_t Conductor::leader() const {
  std::vector<client::NodeView> views(cluster_.nodes());
  for (uint64_t node = 1; node <= cluster_.nodes(); ++node) {
    const bool still = std::any_of(active_.begin(), active_.end(), [&](const Active& one) {
      return one.fault.kind == FaultKind::pause && one.fault.nodes.contains(node);
    });
    if (still || !cluster_.running(node)) continue;
    if (auto view = cluster_.ask(node, aim_patience)) views[node - 1] = *std::move(view);
  }
  return client::agreed_leader(views).value_or(0);
}

Result<void> Conductor::begin(const ScheduledFault& planned, Instant now) {
  const ScheduledFault fault = struck_at(planned, planned.aimed ? leader() : 0);
  note_(describe(fault));
  active_.push_back({fault, now + fault.length, struck_.size()});
  struck_.push_back({.fault = fault, .start = process::monotonic_now()});
  if (is_of_links(fault.kind)) {
    next_reset_ = now;
    set_links();
    return {};
  }
  for (const uint64_t node : fault.nodes) COTERIE_CHECK(begin_at(fault, node));
  return {};
}

Result<void> Conductor::begin_at(const ScheduledFault& fault, uint64_t node) {
  switch (fault.kind) {
    case FaultKind::kill:
    case FaultKind::kill_all:
      cluster_.kill(node);
      return {};
    case FaultKind::wipe:
      cluster_.kill(node);
      return cluster_.empty_folder(node);
    case FaultKind::pause:
      cluster_.pause(node);
      return {};
    case FaultKind::sync:
      may_stop_[node] = {FaultKind::sync, Instant::never()};
      return cluster_.let_syncs_fail(node, true);
    case FaultKind::full:
      may_stop_[node] = {FaultKind::full, Instant::never()};
      return cluster_.fill_disk(node);
    default:
      return {};
  }
}

Result<void> Conductor::end(const Active& active) {
  const ScheduledFault& fault = active.fault;
  struck_[active.index].end = process::monotonic_now();
  if (is_of_links(fault.kind)) {
    refusing_ = false;
    set_links();
    return {};
  }
  for (const uint64_t node : fault.nodes) COTERIE_CHECK(end_at(fault, node));
  return {};
}

Result<void> Conductor::end_at(const ScheduledFault& fault, uint64_t node) {
  switch (fault.kind) {
    case FaultKind::pause:
      cluster_.resume(node);
      return {};
    case FaultKind::sync:
      COTERIE_CHECK(cluster_.let_syncs_fail(node, false));
      may_stop_[node].until = process::monotonic_now() + stop_patience;
      return cluster_.launch(node);
    case FaultKind::full:
      COTERIE_CHECK(cluster_.free_disk(node));
      may_stop_[node].until = process::monotonic_now() + stop_patience;
      return cluster_.launch(node);
    default:
      return cluster_.launch(node);
  }
}

void Conductor::set_links() {
  for (uint64_t from = 1; from <= cluster_.nodes(); ++from) {
    for (uint64_t to = 1; to <= cluster_.nodes(); ++to) {
      if (from != to) cluster_.set_link(from, to, faults_of(from, to));
    }
  }
}

// Each connection carries what `from` sends; what comes back on it are its acknowledgements.
LinkFaults Conductor::faults_of(uint64_t from, uint64_t to) const {
  LinkFaults faults;
  for (const Active& one : active_) {
    const ScheduledFault& fault = one.fault;
    const bool from_in = fault.nodes.contains(from), to_in = fault.nodes.contains(to);
    const Cut cut = fault.lossy ? Cut::swallowed : Cut::held;
    switch (fault.kind) {
      case FaultKind::cut:
        if (from_in != to_in) faults.forward.cut = faults.backward.cut = cut;
        break;
      case FaultKind::one_way: {
        // The bytes towards the node, or away from it, on whichever connection.
        const bool forward = fault.inward ? to_in : from_in;
        const bool backward = fault.inward ? from_in : to_in;
        if (forward) faults.forward.cut = cut;
        if (backward) faults.backward.cut = cut;
        break;
      }
      case FaultKind::delay:
        if (from_in) faults.forward.delay = faults.forward.jitter = fault.delay;
        if (to_in) faults.backward.delay = faults.backward.jitter = fault.delay;
        break;
      case FaultKind::narrow:
        if (from_in || to_in) {
          faults.forward.bytes_per_second = fault.bytes_per_second;
          faults.backward.bytes_per_second = fault.bytes_per_second;
        }
        break;
      case FaultKind::reset:
        faults.refuse = refusing_ && (from_in || to_in);
        break;
      default:
        break;
    }
  }
  return faults;
}

// Now it refuses, now it lets in, and whatever is there is killed.
void Conductor::reset_links(const std::set<uint64_t>& nodes) {
  refusing_ = random_.chance(0.5);
  set_links();
  for (uint64_t from = 1; from <= cluster_.nodes(); ++from) {
    for (uint64_t to = 1; to <= cluster_.nodes(); ++to) {
      if (from != to && (nodes.contains(from) || nodes.contains(to))) cluster_.kill_link(from, to);
    }
  }
}

Result<void> Conductor::heal() {
  next_ = schedule_.size();
  while (!active_.empty()) {
    const Active over = active_.back();
    active_.pop_back();
    COTERIE_CHECK(end(over));
  }
  return {};
}

Result<void> Conductor::whole() const {
  std::optional<uint64_t> leader;
  for (uint64_t node = 1; node <= cluster_.nodes(); ++node) {
    const auto not_whole = [&](const std::string& why) {
      return fail(Fault::timed_out, fmt::format("node {}: {}", node, why));
    };
    if (!cluster_.running(node)) return not_whole("is not running");
    const Result<client::NodeView> view = cluster_.ask(node, ask_patience);
    if (!view) return not_whole(view.error().message);
    if (!view->ready) return not_whole(view->not_ready_reason);
    if (!is_member(*view)) return not_whole("it is a " + view->role);
    const auto voters = std::count_if(view->members.begin(), view->members.end(),
                                      [](const client::NodeView& one) { return one.voter; });
    if (static_cast<uint64_t>(voters) != cluster_.nodes())
      return not_whole(fmt::format("knows {} voters", voters));
    if (!view->leader || (leader && leader != view->leader))
      return not_whole("knows no leader, or another than the others");
    leader = view->leader;
  }
  return {};
}

std::string Conductor::testimony() const {
  std::string text;
  for (uint64_t node = 1; node <= cluster_.nodes(); ++node) {
    text += fmt::format("  node {}: ", node);
    if (!cluster_.running(node)) {
      text += "is not running\n";
      continue;
    }
    const Result<client::NodeView> view = cluster_.ask(node, ask_patience);
    if (!view) {
      text += fmt::format("COTERIE STATUS is not answered: {}\n", view.error().message);
      continue;
    }
    text += fmt::format("{}, leader {}, term {}, commit {}, applied {}, last {}, {}\n", view->role,
                        view->leader ? std::to_string(*view->leader) : "none", view->term,
                        view->commit, view->applied, view->last,
                        view->ready ? "ready" : "not ready: " + view->not_ready_reason);
  }
  return text;
}

}  // namespace coterie::torture
