// Any bytes, as an entry and through the wire reader: a result, never a crash, and an accepted
// entry is exactly its bytes.
#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/entry.h"

namespace {

struct Leaf {
  uint16_t number = 0;
  std::string text;
};
struct Shape {
  std::vector<Leaf> leaves;
  std::optional<coterie::Payload> payload;
  std::variant<uint64_t, Leaf, std::vector<coterie::Payload>> body;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coterie;
  const std::string_view given(reinterpret_cast<const char*>(data), size);
  const Payload bytes = Payload::copy_of(given);
  if (const auto shape = from_wire<Shape>(bytes)) {
    // What was understood can be written, and is then understood again.
    COTERIE_ASSERT(from_wire<Shape>(to_wire(*shape)).has_value());
  }
  std::string text(given);
  if (text.size() >= entry_header_bytes) {
    // A right size and CRC, so that the fuzzer gets behind them.
    store_le(text.data(), static_cast<uint32_t>(text.size()));
    store_le(text.data() + 4, crc32c(std::string_view(text).substr(8)));
  }
  const Payload record = Payload::copy_of(text);
  if (const auto entry = Entry::from_bytes(record)) {
    COTERIE_ASSERT(entry->bytes.size() <= record.size());
    COTERIE_ASSERT(make_entry(*entry, entry->body().view()).bytes == entry->bytes);
  }
  return 0;
}
