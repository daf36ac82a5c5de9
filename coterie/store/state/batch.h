// The body of an entry of commands: blocks, one after the other. A block is what one session asked
// for in one turn; its node encodes it once, and the leader puts the very bytes into an entry.
// Little-endian (docs/formats/batch.md):
//
//   block    u64 session (0: the leader's own)  u64 first_number  u64 acknowledged  u32 count  u32
//   size_bytes of what follows
//            then `count` commands; the i-th has number first_number + i. Replies up to
//            `acknowledged` may be dropped.
//   command  u32 size_bytes of what follows  u16 command number  u8 db  u8 reserved (0)  u32 argc
//            argc times u32 end offset of the argument in the bytes that follow; the bytes
//
// BlockView and CommandView are gateways: check() faces bytes from outside; after it the accessors
// assume.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"

namespace coterie::state {

inline constexpr size_t block_header_bytes = 32;
inline constexpr uint32_t batch_arguments_max = 1u << 20;  // of one command
inline constexpr uint8_t databases = 16;

// One command, looked at in place. Arguments do not include the command's name.
class CommandView {
 public:
  // `bytes`: from the u32 size on; may be longer. Fault::corrupt when it is not a whole command
  // with a db < databases. An unknown command number passes: apply answers it with an error.
  static Result<CommandView> check(std::string_view bytes);

  uint16_t command() const;
  uint8_t db() const;
  uint32_t argc() const;
  std::string_view arg(uint32_t i) const;               // REQUIRES: i < argc()
  void args(std::vector<std::string_view>& out) const;  // all of them; what was in `out` is dropped
  size_t size_bytes() const;                            // the whole encoding, its size included
  std::string_view bytes() const;

 private:
  friend class BlockView;
  explicit CommandView(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

// Appends the encoding of one command. Returns its size.
size_t encode_command(PayloadBuilder& out, uint16_t command, uint8_t db,
                      std::span<const std::string_view> args);

struct BlockHeader {
  SessionId session;
  uint64_t first_number = 0;
  uint64_t acknowledged = 0;
  uint32_t count = 0;
};

// Appends a block header for `commands_bytes` of commands that the caller appends next.
void encode_block_header(PayloadBuilder& out, const BlockHeader& header, size_t commands_bytes);

class BlockView {
 public:
  // `bytes` may be longer than the block. Checks every command in it.
  static Result<BlockView> check(std::string_view bytes);

  BlockHeader header() const;
  size_t size_bytes() const;
  std::string_view bytes() const;
  // Calls visit(number, command) in order.
  void each(const std::function<void(uint64_t, const CommandView&)>& visit) const;

 private:
  explicit BlockView(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

// Calls visit for each block of an entry's body; stops and returns Fault::corrupt at a malformed
// one.
Result<void> each_block(std::string_view body, const std::function<void(const BlockView&)>& visit);

}  // namespace coterie::state
