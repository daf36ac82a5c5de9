// What nodes say to each other, beside what their Raft machines say. A frame is one byte of kind
// and a body in the wire form of base/codec.h (docs/formats/frame.md). A Raft message with entries
// is its header followed by the records as they stand in the log: nothing is encoded twice.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/protocol/raft/message.h"

namespace coterie::node {

inline constexpr uint32_t wire_version = 1;

// The record that founds a cluster: who is in it from the beginning. Made once, by the node with
// the least id, when all named nodes have answered and are empty.
struct FoundingRecord {
  ClusterId cluster;
  raft::Membership membership;
};

// Sent first on every new connection and again when something in it has changed.
struct Hello {
  uint32_t version = wire_version;
  NodeId node;
  ReplicaId replica;
  ClusterId cluster;          // zero: not founded yet
  std::string founding;       // wire form of the FoundingRecord; empty: not founded yet
  std::vector<NodeId> named;  // the nodes its --cluster names
  std::string resp_address;
  std::string http_address;
  WallTime wall;
  bool disk_full = false;
  uint16_t feature_level = 0;
  bool given_up = false;  // not empty: it still holds the data of a replica that was given up
  ClusterId former;       // whose data those are; zero: that is lost too

  // Whose data it holds.
  ClusterId belongs_to() const { return cluster ? cluster : former; }
};

// Commands of a node's session, for the leader: blocks as in store/state/batch.h, one after the
// other.
struct Forward {
  GroupId group;
  uint64_t pass = 0;  // rises with each time the sender started to send again
  Payload blocks;
};

// The leader could not take a block: it wants the numbers from `expected` on, or the sender does
// not know the leader.
struct ForwardRefused {
  GroupId group;
  uint64_t pass = 0;
  SessionId session;
  uint64_t expected = 0;  // 0: not leading, or not ready: send again when a leader is known
};

using NodeMessage = std::variant<Hello, Forward, ForwardRefused>;

std::vector<Payload> encode_frame(const NodeMessage& message);
std::vector<Payload> encode_frame(const raft::Message& message);

using AnyMessage = std::variant<NodeMessage, raft::Message>;
// Faces bytes from a peer.
Result<AnyMessage> decode_frame(const Payload& frame);

}  // namespace coterie::node
