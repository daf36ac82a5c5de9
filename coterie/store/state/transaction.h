// What MULTI gathered, as one command (number::exec): guards, then commands. It is applied as a
// whole or, when a guarded key has changed since it was watched, answered with a null array.
//   args[0]  u32 guards, then a guard each: u8 db, u64 revision seen, u32 key length, key
//   args[1]  the commands, one encoding (batch.h) after the other
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/store/state/batch.h"

namespace coterie::state {

struct Guard {
  uint8_t db = 0;
  std::string key;
  Revision seen;  // 0: the key was absent
};

std::string encode_guards(const std::vector<Guard>& guards);
Result<std::vector<Guard>> decode_guards(std::string_view bytes);

}  // namespace coterie::state
