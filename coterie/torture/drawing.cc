// See drawing.h.
#include "coterie/torture/drawing.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "coterie/base/reached.h"

namespace coterie::torture {

namespace {

using picture::Span;

// Before and behind the violated operations, at most.
constexpr int64_t before_ns = 3'000'000'000, behind_ns = 1'000'000'000;
// The last of the violated operations: those before are context, and may lie far back.
constexpr size_t decisive_max = 4;

int64_t end_of(const proof::Operation& operation) {
  // An outcome that never became known would pull the end of the run in.
  return operation.outcome == proof::Outcome::unknown ? operation.called_ns : operation.returned_ns;
}

bool meets(const Span& window, int64_t start_ns, int64_t end_ns) {
  return start_ns <= window.end_ns && end_ns >= window.start_ns;
}

double seconds_of(int64_t ns) { return static_cast<double>(ns) / 1e9; }

// Times in here are those of the history until the end, where all are moved.
class Drawer {
 public:
  Drawer(const Run& run, const proof::Ruling* ruling, const DrawingOptions& options)
      : run_(run), options_(options) {
    if (ruling) {
      ruling_ = *ruling;
      accused_.insert(ruling->operations.begin(), ruling->operations.end());
    }
    whole_ = {run.begun.ns, run.begun.ns};
    for (const proof::Operation& one : run.history) {
      whole_.start_ns = std::min(whole_.start_ns, one.called_ns);
      whole_.end_ns = std::max({whole_.end_ns, one.called_ns, end_of(one)});
    }
    for (const NodeEvent& event : run.chronicle.events)
      whole_.end_ns = std::max(whole_.end_ns, event.at.ns);
  }

  Drawing draw() {
    window_ = narrow(window());
    const bool all = window_.start_ns == whole_.start_ns && window_.end_ns == whole_.end_ns;
    Drawing drawing{.run = {}, .drawn = all ? "all of it" : part()};
    picture_ = &drawing.run;
    picture_->span = window_;
    picture_->time = "the run";
    add_operations();
    // Those that are violated or under way at its beginning are in it from their calls on, and so
    // is what was done meanwhile.
    for (const picture::ClientOperation& one : picture_->operations) {
      picture_->span.start_ns = std::min(picture_->span.start_ns, one.operation.called_ns);
      picture_->span.end_ns = std::max(picture_->span.end_ns, end_of(one.operation));
    }
    add_verdict();
    add_nodes();
    add_faults();
    move();
    return drawing;
  }

 private:
  Span window() const {
    if (whole_.end_ns - whole_.start_ns <= 2 * options_.length_max.ns) return whole_;
    if (accused_.empty()) return {whole_.end_ns - options_.length_max.ns, whole_.end_ns};
    const Span focus = decisive();
    return {std::max({whole_.start_ns, focus.start_ns - before_ns,
                      focus.end_ns + behind_ns - options_.length_max.ns}),
            std::min(whole_.end_ns, focus.end_ns + behind_ns)};
  }

  // Of the violated operations the last.
  Span decisive() const {
    std::vector<const proof::Operation*> last;
    for (const size_t i : accused_) last.push_back(&run_.history[i]);
    std::stable_sort(last.begin(), last.end(),
                     [](const auto* a, const auto* b) { return a->called_ns < b->called_ns; });
    if (last.size() > decisive_max) last.erase(last.begin(), last.end() - decisive_max);
    Span span{last.front()->called_ns, last.front()->called_ns};
    for (const auto* one : last) span.end_ns = std::max(span.end_ns, end_of(*one));
    return span;
  }

  // No more operations than can be drawn: the beginning goes, whatever is violated comes last.
  Span narrow(const Span& wide) const {
    std::vector<int64_t> ends;
    for (const proof::Operation& one : run_.history) {
      if (meets(wide, one.called_ns, end_of(one))) ends.push_back(end_of(one));
    }
    if (ends.size() <= options_.operations_max) return wide;
    COTERIE_REACHED("more operations than can be drawn");
    const auto first = ends.end() - static_cast<int64_t>(options_.operations_max);
    std::nth_element(ends.begin(), first, ends.end());
    return {std::min(*first + 1, wide.end_ns), wide.end_ns};
  }

  std::string part() const {
    const double length = seconds_of(window_.end_ns - window_.start_ns);
    const double all = seconds_of(whole_.end_ns - whole_.start_ns);
    if (accused_.empty()) return fmt::format("the last {:.1f} s of {:.1f} s", length, all);
    return fmt::format("{:.1f} s to {:.1f} s of {:.1f} s, around what is violated",
                       seconds_of(window_.start_ns - run_.begun.ns),
                       seconds_of(window_.end_ns - run_.begun.ns), all);
  }

  void add_operations() {
    uint64_t left_out = 0;
    for (size_t i = 0; i < run_.history.size(); ++i) {
      const proof::Operation& one = run_.history[i];
      const bool is_accused = accused_.contains(i);
      if (!is_accused && !meets(window_, one.called_ns, end_of(one))) {
        ++left_out;
        continue;
      }
      if (is_accused) picture_->verdict.operations.push_back(picture_->operations.size());
      picture_->operations.push_back({one, 0});
    }
    if (left_out > 0)
      picture_->omissions.push_back({"operations before or after what is drawn", left_out});
  }

