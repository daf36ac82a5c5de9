// Any bytes from a peer: as a stream of frames, and as the content of frames that are right, so
// that the fuzzer gets behind the CRC. A message that is understood can be written and is then
// understood as the same.
#include <string>
#include <vector>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/random.h"
#include "coterie/node/wire.h"
#include "coterie/protocol/raft/message.h"
#include "coterie/world/frame.h"

namespace {

using namespace coterie;

Payload join(const std::vector<Payload>& parts) {
  PayloadBuilder out;
  for (const Payload& part : parts) out.append(part.view());
  return out.take();
}

void check_message(const Payload& bytes) {
  if (const auto message = from_wire<raft::Message>(bytes)) {
    const Payload again = to_wire(*message);
    const auto same = from_wire<raft::Message>(again);
    COTERIE_ASSERT(same.has_value() && to_wire(*same) == again);
  }
  if (const auto message = node::decode_frame(bytes)) {
    const Payload again =
        join(std::visit([](const auto& kind) { return node::encode_frame(kind); }, *message));
    const auto same = node::decode_frame(again);
    COTERIE_ASSERT(same.has_value());
    COTERIE_ASSERT(join(std::visit([](const auto& kind) { return node::encode_frame(kind); },
                                   *same)) == again);
  }
}

// A message of one of the kinds, filled so that there is something to change.
raft::Message message_of(size_t kind) {
  raft::Append append;
  append.previous_index = Index(4), append.previous_term = Term(2), append.commit = Index(3);
  for (uint64_t index : {5, 6}) {
    append.entries.push_back(make_entry({.group = GroupId(1),
                                         .kind = EntryKind::commands,
                                         .feature_level = 1,
                                         .term = Term(2),
                                         .index = Index(index),
                                         .stamp_ms = 1,
                                         .bytes = {}},
                                        "body")
                                 .bytes);
  }
  raft::SnapshotChunk chunk;
  chunk.point.index = Index(9);
  chunk.point.membership.members = {{NodeId(1), {}, true}, {NodeId(2), {}, false}};
  chunk.data = Payload::copy_of("piece");
  const raft::Body bodies[] = {raft::VoteRequest{},
                               raft::VoteReply{},
                               append,
                               raft::AppendReply{},
                               raft::Heartbeat{},
                               raft::HeartbeatReply{},
                               chunk,
                               raft::SnapshotReply{},
                               raft::TimeoutNow{},
                               raft::ReadIndexRequest{},
                               raft::ReadIndexReply{}};
  raft::Message message;
  message.group = GroupId(1);
  message.from_node = NodeId(1), message.to_node = NodeId(2), message.term = Term(3);
  message.body = bodies[kind % std::size(bodies)];
  return message;
}

// A right message, changed: pairs of bytes say where and to what; an odd byte at the end cuts it.
void check_changed_message(std::string_view changes) {
  if (changes.empty()) return;
  const raft::Message message = message_of(static_cast<unsigned char>(changes[0]));
  for (std::string bytes : {to_wire(message).text(), join(node::encode_frame(message)).text()}) {
    std::string_view rest = changes.substr(1);
    for (; rest.size() >= 2; rest.remove_prefix(2))
      bytes[static_cast<unsigned char>(rest[0]) % bytes.size()] = rest[1];
    if (!rest.empty()) bytes.resize(static_cast<unsigned char>(rest[0]) % bytes.size());
    check_message(Payload::copy_of(bytes));
  }
}

// The frames of a stream that is fed in pieces; the last one is "broken" when it breaks.
std::vector<std::string> frames_of(std::string_view stream, Random* random) {
  world::FrameDecoder decoder(4'096);
  std::vector<std::string> frames;
  while (!stream.empty()) {
    const size_t size =
        random == nullptr ? stream.size() : std::min<size_t>(stream.size(), 1 + random->below(50));
    decoder.feed(stream.substr(0, size));
    stream.remove_prefix(size);
    while (true) {
      const auto next = decoder.next();
      if (!next) {
        frames.push_back("broken");
        return frames;
      }
      if (!next->has_value()) break;
      frames.push_back((*next)->text());
    }
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Payload content = Payload::copy_of(bytes);
  check_message(content);
  check_changed_message(bytes);

  Random random(data[0]);
  COTERIE_ASSERT(frames_of(bytes, nullptr) == frames_of(bytes, &random));
  // Right frames, then the bytes as they are.
  const std::string right = world::frame_header({content}).text() + content.text();
  const auto frames = frames_of(right + right + content.text(), &random);
  if (content.size() <= 4'096)
    COTERIE_ASSERT(frames.size() >= 2 && frames[0] == bytes && frames[1] == bytes);
  return 0;
}
