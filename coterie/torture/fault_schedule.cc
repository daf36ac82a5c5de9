// See fault_schedule.h.
#include "coterie/torture/fault_schedule.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/random.h"
#include "coterie/base/reached.h"

namespace coterie::torture {

namespace {

struct KindFacts {
  std::string_view name;
  std::string_view help;
};

constexpr std::array<KindFacts, fault_kinds> facts{{
    {"kill", "kill -9 of a minority, and a restart"},
    {"kill-all", "kill -9 of all at once"},
    {"pause", "SIGSTOP of a minority, then SIGCONT"},
    {"wipe", "kill -9 of one, and a restart with an empty folder"},
    {"sync", "every fsync of one fails (needs the disk shim)"},
    {"full", "the disk of one is full (needs root, for a small tmpfs)"},
    {"cut", "nothing passes between some and the others"},
    {"one-way", "nothing gets out of one, or nothing gets in"},
    {"delay", "what passes between them comes late"},
    {"narrow", "what passes to and from one comes slowly"},
    {"reset", "connections between them are killed and refused"},
}};

// Between two faults of a row there is a pause, for the nodes to come back.
constexpr Duration pause_min = milliseconds(200), pause_max = milliseconds(900);
constexpr Duration length_min = milliseconds(300), length_max = milliseconds(2'500);
// Some faults last longer than an election and the nodes' patience with each other.
constexpr double long_chance = 0.15;
constexpr double aimed_chance = 0.5;
constexpr Duration long_length_max = seconds(8);
// A wipe takes a copy of the data away: nothing else is done before it and while it is repaired.
constexpr Duration calm_before_wipe = milliseconds(500), calm_after_wipe = seconds(1);

Duration between(Random& random, Duration low, Duration high) {
  return {random.between(low.ns, high.ns)};
}

// A row of kinds in which each comes once before any comes again.
class Deck {
 public:
  explicit Deck(std::vector<FaultKind> kinds) : kinds_(std::move(kinds)) {}

  FaultKind draw(Random& random) {
    if (left_.empty()) left_ = kinds_;
    const auto at = left_.begin() + static_cast<int64_t>(random.below(left_.size()));
    const FaultKind kind = *at;
    left_.erase(at);
    return kind;
  }

 private:
  std::vector<FaultKind> kinds_, left_;
};

std::set<uint64_t> some_nodes(Random& random, uint64_t nodes, uint64_t count) {
  std::set<uint64_t> chosen;
  while (chosen.size() < count) chosen.insert(1 + random.below(nodes));
  return chosen;
}

// A minority, most often of one.
std::set<uint64_t> minority(Random& random, uint64_t nodes) {
  const uint64_t most = std::max<uint64_t>(1, (nodes - 1) / 2);
  const uint64_t count = random.chance(0.6) ? 1 : 1 + random.below(most);
  return some_nodes(random, nodes, count);
}

// `disk_node`: the one whose disk can be full, always the same.
ScheduledFault draw_fault(FaultKind kind, Random& random, uint64_t nodes, uint64_t disk_node) {
  ScheduledFault fault{.kind = kind};
  const bool at_length = random.chance(long_chance);
  fault.length = between(random, length_min, at_length ? long_length_max : length_max);
  switch (kind) {
    case FaultKind::kill:
    case FaultKind::pause:
      fault.nodes = minority(random, nodes);
      break;
    case FaultKind::kill_all:
      for (uint64_t node = 1; node <= nodes; ++node) fault.nodes.insert(node);
      fault.length = between(random, milliseconds(50), seconds(1));
      break;
    case FaultKind::wipe:
      fault.nodes = some_nodes(random, nodes, 1);
      fault.length = between(random, milliseconds(50), seconds(1));
      break;
    case FaultKind::full:
      fault.nodes = {disk_node};
      break;
    case FaultKind::cut:
      fault.nodes = some_nodes(random, nodes, 1 + random.below(std::max<uint64_t>(1, nodes / 2)));
      fault.lossy = random.chance(0.5);
      break;
    case FaultKind::one_way:
      fault.nodes = some_nodes(random, nodes, 1);
      fault.inward = random.chance(0.5);
      fault.lossy = random.chance(0.5);
      break;
    case FaultKind::delay:
      fault.nodes = some_nodes(random, nodes, 1 + random.below(nodes));
      fault.delay = between(random, milliseconds(1), milliseconds(60));
      break;
    case FaultKind::narrow:
      fault.nodes = some_nodes(random, nodes, 1);
      fault.bytes_per_second = static_cast<uint64_t>(random.between(16 << 10, 512 << 10));
      break;
    case FaultKind::sync:
    case FaultKind::reset:
      fault.nodes = some_nodes(random, nodes, 1);
      break;
  }
  return fault;
}

struct Span {
  Duration start, end;
};

// The part of the time in which nothing but this wipe may happen.
Span calm_around(const ScheduledFault& wipe) {
  return {wipe.start - calm_before_wipe, wipe.start + wipe.length + calm_after_wipe};
}

// Where a fault of that length may begin, at `start` or later, so that it is over before a calm
// span begins or begins after it.
Duration outside(const std::vector<Span>& calm, Duration start, Duration length) {
  for (const Span& one : calm) {
    if (start < one.end && start + length > one.start) {
      COTERIE_REACHED("a fault of links waits until a wiped node is back");
      start = one.end;
    }
  }
  return start;
}

// One row of faults, from the beginning to the end.
std::vector<ScheduledFault> draw_row(const std::vector<FaultKind>& kinds,
                                     const ScheduleOptions& options, uint64_t disk_node,
                                     Random random, const std::vector<Span>& calm) {
  std::vector<ScheduledFault> row;
  if (kinds.empty()) return row;
  Deck deck(kinds);
  Duration at = between(random, pause_min, pause_max);
  while (true) {
    ScheduledFault fault = draw_fault(deck.draw(random), random, options.nodes, disk_node);
    const bool wipe = fault.kind == FaultKind::wipe;
    if (wipe) at = at + calm_before_wipe;
    // No fault takes more than its share of a short run.
    fault.length = std::min(fault.length, Duration{options.duration.ns / 6});
    fault.start = outside(calm, at, fault.length);
    if (fault.start + fault.length > options.duration) return row;
    row.push_back(fault);
    at = fault.start + fault.length + between(random, pause_min, pause_max);
    if (wipe) at = at + calm_after_wipe;
  }
}

std::string list_of(const std::set<uint64_t>& nodes, uint64_t leader) {
  std::string text = nodes.size() == 1 ? "node" : "nodes";
  for (const uint64_t node : nodes)
    text += fmt::format(" {}{}", node, node == leader ? " (leader)" : "");
  return text;
}

// The kinds that are worth more when they hit the leader.
bool can_aim(FaultKind kind) {
  switch (kind) {
    case FaultKind::kill:
    case FaultKind::pause:
    case FaultKind::wipe:
    case FaultKind::cut:
    case FaultKind::one_way:
      return true;
    default:
      return false;
  }
}

std::string all_names() {
  std::string names;
  for (const KindFacts& one : facts)
    names += fmt::format("{}{}", names.empty() ? "" : ",", one.name);
  return names;
}

}  // namespace

std::string_view fault_kind_name(FaultKind kind) { return facts[static_cast<size_t>(kind)].name; }
std::string_view fault_kind_help(FaultKind kind) { return facts[static_cast<size_t>(kind)].help; }

bool is_of_links(FaultKind kind) { return kind >= FaultKind::cut; }

Result<std::set<FaultKind>> parse_fault_kinds(std::string_view text) {
  constexpr std::string_view but = "all-but-";
  std::set<FaultKind> all, named;
  for (size_t i = 0; i < fault_kinds; ++i) all.insert(static_cast<FaultKind>(i));
  if (text == "all") return all;
  if (text == "none") return named;
  const bool left_out = text.starts_with(but);
  if (left_out) text.remove_prefix(but.size());
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&](FaultKind kind) { return fault_kind_name(kind) == name; });
    if (known == all.end()) {
      return fail(Fault::invalid, fmt::format("there is no fault '{}': all, none, all-but-LIST, or "
                                              "of {}",
                                              name, all_names()));
    }
    named.insert(*known);
  }
  if (named.empty())
    return fail(Fault::invalid, fmt::format("names no fault: all, none, or of {}", all_names()));
  if (!left_out) return named;
  for (const FaultKind kind : named) all.erase(kind);
  return all;
}

