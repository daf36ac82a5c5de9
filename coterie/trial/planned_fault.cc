// See planned_fault.h.
#include "coterie/trial/planned_fault.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "coterie/trial/words.h"

namespace coterie::trial {

namespace {

constexpr std::array<std::string_view, all_fault_kinds> names = {
    "crash",      "kill",      "crash-all",  "kill-all",     "stop",       "storm",
    "pause",      "slow",      "wipe",       "rot",          "rot-state",  "rot-snapshot",
    "unreadable", "misdirect", "fail-sync",  "fail-read",    "full",       "stall",
    "partition",  "one-way",   "deaf",       "flap",         "bridge",     "clog",
    "lossy",      "twice",     "overtake",   "late",         "narrow",     "fragile",
    "step",       "drift",     "lose-frame", "repeat-frame", "hold-frame", "delay-frame",
    "cut-off"};

bool parse_side(std::string_view text, uint32_t& side) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    uint32_t node = 0;
    if (!parse_number(text.substr(0, end), node) || node < 1 || node > 32) return false;
    side |= uint32_t{1} << (node - 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return side != 0;
}

}  // namespace

std::string_view fault_kind_name(FaultKind kind) { return names[static_cast<size_t>(kind)]; }

std::string describe(const PlannedFault& fault) {
  std::string text = fmt::format("at {} {}", write_ms(fault.at), fault_kind_name(fault.kind));
  if (fault.node.value != 0) text += fmt::format(" node {}", fault.node);
  if (fault.peer.value != 0) text += fmt::format(" peer {}", fault.peer);
  if (fault.frame != 0) text += fmt::format(" frame {}", fault.frame);
  if (fault.side != 0) {
    text += " side ";
    for (uint32_t node = 1, first = 1; node <= 32; ++node) {
      if ((fault.side >> (node - 1) & 1) == 0) continue;
      text += fmt::format("{}{}", first ? "" : ",", node);
      first = 0;
    }
  }
  if (fault.amount != 0) text += fmt::format(" amount {}", fault.amount);
  if (fault.length.ns != 0) text += " for " + write_ms(fault.length);
  if (fault.seed != 0) text += fmt::format(" seed {}", fault.seed);
  return text;
}

Result<PlannedFault> parse_fault(std::string_view line) {
  const auto bad = [&](std::string_view why) {
    return fail(Fault::invalid, fmt::format("`{}`: {}", line, why));
  };
  const std::vector<std::string_view> words = words_of(line);
  PlannedFault fault;
  if (words.size() < 3 || words[0] != "at" || !parse_ms(words[1], fault.at))
    return bad("a fault begins with `at <n>ms <kind>`");
  size_t kind = 0;
  while (kind < names.size() && names[kind] != words[2]) ++kind;
  if (kind == names.size()) return bad("there is no such kind of fault");
  fault.kind = static_cast<FaultKind>(kind);
  if (words.size() % 2 == 0) return bad("a word has no value");
  for (size_t i = 3; i < words.size(); i += 2) {
    const std::string_view word = words[i], value = words[i + 1];
    const bool read = word == "node"     ? parse_number(value, fault.node.value)
                      : word == "peer"   ? parse_number(value, fault.peer.value)
                      : word == "frame"  ? parse_number(value, fault.frame)
                      : word == "side"   ? parse_side(value, fault.side)
                      : word == "amount" ? parse_number(value, fault.amount)
                      : word == "for"    ? parse_ms(value, fault.length)
                      : word == "seed"   ? parse_number(value, fault.seed)
                                         : false;
    if (!read) return bad(fmt::format("`{} {}` is not understood", word, value));
  }
  const bool linked = fault.kind >= FaultKind::lose_frame;
  if (linked && (!fault.node || !fault.peer || fault.node == fault.peer))
    return bad("it takes a `node` that sends and another one, `peer`, that receives");
  if (about_a_frame(fault.kind) != (fault.frame > 0))
    return bad(fault.frame > 0 ? "it is not about a frame" : "which `frame`? the first is 1");
  return fault;
}

}  // namespace coterie::trial
