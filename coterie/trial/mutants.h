// What the planted bugs are, in words: for `coterie sim --mutant list` and the table in
// docs/explanation/mutants.md. The bugs themselves stand where such mistakes are made
// (base/mutant.h); a test compares the names there with those here.
#pragma once

#include <string_view>
#include <vector>

namespace coterie::trial {

struct MutantDescription {
  std::string_view name;
  std::string_view room;     // where it is planted
  std::string_view mistake;  // what the code does then, in one line
};

// By room, then by name.
const std::vector<MutantDescription>& described_mutants();
// None: there is no such name.
const MutantDescription* described_mutant(std::string_view name);

}  // namespace coterie::trial
