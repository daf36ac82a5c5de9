// The Intake is where a leader takes the sessions' blocks in. It lets a session's numbers into the
// log in order only: a gap is refused, and the sender begins again from the number that is
// expected; what is already in the log is not put there twice. (Apply checks the same again: this
// one saves log, that one keeps the promise.)
//
// It is ready once the leader's first entry is applied: then the state has seen every number that
// can be in the log.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/node/wire.h"
#include "coterie/store/state/state.h"

namespace coterie::node {

class Intake {
 public:
  // Leadership begins or ends: what was gathered is dropped, its senders send it again.
  void reset();

  // Blocks of `from`'s session, already checked when they are this node's own. Refusals are
  // appended. Fault::corrupt: a malformed block; nothing behind it is taken.
  Result<void> take(NodeId from, bool own, const Forward& forward, const state::State& state,
                    std::vector<ForwardRefused>& refusals);

  bool empty() const { return blocks_.empty(); }
  uint64_t bytes() const { return bytes_; }

  // Appends blocks, up to about `bytes_max` but one at least, to an entry's body. Adds to `from`
  // the nodes whose they are. Returns true when something was appended.
  bool fill(PayloadBuilder& body, size_t bytes_max, std::set<NodeId>& from);

 private:
  struct Block {
    NodeId from;
    Payload bytes;
  };

  std::map<SessionId, uint64_t>
      expected_;  // the next number of each session that has sent to this leader
  std::vector<Block> blocks_;
  size_t filled_ = 0;  // of blocks_, already put into entries
  uint64_t bytes_ = 0;
};

}  // namespace coterie::node
