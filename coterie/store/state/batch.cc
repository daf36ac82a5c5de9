// See batch.h.
#include "coterie/store/state/batch.h"

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"

namespace coterie::state {

namespace {

// Offsets of the fields of a command and of a block.
constexpr size_t size_field_bytes = 4;
constexpr size_t command_at = 4, db_at = 6, reserved_at = 7, argc_at = 8, ends_at = 12;
constexpr size_t first_number_at = 8, acknowledged_at = 16, count_at = 24, block_size_at = 28;

}  // namespace

Result<CommandView> CommandView::check(std::string_view bytes) {
  if (bytes.size() < ends_at) return fail(Fault::corrupt, "command shorter than its header");
  const uint64_t size_bytes = uint64_t{load_le<uint32_t>(bytes.data())} + size_field_bytes;
  if (size_bytes < ends_at || size_bytes > bytes.size()) {
    return fail(Fault::corrupt, "command with an impossible size");
  }
  if (load_le<uint8_t>(bytes.data() + db_at) >= databases || bytes[reserved_at] != 0) {
    return fail(Fault::corrupt, "command for a database that does not exist");
  }
  const uint64_t argc = load_le<uint32_t>(bytes.data() + argc_at);
  if (argc > batch_arguments_max || argc * sizeof(uint32_t) > size_bytes - ends_at) {
    return fail(Fault::corrupt, "command with an impossible number of arguments");
  }
  const uint64_t arguments_bytes = size_bytes - ends_at - argc * sizeof(uint32_t);
  uint32_t last_end = 0;
  for (uint64_t i = 0; i < argc; ++i) {
    const auto end = load_le<uint32_t>(bytes.data() + ends_at + i * sizeof(uint32_t));
    if (end < last_end) return fail(Fault::corrupt, "command whose arguments overlap");
    last_end = end;
  }
  if (last_end != arguments_bytes)
    return fail(Fault::corrupt, "command whose arguments do not fill it");
  return CommandView(bytes.substr(0, size_bytes));
}

uint16_t CommandView::command() const { return load_le<uint16_t>(bytes_.data() + command_at); }
uint8_t CommandView::db() const { return load_le<uint8_t>(bytes_.data() + db_at); }
uint32_t CommandView::argc() const { return load_le<uint32_t>(bytes_.data() + argc_at); }

std::string_view CommandView::arg(uint32_t i) const {
  const uint32_t count = argc();
  COTERIE_ASSERT(i < count);
  const char* ends = bytes_.data() + ends_at;
  const size_t begin = i == 0 ? 0 : load_le<uint32_t>(ends + (i - 1) * sizeof(uint32_t));
  const size_t end = load_le<uint32_t>(ends + i * sizeof(uint32_t));
  return bytes_.substr(ends_at + count * sizeof(uint32_t) + begin, end - begin);
}

void CommandView::args(std::vector<std::string_view>& out) const {
  out.clear();
  const uint32_t count = argc();
  const char* ends = bytes_.data() + ends_at;
  const char* arguments = ends + count * sizeof(uint32_t);
  uint32_t begin = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const auto end = load_le<uint32_t>(ends + i * sizeof(uint32_t));
    out.emplace_back(arguments + begin, end - begin);
    begin = end;
  }
}

size_t CommandView::size_bytes() const { return bytes_.size(); }
std::string_view CommandView::bytes() const { return bytes_; }

size_t encode_command(PayloadBuilder& out, uint16_t command, uint8_t db,
                      std::span<const std::string_view> args) {
  COTERIE_ASSERT(db < databases && args.size() <= batch_arguments_max);
  size_t arguments_bytes = 0;
  for (std::string_view arg : args) arguments_bytes += arg.size();
  const size_t size_bytes = ends_at + args.size() * sizeof(uint32_t) + arguments_bytes;
  COTERIE_ASSERT(size_bytes <= payload_bytes_max);
  char* place = out.extend(size_bytes);
  store_le(place, static_cast<uint32_t>(size_bytes - size_field_bytes));
  store_le(place + command_at, command);
  store_le(place + db_at, db);
  store_le(place + reserved_at, uint8_t{0});
  store_le(place + argc_at, static_cast<uint32_t>(args.size()));
  char* ends = place + ends_at;
  char* at = ends + args.size() * sizeof(uint32_t);
  uint32_t end = 0;
  for (std::string_view arg : args) {
    if (!arg.empty()) std::memcpy(at + end, arg.data(), arg.size());
    end += static_cast<uint32_t>(arg.size());
    store_le(ends, end);
    ends += sizeof(uint32_t);
  }
  return size_bytes;
}

void encode_block_header(PayloadBuilder& out, const BlockHeader& header, size_t commands_bytes) {
  COTERIE_ASSERT(commands_bytes <= payload_bytes_max);
  char* place = out.extend(block_header_bytes);
  store_le(place, header.session.value);
  store_le(place + first_number_at, header.first_number);
  store_le(place + acknowledged_at, header.acknowledged);
  store_le(place + count_at, header.count);
  store_le(place + block_size_at, static_cast<uint32_t>(commands_bytes));
}

Result<BlockView> BlockView::check(std::string_view bytes) {
  if (bytes.size() < block_header_bytes)
    return fail(Fault::corrupt, "block shorter than its header");
  const size_t commands_bytes = load_le<uint32_t>(bytes.data() + block_size_at);
  if (commands_bytes > bytes.size() - block_header_bytes) {
    return fail(Fault::corrupt, "block with an impossible size");
  }
  const BlockView block(bytes.substr(0, block_header_bytes + commands_bytes));
  const BlockHeader header = block.header();
  if (header.first_number > UINT64_MAX - header.count)
    return fail(Fault::corrupt, "block whose numbers overflow");
  std::string_view rest = block.bytes_.substr(block_header_bytes);
  for (uint32_t i = 0; i < header.count; ++i) {
    const auto command = CommandView::check(rest);
    if (!command) return tl::unexpected(command.error());
    rest.remove_prefix(command->size_bytes());
  }
  if (!rest.empty()) return fail(Fault::corrupt, "block with bytes after its commands");
  return block;
}

BlockHeader BlockView::header() const {
  const char* at = bytes_.data();
  return {SessionId(load_le<uint64_t>(at)), load_le<uint64_t>(at + first_number_at),
          load_le<uint64_t>(at + acknowledged_at), load_le<uint32_t>(at + count_at)};
}

size_t BlockView::size_bytes() const { return bytes_.size(); }
std::string_view BlockView::bytes() const { return bytes_; }

void BlockView::each(const std::function<void(uint64_t, const CommandView&)>& visit) const {
  uint64_t number = header().first_number;
  std::string_view rest = bytes_.substr(block_header_bytes);
  while (!rest.empty()) {
    const size_t size_bytes = size_t{load_le<uint32_t>(rest.data())} + size_field_bytes;
    visit(number++, CommandView(rest.substr(0, size_bytes)));
    rest.remove_prefix(size_bytes);
  }
}

Result<void> each_block(std::string_view body, const std::function<void(const BlockView&)>& visit) {
  while (!body.empty()) {
    COTERIE_TRY(block, BlockView::check(body));
    visit(block);
    body.remove_prefix(block.size_bytes());
  }
  return {};
}

}  // namespace coterie::state