  void add_verdict() {
    picture::Verdict& verdict = picture_->verdict;
    using Kind = picture::Verdict::Kind;
    if (run_.end == RunEnd::stalled) {
      verdict.kind = Kind::violated;
      verdict.why = "stalled: " + run_.why.substr(0, run_.why.find('\n'));
    }
    if (!ruling_ || (run_.end == RunEnd::stalled && ruling_->verdict != proof::Verdict::violated))
      return;
    verdict.kind = ruling_->verdict == proof::Verdict::holds      ? Kind::holds
                   : ruling_->verdict == proof::Verdict::violated ? Kind::violated
                                                                  : Kind::bound_met;
    verdict.why = ruling_->why;
  }

  void add_nodes() {
    for (uint64_t node = 1; node <= run_.chronicle.nodes; ++node)
      picture_->nodes.push_back({static_cast<uint32_t>(node), ""});
    std::map<uint64_t, picture::Condition> under_way;
    for (const NodeEvent& event : run_.chronicle.events) {
      const auto node = static_cast<uint32_t>(event.node);
      if (event.kind != NodeEvent::Kind::wiped) {
        if (const auto found = under_way.find(event.node); found != under_way.end()) {
          add_condition(found->second, event.at.ns);
          under_way.erase(found);
        }
      }
      const auto begins = [&](picture::Condition::Kind kind, const std::string& why) {
        under_way[event.node] = {node, kind, {event.at.ns, event.at.ns}, why};
      };
      switch (event.kind) {
        case NodeEvent::Kind::started:
          add_mark(event, picture::Mark::Kind::started, "started");
          break;
        case NodeEvent::Kind::killed:
          begins(picture::Condition::Kind::down, "killed");
          add_mark(event, picture::Mark::Kind::crashed, "killed");
          break;
        case NodeEvent::Kind::ended:
          begins(picture::Condition::Kind::down, event.how);
          add_mark(event, picture::Mark::Kind::crashed, event.how);
          break;
        case NodeEvent::Kind::wiped:
          add_mark(event, picture::Mark::Kind::wiped, "its folder is emptied");
          break;
        case NodeEvent::Kind::paused:
          begins(picture::Condition::Kind::paused, "stopped");
          break;
        case NodeEvent::Kind::resumed:
          break;
      }
    }
    for (const auto& [node, condition] : under_way) add_condition(condition, whole_.end_ns);
  }

  void add_condition(picture::Condition condition, int64_t end_ns) {
    const Span& span = picture_->span;
    if (!meets(span, condition.span.start_ns, end_ns)) return;
    condition.span = {std::max(condition.span.start_ns, span.start_ns),
                      std::min(end_ns, span.end_ns)};
    picture_->conditions.push_back(std::move(condition));
  }

  void add_mark(const NodeEvent& event, picture::Mark::Kind kind, std::string text) {
    add_mark(event.node, event.at.ns, kind, std::move(text));
  }
  void add_mark(uint64_t node, int64_t at_ns, picture::Mark::Kind kind, std::string text) {
    if (!meets(picture_->span, at_ns, at_ns)) return;
    picture_->marks.push_back({static_cast<uint32_t>(node), kind, at_ns, std::move(text)});
  }

  void add_faults() {
    for (const Struck& one : run_.chronicle.faults) {
      const int64_t end_ns = std::min(one.end.ns, whole_.end_ns);
      for (const uint64_t node : one.fault.nodes) {
        add_mark(node, one.start.ns, picture::Mark::Kind::note, describe_deed(one.fault));
        // Of a node's standing still or being down the lane itself says when it is over.
        const bool lasts = is_of_links(one.fault.kind) || one.fault.kind == FaultKind::sync ||
                           one.fault.kind == FaultKind::full;
        if (lasts && one.end != Instant::never()) {
          add_mark(node, end_ns, picture::Mark::Kind::note,
                   fmt::format("over: {}", describe_deed(one.fault)));
        }
      }
      if (meets(picture_->span, one.start.ns, end_ns)) add_blocked(one.fault, one.start.ns, end_ns);
    }
  }

  void add_blocked(const ScheduledFault& fault, int64_t start_ns, int64_t end_ns) {
    if (fault.kind != FaultKind::cut && fault.kind != FaultKind::one_way) return;
    const Span span{std::max(start_ns, picture_->span.start_ns),
                    std::min(end_ns, picture_->span.end_ns)};
    for (const uint64_t node : fault.nodes) {
      for (uint64_t other = 1; other <= run_.chronicle.nodes; ++other) {
        if (fault.nodes.contains(other)) continue;
        const auto in = static_cast<uint32_t>(node), out = static_cast<uint32_t>(other);
        const bool both = fault.kind == FaultKind::cut;
        if (both || !fault.inward) picture_->blocked.push_back({in, out, span});
        if (both || fault.inward) picture_->blocked.push_back({out, in, span});
      }
    }
  }

  // To the axis of the picture.
  void move() {
    const int64_t by_ns = run_.begun.ns;
    const auto move_span = [&](Span& span) { span = {span.start_ns - by_ns, span.end_ns - by_ns}; };
    move_span(picture_->span);
    for (picture::ClientOperation& one : picture_->operations) {
      one.operation.called_ns -= by_ns;
      one.operation.returned_ns -= by_ns;
    }
    for (picture::Condition& one : picture_->conditions) move_span(one.span);
    for (picture::Blocked& one : picture_->blocked) move_span(one.span);
    for (picture::Mark& one : picture_->marks) one.at_ns -= by_ns;
  }

  const Run& run_;
  DrawingOptions options_;
  std::optional<proof::Ruling> ruling_;
  std::set<size_t> accused_;
  Span whole_, window_;
  picture::Run* picture_ = nullptr;
};

}  // namespace

Drawing draw(const Run& run, const proof::Ruling* ruling, const DrawingOptions& options) {
  return Drawer(run, ruling, options).draw();
}

}  // namespace coterie::torture
