// See timeline.h. Time is not to scale: each distinct instant is a column, so that what was before
// what can be seen however near they are.
#include "coterie/proof/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/proof/json_lines.h"

namespace coterie::proof {

namespace {

constexpr size_t label_max = 44;

std::string label_of(const Operation& operation) {
  std::string text = fmt::format("client {}  ", operation.client);
  for (size_t i = 0; i < operation.calls.size(); ++i) {
    const Call& call = operation.calls[i];
    text += (i > 0 ? "; " : "") + call.name + " " + call.key;
    for (const std::string& arg : call.args) text += " " + arg;
  }
  text += " -> ";
  text += operation.outcome == Outcome::ok        ? describe(operation.result)
          : operation.outcome == Outcome::unknown ? "unknown"
                                                  : "failed";
  text = printable(text);
  if (text.size() > label_max) text = text.substr(0, label_max - 3) + "...";
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  const bool utf8 = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string timeline(const History& history, const std::vector<size_t>& operations,
                     const TimelineOptions& options) {
  const size_t drawn = std::min(operations.size(), options.operations_max);
  std::vector<int64_t> instants;
  size_t label_width = 0;
  std::vector<std::string> labels;
  for (size_t i = 0; i < drawn; ++i) {
    const Operation& operation = history[operations[i]];
    instants.push_back(operation.called_ns);
    if (operation.outcome != Outcome::unknown) instants.push_back(operation.returned_ns);
    labels.push_back(label_of(operation));
    label_width = std::max(label_width, labels.back().size());
  }
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  const size_t space = std::max(options.columns, size_t{60}) - std::min(label_width, label_max) - 4;
  const auto column = [&](int64_t at) {
    const auto place = static_cast<size_t>(std::lower_bound(instants.begin(), instants.end(), at) -
                                           instants.begin());
    const size_t steps = std::max<size_t>(instants.size() - 1, 1);
    return std::min(place * std::min<size_t>(4, std::max<size_t>(space / steps, 1)), space);
  };
  std::string out;
  for (size_t i = 0; i < drawn; ++i) {
    const Operation& operation = history[operations[i]];
    const size_t first = column(operation.called_ns);
    const bool open = operation.outcome == Outcome::unknown;
    const size_t last = open ? column(instants.back()) + 2 : column(operation.returned_ns);
    std::string bar(first, ' ');
    bar += '|';
    if (last > first) bar += std::string(last - first - 1, open ? '.' : '-') + (open ? '.' : '|');
    out += fmt::format("  {:<{}}  {}\n", labels[i], label_width, bar);
  }
  if (drawn < operations.size())
    out += fmt::format("  ... and {} more\n", operations.size() - drawn);
  return out;
}

}  // namespace coterie::proof
