// Any bytes as requests. Cut anywhere, they are the same requests and the same error as in one
// piece.
#include <string>
#include <vector>

#include "coterie/base/assert.h"
#include "coterie/base/random.h"
#include "coterie/server/resp/request_parser.h"

namespace {

using namespace coterie::resp;

RequestLimits small_limits() {
  RequestLimits limits;
  limits.request_bytes_max = 600;
  limits.elements_max = 30;
  limits.bulk_bytes_max = 300;
  limits.inline_bytes_max = 120;
  return limits;
}

struct Parsed {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  bool operator==(const Parsed&) const = default;
};

// Takes up to `most` requests; false: no more can be had from what was fed.
bool take(RequestParser& parser, size_t most, Parsed& parsed) {
  for (; most > 0; --most) {
    const auto outcome = parser.next();
    if (outcome == RequestParser::Outcome::malformed) parsed.error = parser.error();
    if (outcome != RequestParser::Outcome::complete) return false;
    COTERIE_ASSERT(!parser.words().empty());
    parsed.requests.emplace_back(parser.words().begin(), parser.words().end());
    parser.consume();
  }
  return true;
}

Parsed parse_whole(std::string_view bytes) {
  RequestParser parser(small_limits());
  Parsed parsed;
  parser.feed(bytes);
  take(parser, bytes.size() + 1, parsed);
  return parsed;
}

// In pieces, a few requests at a time, and with requests that are looked at and left for later.
Parsed parse_pieces(std::string_view bytes, coterie::Random random) {
  RequestParser parser(small_limits());
  Parsed parsed;
  while (!bytes.empty() && parsed.error.empty()) {
    const size_t size =
        std::min<size_t>(bytes.size(), 1 + random.below(random.chance(0.5) ? 4 : 60));
    const std::string lent(bytes.substr(0, size));
    bytes.remove_prefix(size);
    parser.feed(lent);
    take(parser, random.below(4), parsed);
    if (random.chance(0.3)) parser.next();
    parser.settle();
  }
  while (parsed.error.empty() && take(parser, 1, parsed)) {
  }
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  COTERIE_ASSERT(parse_pieces(bytes, coterie::Random(data[0])) == parse_whole(bytes));
  return 0;
}
