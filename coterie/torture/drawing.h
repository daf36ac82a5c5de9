// What a picture of a run shows: lanes of the clients, and of our own nodes when they were down or
// stood still, what was done to them and which links were cut. A long run is drawn in part: around
// what is violated, or its last seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "coterie/picture/run.h"
#include "coterie/proof/judge.h"
#include "coterie/torture/torture.h"

namespace coterie::torture {

struct DrawingOptions {
  Duration length_max = seconds(10);  // of what is drawn of a long run
  size_t operations_max = 10'000;     // of all clients, besides those that are violated
};

struct Drawing {
  picture::Run run;   // times count from when the clients began
  std::string drawn;  // for people: "all of it", "the last 10.0 s of 61.2 s"
};

// REQUIRES: the ruling is on run.history, or there is none (nullptr).
Drawing draw(const Run& run, const proof::Ruling* ruling, const DrawingOptions& options = {});

}  // namespace coterie::torture
