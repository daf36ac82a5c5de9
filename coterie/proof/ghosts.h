// Values that only operations of unknown outcome have written and that nothing has ever shown are
// like each other: whether the store held this one or that one, nobody could have told. They become
// one value, so that a search counts such operations instead of telling them apart.
#pragma once

#include "coterie/proof/part.h"

namespace coterie::proof {

// Replaces them in the calls of `part`. The part holds exactly when it held before. Texts whose
// length or number something may show are told apart by their length, or left alone.
void replace_ghosts(Part& part, ValuePool& pool);

}  // namespace coterie::proof
