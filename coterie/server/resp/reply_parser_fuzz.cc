// Any bytes as replies. Cut anywhere, they are the same replies and the same error as in one piece;
// and what is canonical becomes RESP2 and RESP3 that is understood again.
#include <string>
#include <vector>

#include "coterie/base/assert.h"
#include "coterie/base/random.h"
#include "coterie/server/resp/reply_conversion.h"
#include "coterie/server/resp/value.h"

namespace {

using namespace coterie;
using namespace coterie::resp;

constexpr ReplyLimits limits{.depth_max = 8, .reply_bytes_max = 1'000, .elements_max = 60};

// True: there may be more. Appends what is found, described.
void take(ReplyParser& parser, std::vector<std::string>& found) {
  while (true) {
    const auto next = parser.next();
    if (!next) {
      if (found.empty() || found.back() != "broken") found.push_back("broken");
      return;
    }
    if (!next->has_value()) return;
    found.push_back(describe(**next));
  }
}

std::vector<std::string> parse(std::string_view bytes, Random* random) {
  ReplyParser parser(limits);
  std::vector<std::string> found;
  while (!bytes.empty()) {
    const size_t size =
        random == nullptr ? bytes.size() : std::min<size_t>(bytes.size(), 1 + random->below(20));
    parser.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    take(parser, found);
  }
  return found;
}

// A reply as the state machine might make it.
void build(ReplyBuilder& out, Random& random, int depth) {
  const uint64_t elements = depth > 3 ? 0 : random.below(4);
  switch (random.below(12)) {
    case 0:
      return out.simple("a status");
    case 1:
      return out.error("ERR an\r\nerror");
    case 2:
      return out.integer(static_cast<int64_t>(random.next()));
    case 3:
      return out.bulk("\r\n*-1\r\n_\r\n");
    case 4:
      return out.null();
    case 5:
      return out.null_array();
    case 6:
      return out.boolean(random.chance(0.5));
    case 7:
      return out.real(random.unit());
    case 8:
      out.array(elements);
      break;
    case 9:
      out.set(elements);
      break;
    case 10:
      out.push(elements);
      break;
    case 11:
      out.map(elements);
      for (uint64_t i = 0; i < elements; ++i) build(out, random, depth + 1);
      break;
  }
  for (uint64_t i = 0; i < elements; ++i) build(out, random, depth + 1);
}

void check_conversion(Random random) {
  ReplyBuilder builder;
  build(builder, random, 0);
  const Reply canonical = builder.take();
  COTERIE_ASSERT(first_reply_bytes(canonical.view()) == canonical.size());
  for (const Protocol protocol : {Protocol::resp2, Protocol::resp3}) {
    const Payload converted = convert(canonical, protocol);
    ReplyParser parser;
    parser.feed(converted.view());
    const auto next = parser.next();
    COTERIE_ASSERT(next.has_value() && next->has_value() && parser.waiting_bytes() == 0);
    COTERIE_ASSERT(convert(converted, protocol) == converted);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  Random random(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  COTERIE_ASSERT(parse(bytes, nullptr) == parse(bytes, &random));
  uint64_t seed = size;
  for (size_t i = 0; i < size; ++i) seed = mix_seed(seed, data[i]);
  check_conversion(Random(seed));
  return 0;
}
