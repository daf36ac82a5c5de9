// Any bytes as a file of JSON lines: a history or a refusal. What was read can be written, is then
// read as the same, and can be judged.
#include <sstream>
#include <string>

#include "coterie/base/assert.h"
#include "coterie/proof/json_lines.h"
#include "coterie/proof/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coterie::proof;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  const auto history = read_history(in);
  if (!history) {
    COTERIE_ASSERT(!history.error().message.empty());
    return 0;
  }
  std::stringstream written;
  write_history(*history, written);
  const auto again = read_history(written);
  COTERIE_ASSERT(again.has_value() && *again == *history);

  Bounds bounds;
  bounds.steps_max = 20'000;
  bounds.explain_tries_max = 50;
  const Ruling ruling = judge(*history, Model::automatic, bounds);
  COTERIE_ASSERT((ruling.verdict == Verdict::bound_met) == (ruling.bound != Bound::none));
  COTERIE_ASSERT((ruling.verdict == Verdict::holds) == ruling.why.empty());
  for (const size_t operation : ruling.operations) COTERIE_ASSERT(operation < history->size());
  return 0;
}
