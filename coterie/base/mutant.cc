// See mutant.h.
#include "coterie/base/mutant.h"

#include <algorithm>

#ifdef COTERIE_MUTANTS
// The linker puts all sites of a program one behind the other; the names are its own.
extern "C" {
extern const coterie::MutantSite __start_coterie_mutants[] __attribute__((weak));
extern const coterie::MutantSite __stop_coterie_mutants[] __attribute__((weak));
}
#endif

namespace coterie {

#ifdef COTERIE_MUTANTS
std::vector<std::string> all_mutants() {
  std::vector<std::string> names;
  for (const MutantSite* site = __start_coterie_mutants; site != __stop_coterie_mutants; ++site)
    names.emplace_back(site->name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool choose_mutant(std::string_view name) {
  bool found = name.empty();
  for (const MutantSite* site = __start_coterie_mutants; site != __stop_coterie_mutants; ++site) {
    *site->chosen = name == site->name;
    found |= *site->chosen;
  }
  return found;
}
#else
std::vector<std::string> all_mutants() { return {}; }
bool choose_mutant(std::string_view name) { return name.empty(); }
#endif

}  // namespace coterie
