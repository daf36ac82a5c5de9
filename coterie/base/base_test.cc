// A first check that the vocabulary holds together.
#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/entry.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/state/long_read.h"
#include "coterie/store/state/transaction.h"
#include "coterie/node/gateway.h"
#include "coterie/world/frame.h"
namespace coterie {
namespace {

TEST(Crc32c, KnownValue) { EXPECT_EQ(crc32c("123456789"), 0xe3069283u); EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283u); }
TEST(Codec, RaftMessage) {
  raft::Message m; m.term = Term(7); m.body = raft::Append{Index(1), Term(2), Index(3), 4, Index(0), {Payload::copy_of("abc"), Payload::copy_of("")}};
  auto back = from_wire<raft::Message>(to_wire(m));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<raft::Append>(back->body).entries.size(), 2u);
  EXPECT_EQ(to_wire(*back), to_wire(m));
}
TEST(Entry, RoundTrip) {
  Entry e = make_entry({.group = GroupId(1), .kind = EntryKind::commands, .feature_level = 1, .term = Term(3), .index = Index(9), .stamp_ms = 77, .bytes = {}}, "hello");
  auto back = Entry::from_bytes(e.bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->body().view(), "hello");
  EXPECT_EQ(back->index, Index(9));
}
TEST(Reached, Catalogue) { COTERIE_REACHED("base test"); EXPECT_EQ(reached_sites().size(), 1u); }

}  // namespace
}  // namespace coterie