std::string describe_deed(const ScheduledFault& fault) {
  const std::string nodes = list_of(fault.nodes, fault.leader);
  std::string what;
  switch (fault.kind) {
    case FaultKind::kill:
      what = fmt::format("kill {}", nodes);
      break;
    case FaultKind::kill_all:
      what = "kill all nodes";
      break;
    case FaultKind::pause:
      what = fmt::format("pause {}", nodes);
      break;
    case FaultKind::wipe:
      what = fmt::format("kill {} and empty its folder", nodes);
      break;
    case FaultKind::sync:
      what = fmt::format("let every sync of {} fail", nodes);
      break;
    case FaultKind::full:
      what = fmt::format("fill the disk of {}", nodes);
      break;
    case FaultKind::cut:
      what = fmt::format("cut {} off from the others", nodes);
      break;
    case FaultKind::one_way:
      what = fmt::format("let nothing {} {}", fault.inward ? "reach" : "leave", nodes);
      break;
    case FaultKind::delay:
      what = fmt::format("delay what {} send by {:.0f} to {:.0f} ms", nodes,
                         fault.delay.seconds() * 1e3, fault.delay.seconds() * 2e3);
      break;
    case FaultKind::narrow:
      what = fmt::format("{} kB/s to and from {}", fault.bytes_per_second / 1'000, nodes);
      break;
    case FaultKind::reset:
      what = fmt::format("kill and refuse connections of {}", nodes);
      break;
  }
  if (fault.lossy) what += ", losing what is sent";
  if (fault.aimed) what += ", aimed at the leader";
  return what;
}

std::string describe(const ScheduledFault& fault) {
  return fmt::format("+{:.1f} s for {:.1f} s: {}", fault.start.seconds(), fault.length.seconds(),
                     describe_deed(fault));
}

ScheduledFault struck_at(const ScheduledFault& fault, uint64_t leader) {
  ScheduledFault struck = fault;
  struck.aimed = false;
  if (!fault.aimed || leader == 0) return struck;
  if (!struck.nodes.contains(leader)) {
    struck.nodes.erase(struck.nodes.begin());
    struck.nodes.insert(leader);
  }
  struck.leader = leader;
  return struck;
}

bool bears(uint64_t nodes, FaultKind kind) {
  if (kind == FaultKind::wipe) return nodes >= 3;
  return !is_of_links(kind) || nodes >= 2;
}

std::vector<ScheduledFault> draw_schedule(const ScheduleOptions& options) {
  COTERIE_ASSERT(options.nodes > 0);
  std::vector<FaultKind> of_nodes, of_links;
  for (const FaultKind kind : options.kinds) {
    if (bears(options.nodes, kind)) (is_of_links(kind) ? of_links : of_nodes).push_back(kind);
  }
  Random random(options.seed);
  const uint64_t disk_node = 1 + random.below(options.nodes);
  std::vector<ScheduledFault> all =
      draw_row(of_nodes, options, disk_node, Random(mix_seed(options.seed, 1)), {});
  std::vector<Span> calm;
  for (const ScheduledFault& fault : all) {
    if (fault.kind == FaultKind::wipe) calm.push_back(calm_around(fault));
  }
  const std::vector<ScheduledFault> links =
      draw_row(of_links, options, disk_node, Random(mix_seed(options.seed, 2)), calm);
  all.insert(all.end(), links.begin(), links.end());
  std::stable_sort(all.begin(), all.end(), [](const ScheduledFault& a, const ScheduledFault& b) {
    return a.start < b.start;
  });
  Random aim(mix_seed(options.seed, 3));
  for (ScheduledFault& fault : all) {
    const bool chosen = aim.chance(aimed_chance);
    fault.aimed = chosen && options.nodes > 1 && can_aim(fault.kind);
  }
  return all;
}

}  // namespace coterie::torture
