// See assert.h.
#include "coterie/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace coterie {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "coterie: invariant broken: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace coterie
