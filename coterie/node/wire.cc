// See wire.h.
#include "coterie/node/wire.h"

#include "coterie/base/codec.h"

namespace coterie::node {

namespace {
enum FrameKind : char { kind_node = 1, kind_raft = 2 };
constexpr size_t message_header_bytes = 5;  // kind, u32 size of the message that follows

// The message, then whatever else belongs to the frame.
template <class T>
Payload encode_head(FrameKind kind, const T& message) {
  PayloadBuilder out(192);
  out.push(kind);
  out.extend(4);
  wire::encode(out, message);
  char size[4];
  store_le(size, static_cast<uint32_t>(out.size() - message_header_bytes));
  out.overwrite(1, {size, 4});
  return out.take();
}
}  // namespace

std::vector<Payload> encode_frame(const NodeMessage& message) {
  return {encode_head(kind_node, message)};
}

std::vector<Payload> encode_frame(const raft::Message& message) {
  const auto* append = std::get_if<raft::Append>(&message.body);
  if (append == nullptr || append->entries.empty()) return {encode_head(kind_raft, message)};
  raft::Message head = message;
  std::vector<Payload> records = std::move(std::get<raft::Append>(head.body).entries);
  std::get<raft::Append>(head.body).entries.clear();
  records.insert(records.begin(), encode_head(kind_raft, head));
  return records;
}

Result<AnyMessage> decode_frame(const Payload& frame) {
  if (frame.size() < message_header_bytes) return fail(Fault::corrupt, "frame without a message");
  const auto size_bytes = load_le<uint32_t>(frame.data() + 1);
  if (size_bytes > frame.size() - message_header_bytes)
    return fail(Fault::corrupt, "message cut short");
  const Payload head = frame.slice(message_header_bytes, size_bytes);
  Payload rest = frame.slice(message_header_bytes + size_bytes,
                             frame.size() - message_header_bytes - size_bytes);
  if (frame.data()[0] == kind_node) {
    COTERIE_TRY(message, from_wire<NodeMessage>(head));
    if (!rest.empty()) return fail(Fault::corrupt, "bytes behind a message");
    return AnyMessage{std::move(message)};
  }
  if (frame.data()[0] != kind_raft) return fail(Fault::corrupt, "frame of an unknown kind");
  COTERIE_TRY(message, from_wire<raft::Message>(head));
  auto* append = std::get_if<raft::Append>(&message.body);
  if (append == nullptr) {
    if (!rest.empty()) return fail(Fault::corrupt, "bytes behind a message");
    return AnyMessage{std::move(message)};
  }
  while (!rest.empty()) {
    // The record's own CRC is checked where the entry is taken in, by Entry::from_bytes; here only
    // its extent.
    if (rest.size() < entry_header_bytes) return fail(Fault::corrupt, "entry cut short");
    const auto record_bytes = load_le<uint32_t>(rest.data());
    if (record_bytes < entry_header_bytes || record_bytes > rest.size()) {
      return fail(Fault::corrupt, "entry with an impossible size");
    }
    append->entries.push_back(rest.slice(0, record_bytes));
    rest = rest.slice(record_bytes, rest.size() - record_bytes);
  }
  return AnyMessage{std::move(message)};
}

}  // namespace coterie::node
