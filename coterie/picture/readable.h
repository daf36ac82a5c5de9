// Text from outside, made fit to be shown: keys and values of histories may hold any bytes. What
// cannot be seen, or would change how its surroundings are read (control characters, marks of
// writing direction, bytes that are no UTF-8), is shown as an escape; a backslash is doubled, so
// that the text tells exactly what the bytes were. Then it is escaped for where it goes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coterie::picture {

inline constexpr size_t readable_bytes_usual = 200;

enum class Alphabet { unicode, ascii };

// At most the first `bytes_max` bytes are shown (cut between characters); how many more there were
// is said. Newlines and tabs are escapes too: the result is one line.
std::string readable(std::string_view bytes, size_t bytes_max = readable_bytes_usual,
                     Alphabet alphabet = Alphabet::unicode);

// For text and double-quoted attributes of HTML. REQUIRES: `text` is valid UTF-8, as readable()
// gives it.
std::string html_escaped(std::string_view text);

// A JSON string with its quotes, that may stand in a script element: no '<' is left in it.
// REQUIRES: as above.
std::string json_quoted(std::string_view text);

}  // namespace coterie::picture
