// A Run is all that a picture shows, as plain values: what nodes did and what clients saw, on one
// axis of time. Whoever has watched a run fills it in (trial::Recording does for the simulator); a
// history alone is a Run too, one without nodes. A picture knows no protocol: what a message is
// called, and what a node's standing means, it is told in words.
//
// Times are nanoseconds on the one axis ("virtual time" of a simulated run), from any origin.
// Anything may be missing; the picture then shows what there is. All text may hold any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/proof/history.h"

namespace coterie::picture {

struct Span {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  bool operator==(const Span&) const = default;
};

struct Node {
  uint32_t id = 0;   // not 0, and no other node's
  std::string name;  // empty: "node <id>"
};

// A message, or one more copy of it.
struct Message {
  enum class Fate : uint8_t {
    delivered,
    lost,       // on the way: a cross
    cut,        // its connection broke, or there was none
    under_way,  // when the run ended
  };

  uint64_t number = 0;  // equal numbers are copies of one message
  uint32_t from = 0;
  uint32_t to = 0;
  int64_t sent_ns = 0;
  int64_t ended_ns = 0;  // it arrived, or was lost; under_way: ignored
  Fate fate = Fate::delivered;
  bool copy = false;     // not the message itself but a duplicate of it
  bool routine = false;  // sent all the time (heartbeats): the first to be gathered into bundles
  std::string kind;      // few of them: "append", "vote request"
  std::string text;      // short: "append 3..5 t2"
  std::string why;       // of lost and cut, if known
  uint64_t size_bytes = 0;
};

// What a node was, other than running.
struct Condition {
  enum class Kind : uint8_t { down, paused };

  uint32_t node = 0;
  Kind kind = Kind::down;
  Span span;
  std::string why;  // "crash", "a sync failed"; may be empty
};

// Something that happened on a lane at one moment.
struct Mark {
  enum class Kind : uint8_t {
    started,
    crashed,
    wiped,  // nothing on its disk is older than this
    clock_stepped,
    warning,  // of its log, or what else deserves to be seen
    logged,
    note,  // of who made the run
  };

  uint32_t node = 0;
  Kind kind = Kind::note;
  int64_t at_ns = 0;
  std::string text;
};

// While it lasts nothing passes from `from` to `to`.
struct Blocked {
  uint32_t from = 0;
  uint32_t to = 0;
  Span span;
};

// Something submitted to a node's disk.
struct DiskWork {
  enum class Fate : uint8_t { done, failed, lost, pending };  // lost: the node crashed before

  uint32_t node = 0;
  int64_t submitted_ns = 0;
  int64_t ended_ns = 0;  // pending: ignored
  Fate fate = Fate::done;
  bool durable = false;  // done means that something is durable
  std::string text;      // "write log-1, 240 bytes", of failed with the error
};

// How a node's wall clock differs from the axis at a moment. Between two of a node it goes in a
// straight line unless the second is a step.
struct ClockReading {
  uint32_t node = 0;
  int64_t at_ns = 0;
  int64_t offset_ns = 0;  // its clock minus the right time
  bool step = false;      // it jumped here
};

// What a node took itself for, as intervals.
struct Standing {
  enum class Role : uint8_t { other, follower, candidate, leader };

  uint32_t node = 0;
  Span span;
  Role role = Role::other;
  uint64_t term = 0;    // 0: none. Terms have colours
  uint32_t leader = 0;  // whom it follows; 0: nobody it knows of
  std::string text;     // of `other`: what it is
};

// From here on a node knew entries up to this index as committed.
struct Commit {
  uint32_t node = 0;
  int64_t at_ns = 0;
  uint64_t index = 0;
};

struct ClientOperation {
  proof::Operation operation;
  uint32_t node = 0;  // that it was sent to; 0: not known
};

struct Verdict {
  enum class Kind : uint8_t { none, holds, violated, bound_met };

  Kind kind = Kind::none;
  std::string why;                 // one sentence
  std::vector<size_t> operations;  // indices into Run::operations: those that are violated
};

// What is not in the picture though it was in the run.
struct Omission {
  std::string what;  // "messages before 3.2 s", "heartbeats"
  uint64_t count = 0;
};

struct Run {
  std::string title;    // "seed 4711, 3 nodes, crashes and partitions"
  std::string command;  // that replays it, in one line; empty: there is none
  std::string narrow;   // how to have a part drawn in full: "--from 3s --to 5s"; may be empty
  std::string time = "virtual time";  // what the axis is called
  Span span;
  int64_t origin_ns = 0;  // where 0 of the axis lies on the clock of who made the run
  Verdict verdict;

  std::vector<Node> nodes;  // lanes, in this order
  std::vector<ClientOperation> operations;
  std::vector<Message> messages;
  std::vector<Condition> conditions;
  std::vector<Mark> marks;
  std::vector<Blocked> blocked;
  std::vector<DiskWork> disk;
  std::vector<ClockReading> clocks;
  std::vector<Standing> standings;
  std::vector<Commit> commits;
  std::vector<Omission> omissions;
};

// The Run that a history alone is: client lanes only. The span is that of the operations; unknown
// outcomes stay open to its end.
Run run_of(const proof::History& history);

}  // namespace coterie::picture
