// See layout.h. Cuts are in cuts.cc.
#include "coterie/picture/layout.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "coterie/picture/readable.h"

namespace coterie::picture {

namespace {

int64_t end_of(const Run& run, const proof::Operation& operation) {
  if (operation.outcome == proof::Outcome::unknown) return run.span.end_ns;
  return std::max(operation.called_ns, operation.returned_ns);
}

bool meets(const Span& window, int64_t start_ns, int64_t end_ns) {
  return start_ns <= window.end_ns && end_ns >= window.start_ns;
}

void add_missing_lanes(Run& run) {
  std::set<uint32_t> known, mentioned;
  for (const Node& node : run.nodes) known.insert(node.id);
  for (const Message& message : run.messages) mentioned.insert({message.from, message.to});
  for (const Condition& condition : run.conditions) mentioned.insert(condition.node);
  for (const Mark& mark : run.marks) mentioned.insert(mark.node);
  for (const Blocked& blocked : run.blocked) mentioned.insert({blocked.from, blocked.to});
  for (const DiskWork& work : run.disk) mentioned.insert(work.node);
  for (const ClockReading& reading : run.clocks) mentioned.insert(reading.node);
  for (const Standing& standing : run.standings) mentioned.insert(standing.node);
  for (const Commit& commit : run.commits) mentioned.insert(commit.node);
  for (const ClientOperation& one : run.operations) mentioned.insert(one.node);
  for (const uint32_t id : mentioned) {
    if (id != 0 && !known.contains(id)) run.nodes.push_back({id, {}});
  }
}

// Histories come from outside: differences between any two of these times do not overflow.
constexpr int64_t time_ns_max = int64_t{1} << 61;

void bound(int64_t& at_ns) { at_ns = std::clamp(at_ns, -time_ns_max, time_ns_max); }

template <class Change>
void change_times(Run& run, Change change) {
  const auto change_span = [&](Span& span) { change(span.start_ns), change(span.end_ns); };
  change_span(run.span);
  for (ClientOperation& one : run.operations)
    change(one.operation.called_ns), change(one.operation.returned_ns);
  for (Message& message : run.messages) change(message.sent_ns), change(message.ended_ns);
  for (Condition& condition : run.conditions) change_span(condition.span);
  for (Mark& mark : run.marks) change(mark.at_ns);
  for (Blocked& blocked : run.blocked) change_span(blocked.span);
  for (DiskWork& work : run.disk) change(work.submitted_ns), change(work.ended_ns);
  for (ClockReading& reading : run.clocks) change(reading.at_ns);
  for (Standing& standing : run.standings) change_span(standing.span);
  for (Commit& commit : run.commits) change(commit.at_ns);
}

// Times that count from 1970 or the like are hard to read, and too large for a script's numbers.
constexpr int64_t readable_ns_max = 1'000'000'000'000'000;

void count_from_start(Run& run) {
  const int64_t start_ns = run.span.start_ns;
  if (start_ns > -readable_ns_max && start_ns < readable_ns_max) return;
  run.origin_ns += start_ns;
  change_times(run, [&](int64_t& at_ns) { at_ns -= start_ns; });
}

// Reversed spans become moments; what has no end ends with the run.
void mend_spans(Run& run) {
  const auto mend = [](Span& span) { span.end_ns = std::max(span.start_ns, span.end_ns); };
  for (Message& message : run.messages) {
    if (message.fate == Message::Fate::under_way) message.ended_ns = run.span.end_ns;
    message.ended_ns = std::max(message.sent_ns, message.ended_ns);
  }
  for (DiskWork& work : run.disk) {
    if (work.fate == DiskWork::Fate::pending) work.ended_ns = run.span.end_ns;
    work.ended_ns = std::max(work.submitted_ns, work.ended_ns);
  }
  for (Condition& condition : run.conditions) mend(condition.span);
  for (Blocked& blocked : run.blocked) mend(blocked.span);
  for (Standing& standing : run.standings) mend(standing.span);
}

void stretch_span(Run& run) {
  Span& span = run.span;
  span.end_ns = std::max(span.start_ns, span.end_ns);
  for (const ClientOperation& one : run.operations) {
    span.start_ns = std::min(span.start_ns, one.operation.called_ns);
    span.end_ns = std::max(span.end_ns, one.operation.called_ns);
    if (one.operation.outcome != proof::Outcome::unknown)
      span.end_ns = std::max(span.end_ns, one.operation.returned_ns);
  }
  // A picture needs an axis.
  if (span.end_ns == span.start_ns) span.end_ns += 1'000;
}

template <class Things, class Key>
void order(Things& things, Key key) {
  std::stable_sort(things.begin(), things.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

// Counts what is dropped, by name.
class Omitting {
 public:
  explicit Omitting(Run& run) : run_(run) {}

  template <class Things, class Stays>
  void keep(Things& things, const char* what, Stays stays) {
    const size_t before = things.size();
    std::erase_if(things, [&](const auto& thing) { return !stays(thing); });
    add(what, before - things.size());
  }
  void add(const std::string& what, uint64_t count) {
    if (count == 0) return;
    for (Omission& omission : run_.omissions) {
      if (omission.what != what) continue;
      omission.count += count;
      return;
    }
    run_.omissions.push_back({what, count});
  }

 private:
  Run& run_;
};

// An empty text would not be seen.
std::string shown(std::string text) { return text.empty() ? "\"\"" : text; }

void keep_operations(Run& run, const Span& window, Omitting& omitting) {
  const std::set<size_t> violated(run.verdict.operations.begin(), run.verdict.operations.end());
  std::vector<ClientOperation> kept;
  std::vector<size_t> moved;
  for (size_t i = 0; i < run.operations.size(); ++i) {
    ClientOperation& one = run.operations[i];
    const bool stays =
        violated.contains(i) || meets(window, one.operation.called_ns, end_of(run, one.operation));
    if (!stays) continue;
    if (violated.contains(i)) moved.push_back(kept.size());
    kept.push_back(std::move(one));
  }
  omitting.add("client operations", run.operations.size() - kept.size());
  run.operations = std::move(kept);
  run.verdict.operations = std::move(moved);
}

}  // namespace

Run complete(Run run) {
  change_times(run, bound);
  for (ClockReading& reading : run.clocks) bound(reading.offset_ns);
  add_missing_lanes(run);
  stretch_span(run);
  count_from_start(run);
  mend_spans(run);
  order(run.messages, [](const Message& message) { return message.sent_ns; });
  order(run.conditions, [](const Condition& condition) { return condition.span.start_ns; });
  order(run.marks, [](const Mark& mark) { return mark.at_ns; });
  order(run.blocked, [](const Blocked& blocked) { return blocked.span.start_ns; });
  order(run.disk, [](const DiskWork& work) { return work.submitted_ns; });
  order(run.clocks, [](const ClockReading& reading) { return reading.at_ns; });
  order(run.standings, [](const Standing& standing) { return standing.span.start_ns; });
  order(run.commits, [](const Commit& commit) { return commit.at_ns; });
  std::vector<size_t>& violated = run.verdict.operations;
  std::erase_if(violated, [&](size_t i) { return i >= run.operations.size(); });
  std::sort(violated.begin(), violated.end());
  violated.erase(std::unique(violated.begin(), violated.end()), violated.end());
  return run;
}

std::vector<size_t> decisive_operations(const Run& run) {
  std::vector<size_t> ordered = run.verdict.operations;
  std::stable_sort(ordered.begin(), ordered.end(), [&](size_t a, size_t b) {
    return run.operations[a].operation.called_ns < run.operations[b].operation.called_ns;
  });
  if (ordered.size() > decisive_operations_max)
    ordered.erase(ordered.begin(), ordered.end() - decisive_operations_max);
  return ordered;
}

Span focus_of(const Run& run) {
  const int64_t whole = run.span.end_ns - run.span.start_ns;
  const auto clamped = [&](int64_t start_ns, int64_t end_ns) {
    return Span{std::max(run.span.start_ns, start_ns), std::min(run.span.end_ns, end_ns)};
  };
  if (run.verdict.operations.empty()) {
    const bool went_wrong = run.verdict.kind == Verdict::Kind::violated;
    if (!went_wrong) return run.span;
    // A broken promise inside: found where the run ended.
    return clamped(run.span.end_ns - std::max<int64_t>(whole / 5, 1), run.span.end_ns);
  }
  int64_t start_ns = run.span.end_ns;
  int64_t end_ns = run.span.start_ns;
  for (const size_t i : decisive_operations(run)) {
    const proof::Operation& operation = run.operations[i].operation;
    start_ns = std::min(start_ns, operation.called_ns);
    // An outcome that never became known would pull the end of the run into view.
    const bool open = operation.outcome == proof::Outcome::unknown;
    end_ns = std::max(end_ns, open ? operation.called_ns : end_of(run, operation));
  }
  const int64_t around = std::max<int64_t>({(end_ns - start_ns) / 10 * 3, whole / 500, 1});
  return clamped(start_ns - around, end_ns + around);
}

Run narrowed(const Run& run, const Span& window) {
  Run part = run;
  Omitting omitting(part);
  keep_operations(part, window, omitting);
  omitting.keep(part.messages, "messages", [&](const Message& message) {
    return meets(window, message.sent_ns, message.ended_ns);
  });
  omitting.keep(part.disk, "disk operations", [&](const DiskWork& work) {
    return meets(window, work.submitted_ns, work.ended_ns);
  });
  const auto in = [&](int64_t at_ns) { return meets(window, at_ns, at_ns); };
  omitting.keep(part.marks, "events and log lines of nodes",
                [&](const Mark& mark) { return in(mark.at_ns); });
  omitting.keep(part.commits, "advances of commit indexes",
                [&](const Commit& commit) { return in(commit.at_ns); });
  const auto lasts = [&](const auto& thing) {
    return meets(window, thing.span.start_ns, thing.span.end_ns);
  };
  std::erase_if(part.conditions, [&](const Condition& one) { return !lasts(one); });
  std::erase_if(part.blocked, [&](const Blocked& one) { return !lasts(one); });
  std::erase_if(part.standings, [&](const Standing& one) { return !lasts(one); });
  part.span = window;
  // The violated operations are in it wherever they are.
  for (const size_t i : part.verdict.operations) {
    const proof::Operation& operation = part.operations[i].operation;
    part.span.start_ns = std::min(part.span.start_ns, operation.called_ns);
    part.span.end_ns = std::max(part.span.end_ns, operation.called_ns);
    if (operation.outcome != proof::Outcome::unknown)
      part.span.end_ns = std::max(part.span.end_ns, operation.returned_ns);
  }
  return part;
}

Run thinned(const Run& run, const Span& spared) {
  Run part = run;
  Omitting omitting(part);
  omitting.keep(part.messages, "routine messages that arrived", [&](const Message& message) {
    return !message.routine || message.fate != Message::Fate::delivered || message.copy ||
           meets(spared, message.sent_ns, message.ended_ns);
  });
  omitting.keep(part.disk, "disk operations that went well", [&](const DiskWork& work) {
    return work.fate != DiskWork::Fate::done || meets(spared, work.submitted_ns, work.ended_ns);
  });
  omitting.keep(part.marks, "plain log lines", [&](const Mark& mark) {
    return mark.kind != Mark::Kind::logged || meets(spared, mark.at_ns, mark.at_ns);
  });
  return part;
}

size_t events_of(const Run& run) {
  return run.messages.size() + run.disk.size() + run.operations.size() + run.marks.size() +
         run.commits.size();
}

std::string call_text(const proof::Operation& operation) {
  std::string text;
  for (const proof::Call& call : operation.calls) {
    if (!text.empty()) text += "; ";
    text += call.name;
    if (!call.key.empty()) text += " " + call.key;
    for (const std::string& arg : call.args) text += " " + shown(arg);
  }
  return text;
}

std::string result_text(const proof::Operation& operation) {
  switch (operation.outcome) {
    case proof::Outcome::failed:
      return "not done";
    case proof::Outcome::unknown:
      return "not known";
    case proof::Outcome::ok:
      break;
  }
  return shown(proof::describe(operation.result));
}

std::string name_of(const Node& node) {
  return node.name.empty() ? fmt::format("node {}", node.id) : node.name;
}

std::string time_text(int64_t ns, int64_t resolution_ns) {
  int decimals = 0;
  for (int64_t unit = 1'000'000'000; unit > resolution_ns && decimals < 9; unit /= 10) ++decimals;
  const bool negative = ns < 0;
  const uint64_t size = negative ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string text = fmt::format("{}{}", negative ? "-" : "", size / 1'000'000'000);
  if (decimals > 0) {
    text +=
        "." + fmt::format("{:09}", size % 1'000'000'000).substr(0, static_cast<size_t>(decimals));
  }
  return text + " s";
}

}  // namespace coterie::picture
