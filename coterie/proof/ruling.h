// What a judge says of a history: it holds, it is violated (why, and which operations show it), or
// a bound was met (which one) before the judge knew. There is no other "unknown".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::proof {

enum class Verdict : uint8_t { holds, violated, bound_met };

// What a judge may use. Each is a limit of one call of judge().
enum class Bound : uint8_t {
  none,
  steps,       // tries to place one more operation in an order
  memory,      // bytes held by the search
  open,        // operations of one part that overlap at one moment, unknown ones not counted
  vocabulary,  // an operation that the model does not know: nothing was judged
};
std::string_view bound_name(Bound bound);

struct Ruling {
  Verdict verdict = Verdict::holds;
  // One sentence for a person. Of a violation: the key, and what nothing explains; of a bound:
  // which, and how to raise it. Empty when the history holds.
  std::string why;
  // Of a violation: the shortest explanation found, as indices into the history, in the order of
  // their calls. No order of these alone explains their results.
  std::vector<size_t> operations;
  Bound bound = Bound::none;
  // The key (or keys, joined by spaces) of the part that is violated or met the bound.
  std::string key;
};

}  // namespace coterie::proof
