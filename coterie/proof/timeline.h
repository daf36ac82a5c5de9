// The operations that show a violation, drawn as text: a lane a line, time from left to right.
//
//   client 1  set x 1 -> OK      |--|
//   client 2  get x -> nothing          |-----|
//   client 3  set x 2 -> unknown    |..........
#pragma once

#include <string>
#include <vector>

#include "coterie/proof/history.h"

namespace coterie::proof {

struct TimelineOptions {
  size_t columns = 100;        // of a line, at least 60
  size_t operations_max = 40;  // more are counted, not drawn
};

// REQUIRES: `operations` are indices into `history`. Bytes that are no printable text are written
// as \xNN. Lines end with a line break.
std::string timeline(const History& history, const std::vector<size_t>& operations,
                     const TimelineOptions& options = {});

// The text with what would disturb a terminal written as \xNN.
std::string printable(std::string_view text);

}  // namespace coterie::proof
