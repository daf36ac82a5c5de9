// COTERIE_MUTANT("name") is a planted bug, to prove that the tests would notice it: `if
// (COTERIE_MUTANT("vote-not- persisted")) ...` is false in every ordinary build and costs nothing
// there. In a build with -DCOTERIE_MUTANTS=ON it is true when that name has been chosen with
// choose_mutant().
#pragma once

#include <string_view>

namespace coterie {

#ifdef COTERIE_MUTANTS
bool mutant_chosen(std::string_view name);
void choose_mutant(std::string_view name);  // empty: none
#define COTERIE_MUTANT(name) (::coterie::mutant_chosen(name))
#else
#define COTERIE_MUTANT(name) (false)
#endif

}  // namespace coterie
