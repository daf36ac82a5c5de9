// What of a run is drawn, and where to look first: decided here, once, for all forms of the
// picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "coterie/picture/run.h"

namespace coterie::picture {

// A copy of the run in a form that can be drawn without further questions: every node that is
// mentioned has its lane, all is ordered by time, no span ends before it starts, the run's own span
// holds all operations, and times far from 0 count from its start instead (Run::origin_ns).
Run complete(Run run);

// Of the violated operations the last ones, by their calls: a judge convicts where nothing fits any
// more, and what came long before is context. REQUIRES: complete.
inline constexpr size_t decisive_operations_max = 4;
std::vector<size_t> decisive_operations(const Run& run);

// The part of the run to look at first: around the decisive operations; without any, the end of a
// run that went wrong, the whole of another. REQUIRES: complete.
Span focus_of(const Run& run);

// Only what happens in the window, and the operations that are violated wherever they are; what is
// left out is counted in Run::omissions. REQUIRES: complete; the window is not empty.
Run narrowed(const Run& run, const Span& window);

// Leaves out, outside of `spared`, what is there in masses and rarely tells much: routine messages,
// disk work that went well, plain lines of the log. REQUIRES: complete.
Run thinned(const Run& run, const Span& spared);

size_t events_of(const Run& run);

// Blocked links as an eye wants them: at each moment one statement. Lanes are positions in
// Run::nodes.
struct Cut {
  Span span;
  std::string text;          // "1 | 2 3", "1 > 2 3", "1 > 2"
  bool one_way = false;      // something still passes in the other direction
  std::vector<size_t> gaps;  // g: between lanes g and g+1 something is cut
};
std::vector<Cut> cuts_of(const Run& run);

// "client 3", and what the operation is without its times: "set x 7 -> ok".
std::string call_text(const proof::Operation& operation);
std::string result_text(const proof::Operation& operation);
std::string name_of(const Node& node);

// Seconds with as many decimals as `resolution_ns` asks for: "2.345 s".
std::string time_text(int64_t ns, int64_t resolution_ns = 1'000);

}  // namespace coterie::picture
