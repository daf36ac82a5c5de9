// See mutant.h.
#include "coterie/base/mutant.h"

#include <string>

namespace coterie {

#ifdef COTERIE_MUTANTS
namespace {
std::string& chosen() {
  static std::string name;
  return name;
}
}  // namespace

bool mutant_chosen(std::string_view name) { return chosen() == name; }
void choose_mutant(std::string_view name) { chosen() = name; }
#endif

}  // namespace coterie
