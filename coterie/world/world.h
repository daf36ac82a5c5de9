// What a node may ask of its surroundings. world/sim gives it with virtual time and faults from a
// seed, world/net with sockets, files and the machine's clocks; a node cannot tell which.
//
// A world works in turns. In a turn it delivers what is ready (bounded): frames, link changes, disk
// completions, a due wake-up. Then it calls end_turn() once, where the node forms its batches, and
// then carries out what was asked: first the frames are sent, then the disk works. All calls, both
// ways, are on one thread; a world never calls its tenant from within a call of the tenant.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie::world {

struct FileInfo {
  std::string name;
  uint64_t size_bytes = 0;
};

enum class Sync { no, yes };

// The files of one node, in one directory without subdirectories. Submissions complete once each,
// in a later turn; those on one file complete in the order of submission. A node that ends (or
// crashes) hears of no further completion. After a failed sync nothing may be assumed of the file's
// content. Fault::no_space: the disk is full, nothing changed. Fault::not_found: there is no such
// file. Fault::io: the disk failed.
//
// In a loss of power, of what is not durable every byte may be as any of the writes since the last
// sync left it, or garbage; bytes that no such write touched are safe. A submission that has not
// completed may have happened, in part or not at all.
class Disk {
 public:
  using Done = std::function<void(Result<void>)>;
  using ReadDone = std::function<void(Result<Payload>)>;

  virtual ~Disk() = default;

  // Synchronous: only before the first turn, to recover.
  virtual Result<std::vector<FileInfo>> list() = 0;         // ordered by name
  virtual Result<Payload> load(std::string_view name) = 0;  // the whole file
  // Fault::invalid when the range does not lie within the file.
  virtual Result<Payload> load_piece(std::string_view name, uint64_t offset,
                                     uint64_t size_bytes) = 0;

  // A new file of `size_bytes` zeros, allocated and synced, its name too. Fault::refused when it
  // exists.
  virtual void create(std::string_view name, uint64_t size_bytes, Done done) = 0;
  // Writes the parts one after the other from `offset`; the file grows if need be. With Sync::yes
  // the data is durable when it completes. The bytes are borrowed until then.
  virtual void write(std::string_view name, uint64_t offset, std::vector<Payload> parts, Sync sync,
                     Done done) = 0;
  // All that was written to the file before is durable when it completes; a write with Sync::yes
  // promises that only of itself.
  virtual void sync(std::string_view name, Done done) = 0;
  // Fault::invalid when the range does not lie within the file.
  virtual void read(std::string_view name, uint64_t offset, uint64_t size_bytes, ReadDone done) = 0;
  // Replaces `to` if it exists; durable when done, but not the content: sync that first.
  virtual void rename(std::string_view from, std::string_view to, Done done) = 0;
  // A loss of power may undo it until a later create or rename has completed.
  virtual void remove(std::string_view name, Done done) = 0;
};

enum class LinkChange {
  outgoing_up,    // frames to the peer will now be sent
  outgoing_down,  // frames sent lately may be lost
  incoming_down,  // the peer's own connection to us closed: it may have died
};

// Links to the named peers, a connection for each direction. A frame arrives whole or not at all;
// frames of one connection arrive in order, but connections break and the simulator loses,
// duplicates and reorders at will.
class Network {
 public:
  virtual ~Network() = default;

  // Sends the parts as one frame after this turn. Dropped when the link is down or its queue is
  // full. REQUIRES: the parts together <= frame_bytes_max.
  virtual void send(NodeId to, std::vector<Payload> parts) = 0;
  virtual bool connected(NodeId to) const = 0;
  // Bytes handed over and not yet given to the peer's connection: for flow control.
  virtual uint64_t queued_bytes(NodeId to) const = 0;
};

inline constexpr size_t frame_bytes_max = 64u << 20;

enum class LogLevel { debug, info, warning, error };

class World {
 public:
  virtual ~World() = default;

  virtual Now now() const = 0;
  virtual uint64_t entropy() = 0;  // 64 random bits: for identities and seeds, not for algorithms
  virtual Disk& disk() = 0;
  virtual Network& network() = 0;
  // on_wake() is called in a turn at or soon after `when`. A later call replaces an earlier one;
  // Instant::never() cancels.
  virtual void wake_at(Instant when) = 0;
  // A turn is wanted soon though nothing is awaited from outside: long work is being done in
  // slices.
  virtual void want_turn() = 0;
  virtual void log(LogLevel level, std::string_view line) = 0;
  // The node cannot go on (a failed sync, a broken promise of the disk): the process ends with this
  // message after the turn; in the simulator the node crashes.
  virtual void stop(std::string_view reason) = 0;
};

// What lives in a world.
class Tenant {
 public:
  virtual ~Tenant() = default;
  virtual void on_frame(NodeId from, Payload frame) = 0;
  virtual void on_link(NodeId peer, LinkChange change) = 0;
  virtual void on_wake() = 0;
  virtual void end_turn() = 0;
};

}  // namespace coterie::world
