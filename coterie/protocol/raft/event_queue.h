// EventQueue holds what is still to happen in a RaftCluster, in order of time, and of being
// scheduled where times agree.
#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/protocol/raft/io.h"

namespace coterie::raft {

struct Event {
  enum class Kind : uint8_t {
    message,
    wake,
    written,
    snapshot_read,
    snapshot_installed,
    peer_down,
    peer_up,
    hello
  };
  Kind kind = Kind::wake;
  NodeId node;         // to whom it happens
  uint64_t epoch = 0;  // of that node; other epochs are void
  uint64_t number = 0;
  NodeId peer;
  Message message;  // also carries snapshot points, in a SnapshotChunk
  SnapshotRead read{};
};

class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  Instant next_at() const { return heap_.front().at; }  // REQUIRES: !empty()
  const Event& next() const { return events_[heap_.front().slot]; }
  // The event to be filled in; valid until the next push or pop.
  Event& push(Instant at, Event::Kind kind, NodeId node);
  // Moves the next event out. REQUIRES: !empty()
  void pop(Event& into);

 private:
  struct Item {
    Instant at;
    uint64_t order;
    uint32_t slot;
  };
  struct Later {  // a type, so that the heap's functions contain it
    bool operator()(const Item& a, const Item& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  std::vector<Item> heap_;
  std::vector<Event> events_;
  std::vector<uint32_t> free_;
  uint64_t order_ = 0;
};

}  // namespace coterie::raft
