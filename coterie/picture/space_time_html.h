// The picture of a run as one HTML file that needs nothing else: no network, no library. It opens
// on the violated operations; time is zoomed and moved, an event that is clicked shows its causal
// past. Works in light and dark, by keyboard alone, and on a narrow screen.
//
// What does not fit into the bounds is left out by rule (the picture of everything narrows to a
// window around the violation), counted, and said in the page.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "coterie/picture/run.h"

namespace coterie::picture {

struct HtmlOptions {
  std::optional<Span> window;    // draw this part only; none: all of it
  size_t bytes_max = 1'000'000;  // of the file. REQUIRES: >= html_bytes_least
  size_t events_max = 100'000;   // messages, disk work and operations together
};
inline constexpr size_t html_bytes_least = 150'000;

std::string space_time_html(const Run& run, const HtmlOptions& options = {});

}  // namespace coterie::picture
