// What goes between nodes comes back the same, entries included, and malformed bytes are refused.
#include "coterie/node/wire.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/random.h"
#include "coterie/world/frame.h"

namespace coterie::node {
namespace {

Payload joined(const std::vector<Payload>& parts) {
  PayloadBuilder out;
  for (const Payload& part : parts) out.append(part.view());
  return out.take();
}

Entry entry(uint64_t index, std::string_view body) {
  return make_entry({.group = GroupId(1),
                     .kind = EntryKind::commands,
                     .feature_level = 1,
                     .term = Term(7),
                     .index = Index(index),
                     .stamp_ms = 5,
                     .bytes = {}},
                    body);
}

raft::Message append_of(std::vector<Payload> entries) {
  raft::Message message{GroupId(1), NodeId(1), ReplicaId{{0, 10}}, NodeId(2), ReplicaId{{0, 11}},
                        Term(7),    {}};
  message.body = raft::Append{Index(3), Term(6), Index(2), 4, Index(0), std::move(entries)};
  return message;
}

TEST(Wire, AnAppendCarriesTheRecordsThemselves) {
  const Entry one = entry(4, "abc");
  const Entry two = entry(5, "");
  const auto parts = encode_frame(append_of({one.bytes, two.bytes}));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].data(), one.bytes.data());  // not copied
  auto back = decode_frame(joined(parts));
  ASSERT_TRUE(back);
  const auto& append = std::get<raft::Append>(std::get<raft::Message>(*back).body);
  ASSERT_EQ(append.entries.size(), 2u);
  EXPECT_EQ(append.entries[0], one.bytes);
  EXPECT_EQ(append.entries[1], two.bytes);
  EXPECT_EQ(append.previous_index, Index(3));
}

TEST(Wire, NodeMessagesComeBack) {
  Hello hello;
  hello.node = NodeId(3);
  hello.named = {NodeId(1), NodeId(3)};
  hello.resp_address = "127.0.0.1:7379";
  hello.wall = WallTime{77};
  auto back = decode_frame(joined(encode_frame(NodeMessage{hello})));
  ASSERT_TRUE(back);
  const auto& heard = std::get<Hello>(std::get<NodeMessage>(*back));
  EXPECT_EQ(heard.named, hello.named);
  EXPECT_EQ(heard.resp_address, hello.resp_address);
  EXPECT_EQ(heard.wall, hello.wall);
}

TEST(Wire, MalformedBytesAreRefused) {
  Random random(1);
  const Payload good = joined(encode_frame(append_of({entry(4, "abc").bytes})));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    // A frame cut behind its head is an append without entries: legal. Anywhere else it is refused.
    auto decoded = decode_frame(good.slice(0, cut));
    if (!decoded) continue;
    EXPECT_TRUE(std::get<raft::Append>(std::get<raft::Message>(*decoded).body).entries.empty());
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good.text();
    for (uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    (void)decode_frame(Payload::copy_of(bytes));
  }
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out += (i % 16 == 0) ? "\n    " : " ";
    out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return out;
}

// The bytes in docs/formats/frame.md are those of this program.
TEST(Wire, TheDocumentedExample) {
  raft::Message message{GroupId(1), NodeId(1), ReplicaId{{0, 10}}, NodeId(2), ReplicaId{{0, 11}},
                        Term(7),    {}};
  message.body = raft::Heartbeat{Index(5), 3};
  const auto parts = encode_frame(message);
  const Payload frame = joined({world::frame_header(parts), joined(parts)});
  std::ifstream file(std::string(COTERIE_SOURCE_DIR) + "/docs/formats/frame.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find("    " + hex(frame.view()) + "\n"), std::string::npos)
      << "docs/formats/frame.md should hold:\n    " << hex(frame.view());
}

}  // namespace
}  // namespace coterie::node
