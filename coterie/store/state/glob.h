// Patterns of KEYS and SCAN, as Redis matches them: * any bytes, ? one byte, [a-z] one of a class,
// [^a-z] none of it, \ takes the next byte literally. An empty text matches the empty pattern and *
// alone.
#pragma once

#include <string_view>

namespace coterie::state {

// True when the whole text matches. Costs at most pattern.size() * text.size() steps.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace coterie::state
