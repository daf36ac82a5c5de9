// See reached.h. The linker gathers the sites in one section and marks its two ends.
#include "coterie/base/reached.h"

extern "C" {
extern const coterie::ReachedSite __start_coterie_reached[] __attribute__((weak));
extern const coterie::ReachedSite __stop_coterie_reached[] __attribute__((weak));
}

namespace coterie {

std::vector<ReachedSite> reached_sites() {
  return {__start_coterie_reached, __stop_coterie_reached};
}

}  // namespace coterie
