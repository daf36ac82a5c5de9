// The lanes of the text picture: one row of characters for each node and client, all on one axis.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coterie/picture/run.h"

namespace coterie::picture {

struct TextAxis {
  Span window;
  size_t columns = 0;  // REQUIRES: >= 2

  // The column of a moment; those outside the window have that of its nearest edge.
  size_t column(int64_t at_ns) const;
  bool meets(int64_t start_ns, int64_t end_ns) const {
    return start_ns <= window.end_ns && end_ns >= window.start_ns;
  }
};

// The row of times above the lanes, ASCII.
std::string time_row(const TextAxis& axis);

// A leader is '=', a follower '-', a candidate '?', anything else '.', a pause '~', a gap ' '; on
// top "L3" where a leadership of term 3 begins, 'x' a crash, '^' a start, 'w' a wipe.
std::string node_row(const Run& run, size_t lane, const TextAxis& axis);

// What is cut, "<1 | 2 3>" where there is room; empty when nothing is in the window.
std::string cut_row(const Run& run, const TextAxis& axis);

// "[set x 7 -> OK]"; a violated operation is filled with '#', one whose outcome is not known has no
// end, one that was not done is in round brackets.
std::string client_row(const Run& run, uint32_t client, const TextAxis& axis);

}  // namespace coterie::picture
