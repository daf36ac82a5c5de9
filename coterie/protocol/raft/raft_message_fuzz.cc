// Any bytes, as a message from a peer and as a membership in an entry: a result, never a crash; and
// what was understood can be written, and is then understood as the same.
#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/protocol/raft/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coterie;
  const std::string_view given(reinterpret_cast<const char*>(data), size);
  if (const auto message = from_wire<raft::Message>(Payload::copy_of(given))) {
    const Payload written = to_wire(*message);
    const auto again = from_wire<raft::Message>(written);
    COTERIE_ASSERT(again.has_value());
    COTERIE_ASSERT(to_wire(*again).view() == written.view());
  }
  Entry header;
  header.kind = EntryKind::membership;
  if (const auto membership = raft::Membership::from_entry(make_entry(header, given))) {
    COTERIE_ASSERT(membership->members.size() <= raft::members_max);
  }
  return 0;
}
