// COTERIE_MUTANT("name") is a planted bug, to prove that the tests would notice it: `if
// (COTERIE_MUTANT("vote-not-persisted")) ...` is false in every ordinary build and costs nothing
// there. In a build with -DCOTERIE_MUTANTS=ON it is true when that name has been chosen with
// choose_mutant(). Every one is in a catalogue from the start of the program; one bug may have
// several places. Not in templates or inline functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coterie {

// The names, sorted; none in an ordinary build.
std::vector<std::string> all_mutants();
// From now on this bug alone is there; empty: none. False when there is no such name.
bool choose_mutant(std::string_view name);

#ifdef COTERIE_MUTANTS
struct MutantSite {
  const char* name;
  bool* chosen;
};

#define COTERIE_MUTANT(name)                                                                    \
  ([] {                                                                                         \
    static bool mutant_chosen = false;                                                          \
    __attribute__((used,                                                                        \
                   section("coterie_mutants"))) static const ::coterie::MutantSite mutant_site{ \
        name, &mutant_chosen};                                                                  \
    return mutant_chosen;                                                                       \
  }())
#else
#define COTERIE_MUTANT(name) (false)
#endif

}  // namespace coterie
