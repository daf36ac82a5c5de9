// See preamble.h.
#include "coterie/world/net/preamble.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"

namespace coterie::world {

namespace {

constexpr std::string_view magic = "COTP";

}  // namespace

std::array<char, preamble_bytes> encode_preamble(const Preamble& preamble) {
  std::array<char, preamble_bytes> out{};
  std::copy(magic.begin(), magic.end(), out.begin());
  store_le(out.data() + 4, preamble.version);
  store_le(out.data() + 8, preamble.from.value);
  store_le(out.data() + 16, preamble.to.value);
  store_le(out.data() + 24, preamble.process);
  return out;
}

std::array<char, answer_bytes> encode_answer(const Answer& answer) {
  std::array<char, answer_bytes> out{};
  std::copy(magic.begin(), magic.end(), out.begin());
  store_le(out.data() + 4, answer.version);
  store_le(out.data() + 6, static_cast<uint16_t>(answer.verdict));
  store_le(out.data() + 8, answer.from.value);
  return out;
}

Result<uint16_t> decode_version(std::string_view opening) {
  COTERIE_ASSERT(opening.size() == opening_bytes);
  if (opening.substr(0, 4) != magic) return fail(Fault::corrupt, "not a Coterie node");
  return load_le<uint16_t>(opening.data() + 4);
}

Result<Preamble> decode_preamble(std::string_view bytes) {
  COTERIE_ASSERT(bytes.size() == preamble_bytes);
  if (bytes.substr(0, 4) != magic) return fail(Fault::corrupt, "not a Coterie node");
  return Preamble{.version = load_le<uint16_t>(bytes.data() + 4),
                  .from = NodeId(load_le<uint64_t>(bytes.data() + 8)),
                  .to = NodeId(load_le<uint64_t>(bytes.data() + 16)),
                  .process = load_le<uint64_t>(bytes.data() + 24)};
}

Result<Answer> decode_answer(std::string_view bytes) {
  COTERIE_ASSERT(bytes.size() == answer_bytes);
  if (bytes.substr(0, 4) != magic) return fail(Fault::corrupt, "not a Coterie node");
  return Answer{.version = load_le<uint16_t>(bytes.data() + 4),
                .verdict = static_cast<Verdict>(load_le<uint16_t>(bytes.data() + 6)),
                .from = NodeId(load_le<uint64_t>(bytes.data() + 8))};
}

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::welcome:
      return "welcome";
    case Verdict::other_version:
      return "it speaks another version of the peer protocol";
    case Verdict::other_target:
      return "another node answers at that address";
    case Verdict::unknown_node:
      return "this node is not named in its cluster";
    case Verdict::taken:
      return "another process that says it is this node is connected to it";
  }
  return "for a reason this version does not know";
}

}  // namespace coterie::world
