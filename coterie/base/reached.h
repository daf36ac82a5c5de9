// COTERIE_REACHED("name") marks a rare path. Every mark is in a catalogue from the start of the
// program, counted when it is passed, so that a simulation can say which paths no seed has reached.
// Not in templates or inline functions.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace coterie {

struct ReachedSite {
  const char* name;
  const char* file;
  int line;
  std::atomic<uint64_t>* count;
};

// All marks that are linked into the program, in no particular order.
std::vector<ReachedSite> reached_sites();

}  // namespace coterie

#define COTERIE_REACHED(name)                                                                     \
  do {                                                                                            \
    static std::atomic<uint64_t> reached_count{0};                                                \
    __attribute__((used,                                                                          \
                   section("coterie_reached"))) static const ::coterie::ReachedSite reached_site{ \
        name, __FILE__, __LINE__, &reached_count};                                                \
    reached_count.fetch_add(1, std::memory_order_relaxed);                                        \
  } while (false)
