// What simulator_bench measures: named cases, each a function that runs a fixed number of events
// and says how long it took. A new group of cases is a file of its own, a function declared here,
// and a line in simulator.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace coterie::bench {

// What one run of a case took. It builds what it needs before it starts the clock.
struct Measured {
  uint64_t events = 0;
  double seconds = 0;                                   // of the wall clock
  double cpu_seconds = 0;                               // of this process
  std::vector<std::pair<std::string, double>> figures;  // what else is worth a column
};

struct Case {
  std::string name;  // "raft", or a group and what differs: "ping-pong, 5 nodes"
  std::function<Measured()> run;
};

// Runs it, which is to take so many events, and measures the time.
Measured measure(uint64_t events, const std::function<void()>& work);

// The bare event loop: nodes that do nothing but send a frame back.
std::vector<Case> ping_pong_cases();
// The bare protocol: Raft machines without world, log or state.
std::vector<Case> raft_cases();

}  // namespace coterie::bench
