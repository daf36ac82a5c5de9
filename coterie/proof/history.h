// A history is what clients saw: operations with the times of their call and their return. It knows
// nothing of how the store works, so it can judge any store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::proof {

enum class Outcome : uint8_t {
  ok,       // returned, with a result
  failed,   // known not to have happened: such operations are left out of a history
  unknown,  // may have happened, at any time after its call
};

struct Operation {
  uint32_t client = 0;
  std::string name;  // "set", "get", "incr", "del"
  std::string key;
  std::string value;   // written, or what the operation is given
  std::string result;  // read; "" stands for nothing
  int64_t called_ns = 0;
  int64_t returned_ns = 0;  // of unknown outcomes ignored: they stay open to the end
  Outcome outcome = Outcome::ok;
};

using History = std::vector<Operation>;

// One line for messages: `client 3: set x 7 -> ok [12.5, 13.1] ms`.
std::string describe(const Operation& operation);

}  // namespace coterie::proof
