// What two nodes say to each other before the first frame (docs/formats/peer_link.md). The dialler
// sends a preamble: who it is and whom it means to reach, since addresses can be mistaken and
// reused. The other side answers with a welcome or says why not, and then only listens: a
// connection carries frames in one direction. The first eight bytes are the same in all versions,
// so that two versions can tell each other.
//
//   preamble, 32 bytes:  "COTP"  u16 version  u16 zero     u64 from  u64 to  u64 process
//   answer, 16 bytes:    "COTP"  u16 version  u16 verdict  u64 who answers
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "coterie/base/ids.h"
#include "coterie/base/result.h"

namespace coterie::world {

inline constexpr uint16_t peer_protocol_version = 2;
inline constexpr size_t opening_bytes = 8;  // magic and version
inline constexpr size_t preamble_bytes = 32;
inline constexpr size_t answer_bytes = 16;

enum class Verdict : uint16_t {
  welcome,
  other_version,  // the two speak different versions of the protocol
  other_target,   // the dialler wants to reach another node than this one
  unknown_node,   // the dialler is not named in this node's cluster
  taken,          // another process that says it is this node is connected, and alive
};

struct Preamble {
  uint16_t version = peer_protocol_version;
  NodeId from;
  NodeId to;
  uint64_t process = 0;  // random, another one in each life of a process
};

struct Answer {
  uint16_t version = peer_protocol_version;
  Verdict verdict = Verdict::welcome;
  NodeId from;
};

std::array<char, preamble_bytes> encode_preamble(const Preamble& preamble);
std::array<char, answer_bytes> encode_answer(const Answer& answer);

// REQUIRES: exactly opening_bytes, preamble_bytes or answer_bytes. Fault::corrupt: not a Coterie
// node at all.
Result<uint16_t> decode_version(std::string_view opening);
Result<Preamble> decode_preamble(std::string_view bytes);
Result<Answer> decode_answer(std::string_view bytes);

// Why a connection was refused, for the log of the one that dialled.
std::string_view verdict_text(Verdict verdict);

}  // namespace coterie::world
