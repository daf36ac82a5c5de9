// See text_lanes.h.
#include "coterie/picture/text_lanes.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "coterie/picture/layout.h"
#include "coterie/picture/readable.h"

namespace coterie::picture {

namespace {

void fill(std::string& row, size_t from, size_t to, char sign) {
  for (size_t i = from; i <= to && i < row.size(); ++i) row[i] = sign;
}

// As much of it as fits.
void write(std::string& row, size_t at, std::string_view text) {
  for (size_t i = 0; i < text.size() && at + i < row.size(); ++i) row[at + i] = text[i];
}

char sign_of(Standing::Role role) {
  switch (role) {
    case Standing::Role::leader:
      return '=';
    case Standing::Role::follower:
      return '-';
    case Standing::Role::candidate:
      return '?';
    case Standing::Role::other:
      break;
  }
  return '.';
}

char sign_of(Mark::Kind kind) {
  switch (kind) {
    case Mark::Kind::started:
      return '^';
    case Mark::Kind::crashed:
      return 'x';
    case Mark::Kind::wiped:
      return 'w';
    case Mark::Kind::clock_stepped:
    case Mark::Kind::warning:
    case Mark::Kind::logged:
    case Mark::Kind::note:
      break;
  }
  return '\0';
}

// An operation may lie under a later one only if its outcome is not known.
void draw_operation(std::string& row, const Run& run, size_t i, const TextAxis& axis) {
  const proof::Operation& operation = run.operations[i].operation;
  const bool open = operation.outcome == proof::Outcome::unknown;
  const bool accused =
      std::binary_search(run.verdict.operations.begin(), run.verdict.operations.end(), i);
  const bool failed = operation.outcome == proof::Outcome::failed;
  const int64_t end_ns = open ? run.span.end_ns : operation.returned_ns;
  if (!axis.meets(operation.called_ns, end_ns)) return;
  const size_t left = axis.column(operation.called_ns);
  const size_t right = axis.column(end_ns);
  fill(row, left, right, accused ? '#' : open ? '.' : '-');
  const bool begins = operation.called_ns >= axis.window.start_ns;
  const bool ends = !open && end_ns <= axis.window.end_ns;
  if (right == left) {
    row[left] = accused ? '#' : '|';
    return;
  }
  if (begins) row[left] = failed ? '(' : '[';
  if (ends) row[right] = failed ? ')' : ']';
  const std::string text =
      readable(call_text(operation) + " -> " + result_text(operation), 80, Alphabet::ascii);
  const size_t room = right - left - 1;
  if (text.size() <= room) write(row, left + 1, text);
}

}  // namespace

size_t TextAxis::column(int64_t at_ns) const {
  const double share = static_cast<double>(at_ns - window.start_ns) /
                       static_cast<double>(window.end_ns - window.start_ns);
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(columns - 1);
  return static_cast<size_t>(std::lround(place));
}

std::string time_row(const TextAxis& axis) {
  std::string row(axis.columns, ' ');
  const int64_t length = axis.window.end_ns - axis.window.start_ns;
  const auto steps = static_cast<int64_t>(std::max<size_t>(axis.columns / 20, 1));
  size_t free_from = 0;
  for (int64_t i = 0; i <= steps; ++i) {
    const int64_t at_ns = axis.window.start_ns + length / steps * i;
    const std::string text = "|" + time_text(at_ns, std::max<int64_t>(length / 1'000, 1));
    const size_t at = axis.column(at_ns);
    if (at < free_from || at + text.size() > row.size()) continue;
    write(row, at, text);
    free_from = at + text.size() + 1;
  }
  return row;
}

std::string node_row(const Run& run, size_t lane, const TextAxis& axis) {
  const uint32_t id = run.nodes[lane].id;
  std::string row(axis.columns, '.');
  const auto each = [&](const auto& things, auto draw) {
    for (const auto& thing : things) {
      if (thing.node == id && axis.meets(thing.span.start_ns, thing.span.end_ns)) draw(thing);
    }
  };
  each(run.standings, [&](const Standing& standing) {
    fill(row, axis.column(standing.span.start_ns), axis.column(standing.span.end_ns),
         sign_of(standing.role));
  });
  each(run.conditions, [&](const Condition& condition) {
    fill(row, axis.column(condition.span.start_ns), axis.column(condition.span.end_ns),
         condition.kind == Condition::Kind::down ? ' ' : '~');
  });
  each(run.standings, [&](const Standing& standing) {
    if (standing.role == Standing::Role::leader)
      write(row, axis.column(standing.span.start_ns), fmt::format("L{}", standing.term));
  });
  for (const Mark& mark : run.marks) {
    if (mark.node != id || !axis.meets(mark.at_ns, mark.at_ns)) continue;
    if (const char sign = sign_of(mark.kind)) row[axis.column(mark.at_ns)] = sign;
  }
  return row;
}

std::string cut_row(const Run& run, const TextAxis& axis) {
  std::string row(axis.columns, ' ');
  bool any = false;
  for (const Cut& cut : cuts_of(run)) {
    if (!axis.meets(cut.span.start_ns, cut.span.end_ns)) continue;
    any = true;
    const size_t left = axis.column(cut.span.start_ns);
    const size_t right = axis.column(cut.span.end_ns);
    fill(row, left, right, '/');
    if (cut.text.size() + 2 <= right - left + 1) write(row, left + 1, cut.text);
  }
  return any ? row : "";
}

std::string client_row(const Run& run, uint32_t client, const TextAxis& axis) {
  std::string row(axis.columns, ' ');
  std::vector<size_t> mine;
  for (size_t i = 0; i < run.operations.size(); ++i) {
    if (run.operations[i].operation.client == client) mine.push_back(i);
  }
  const auto unknown = [&](size_t i) {
    return run.operations[i].operation.outcome == proof::Outcome::unknown;
  };
  const auto accused = [&](size_t i) {
    return std::binary_search(run.verdict.operations.begin(), run.verdict.operations.end(), i);
  };
  for (size_t i : mine) {
    if (unknown(i)) draw_operation(row, run, i, axis);
  }
  for (size_t i : mine) {
    if (!unknown(i) && !accused(i)) draw_operation(row, run, i, axis);
  }
  for (size_t i : mine) {
    if (accused(i)) draw_operation(row, run, i, axis);
  }
  return row;
}

}  // namespace coterie::picture
