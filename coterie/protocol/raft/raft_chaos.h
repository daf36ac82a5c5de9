// One seed, one life of a cluster: everything that may go wrong goes wrong, in an order drawn from
// the seed, while clients propose and read. At the end the network is healed and every node is up:
// then a leader must emerge, what is proposed must be committed everywhere, and every wiped node
// must have come back as a voter.
#pragma once

#include <cstdint>
#include <string>

#include "coterie/base/result.h"
#include "coterie/protocol/raft/raft_cluster.h"

namespace coterie::raft {

struct ChaosOptions {
  uint64_t seed = 1;
  Duration length = seconds(8);      // of the time with faults
  Duration peace_max = seconds(30);  // within which a healed cluster must be whole again
  bool promises = true;              // as in ClusterOptions; false: only what comes of it is judged
  bool keep_notes = false;
};

struct ChaosReport {
  uint64_t events = 0;
  uint64_t committed = 0;
  uint64_t digest = 0;  // equal seeds, equal digests
  std::vector<RaftCluster::NoteLine> notes;
};

// The first broken promise as Fault::corrupt; Fault::timed_out when the healed cluster did not
// become whole.
Result<ChaosReport> run_chaos(const ChaosOptions& options);

}  // namespace coterie::raft
