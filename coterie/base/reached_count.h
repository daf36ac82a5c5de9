// How often one rare path was taken, for tests that must see it taken.
#pragma once

#include <cstdint>
#include <string_view>

#include "coterie/base/reached.h"

namespace coterie {

// 0 too when there is none of that name.
inline uint64_t reached(std::string_view name) {
  uint64_t count = 0;
  for (const ReachedSite& site : reached_sites())
    count += name == site.name ? site.count->load() : 0;
  return count;
}

}  // namespace coterie
