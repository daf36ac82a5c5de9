// The picture of the rooms and their arrows, made from coterie/LAYERS: an SVG
// (docs/architecture.svg) and the same in text for docs/ARCHITECTURE.md. Rooms stand above those
// they use; arrows that others imply are left out.
#pragma once

#include <string>

#include "tests/tidy/layers.h"

namespace coterie::tidy {

std::string draw_svg(const Layers& layers);
std::string draw_text(const Layers& layers);  // a fenced block of Markdown

// `page` with what stands between its two marks replaced by `generated`; unchanged when it has no
// marks.
std::string with_generated_part(const std::string& page, const std::string& generated);
inline constexpr std::string_view generated_begin =
    "<!-- rooms: made from coterie/LAYERS by tests/tidy -->\n";
inline constexpr std::string_view generated_end = "<!-- end of rooms -->";

}  // namespace coterie::tidy
