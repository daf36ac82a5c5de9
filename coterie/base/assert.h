// A broken invariant stops the process, in release too: a node that goes on after one may
// acknowledge what it will not keep. Expected failures are not asserted; they are Result values
// (result.h).
#pragma once

namespace coterie {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace coterie

// Stops the process with file and line when the expression is false. The expression has no side
// effects.
#define COTERIE_ASSERT(expression)     \
  ((expression) ? static_cast<void>(0) \
                : ::coterie::assertion_failed(#expression, __FILE__, __LINE__))
