// What a judge that knows more of its object than the general search says of a violation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::proof {

struct Conviction {
  std::string why;                   // one sentence, without the key
  std::vector<uint32_t> operations;  // that show it, as indices into the history
};

}  // namespace coterie::proof
