// The picture of a run for a terminal: the verdict, lanes over time, and the events around the
// violated operations in their order. Plain ASCII; no line is wider than the width asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "coterie/picture/run.h"

namespace coterie::picture {

struct TextOptions {
  std::optional<Span> window;  // none: around the violated operations, or all when there are none
  size_t width = 100;          // columns. REQUIRES: >= 40
  size_t events_max = 60;      // lines of events; those nearest to the violated operations stay
  size_t clients_max = 16;     // lanes of clients; those with violated operations come first
};

std::string text_picture(const Run& run, const TextOptions& options = {});

}  // namespace coterie::picture
