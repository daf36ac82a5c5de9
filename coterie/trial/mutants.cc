// See mutants.h.
#include "coterie/trial/mutants.h"

#include <algorithm>

namespace coterie::trial {

const std::vector<MutantDescription>& described_mutants() {
  static const std::vector<MutantDescription> all = {
      {"append-during-install", "protocol/raft",
       "a follower takes entries while a snapshot that will replace its log is installed"},
      {"commit-beyond-match", "protocol/raft",
       "a follower commits up to its last entry, not up to the last that the leader confirmed"},
      {"commit-old-term", "protocol/raft",
       "an entry of an earlier term is committed by counting its replicas"},
      {"commit-when-appended", "protocol/raft",
       "a leader commits, and answers, when its own disk has the entry"},
      {"conflict-cut-one-late", "protocol/raft",
       "where logs differ, truncation begins one entry too late"},
      {"course-vote-log", "protocol/raft", "a vote is given without a look at the candidate's log"},
      {"course-vote-term", "protocol/raft",
       "a voter does not take over the newer term of who asks"},
      {"cut-entries-stay-durable", "protocol/raft",
       "entries that were cut still count as durable when others stand in their place"},
      {"damaged-votes", "protocol/raft",
       "a replica that lost entries to disk damage votes before it is repaired"},
      {"quorum-one-short", "protocol/raft", "a majority is one less than a majority"},
      {"read-before-own-commit", "protocol/raft",
       "a new leader serves reads before it has committed in its own term"},
      {"read-without-round", "protocol/raft",
       "a leader serves reads without asking whether it still leads"},
      {"reply-before-sync", "protocol/raft",
       "a follower acknowledges entries that its disk has not synced"},
      {"vote-not-persisted", "protocol/raft", "the vote is not written to disk, the term is"},
      {"wiped-replica-votes", "protocol/raft",
       "a replica with a new, empty disk votes in the place of the old one"},
      {"damage-cut-as-torn", "store/log",
       "a bad record in the midst of the log is taken for its unfinished end"},
      {"fsync-skipped", "store/log", "the log is written and reported durable, but not synced"},
      {"snapshot-not-synced", "store/log", "a snapshot gets its name before its content is synced"},
      {"state-not-synced", "store/log", "the file with term and vote is written, but not synced"},
      {"delifeq-any-owner", "store/state", "DELIFEQ deletes a lock that another one owns"},
      {"fence-takes-stale-token", "store/state", "FENCE accepts a token below the highest seen"},
      {"gap-applied", "store/state, node",
       "requests behind a gap in a session's numbers are applied"},
      {"retry-applied-again", "store/state",
       "a request that is sent again and was applied before is applied once more"},
      {"retry-waits-again", "store/state",
       "a BLPOP that is sent again after a failover waits, and pops, twice"},
      {"set-keeps-deadline", "store/state", "SET leaves the key its old deadline"},
      {"snapshot-without-deadlines", "store/state", "keys lose their deadlines in a snapshot"},
      {"snapshot-without-once", "store/state", "a snapshot leaves out the table of ONCE"},
      {"snapshot-without-sessions", "store/state", "a snapshot leaves out the table of sessions"},
      {"snapshot-without-waiters", "store/state", "a snapshot leaves out who waits in BLPOP"},
      {"watch-misses-creation", "store/state",
       "a WATCH of a key that is not there misses that it comes to be"},
      {"expiry-by-own-clock", "node",
       "a replica applies an entry at the time of its own clock, not at the entry's"},
      {"follower-reads-alone", "node", "a follower serves reads without asking the leader"},
      {"read-before-applied", "node",
       "a read is served before the state has reached the index it was granted"},
      {"unknown-told-as-failed", "node",
       "a request that may have been executed is answered: not executed"},
      {"watch-of-first-key-only", "server/client", "EXEC guards the first watched key only"},
  };
  return all;
}

const MutantDescription* described_mutant(std::string_view name) {
  const auto& all = described_mutants();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const MutantDescription& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace coterie::trial
