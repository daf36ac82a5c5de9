// Invariants watches all machines of a group from outside and says when one of Raft's promises is
// broken (Ongaro & Ousterhout 2014, figure 3): election safety, leader append-only, log matching,
// leader completeness, state machine safety; and with them that terms and commit indexes do not
// fall, that a vote is given once a term, and that a leader counts only entries of its own term.
//
// It is incremental: observing a machine costs what has changed in it since it was last observed.
// So it runs after every event of a simulation. It knows what all machines have ever shown, crashed
// ones included.
//
// Log matching is checked by induction: an entry is told by (index, term); the first machine that
// shows it fixes its content and the term of the entry before it, and every other must agree.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

class Invariants {
 public:
  // After every step and flush of a machine, or at least after each flush, before its messages are
  // delivered. Fault::corrupt with the broken promise; what is observed after that means nothing.
  Result<void> observe(const Raft& machine);
  // All of them.
  Result<void> observe(const std::vector<const Raft*>& machines);
  // Each entry that a machine gave out as committed, in order, after the flush that gave it out was
  // observed.
  Result<void> applied(const Raft& machine, const Entry& entry);

  // Each message that left a machine: a replica votes once a term, whatever it forgets
  // (section 5.2).
  Result<void> said(const Message& message);

  // The highest index that was ever seen committed.
  Index committed() const { return Index(committed_.size()); }
  // Of the committed entry at an index; 0 when none is known.
  Term committed_term(Index index) const;

 private:
  // What stands at an index in some log.
  struct Content {
    Term term;
    Term previous_term;
    uint64_t check = 0;  // size and CRC of the record
  };
  struct Committed {
    Term term;
    uint64_t check = 0;
    Term by_term;  // the term of who was first seen to count it
  };
  struct Slot {
    Content first;
    std::vector<Content> others;  // same index, other terms
  };
  struct Seen {
    uint64_t life = 0;
    Term term;
    ReplicaId vote;
    Index commit;
    Index applied;
    Index checked;  // its log was checked up to here
    Index last;
    uint64_t truncations = 0;
    Term led;  // the term whose leadership was checked
  };

  Seen& begin_life(const Raft& machine);
  Result<void> check_hard_state(const Raft& machine, Seen& seen);
  Result<void> check_leader(const Raft& machine, Seen& seen);
  Result<void> check_log(const Raft& machine, Seen& seen);
  Result<void> check_content(const Raft& machine, const Entry& entry);
  Result<void> check_commit(const Raft& machine, Seen& seen);

  std::map<NodeId, Seen> seen_;
  std::map<Term, ReplicaId> leaders_;
  std::map<ReplicaId, std::map<Term, ReplicaId>> votes_;  // by who gave it
  std::vector<Slot> slots_;                               // by index - 1
  std::vector<Committed> committed_;                      // by index - 1
};

}  // namespace coterie::raft
