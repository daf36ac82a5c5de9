// What a replica has said to others it must still know after a restart: whom it voted for, once a
// term, and the entries it acknowledged as durable. Promises hears every message of Raft as it
// leaves and looks at each machine after every event; so a disk that was not synced is noticed by
// the first node that dies of it, not only when a whole cluster has forgotten.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coterie/protocol/raft/invariants.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

class Promises {
 public:
  // From now on it hears what the nodes of the simulation say.
  void listen(sim::Simulation& simulation);
  // After every event, with the machines that it may have changed. The first broken promise, in
  // words.
  std::optional<std::string> observe(const std::vector<const raft::Raft*>& machines);

 private:
  struct Acknowledged {  // the newest
    uint64_t life = 0;
    Term said_in;
    Index index;
    Term term;  // of the entry
  };

  void said(const raft::Message& message, const raft::Raft* machine);
  void look_at(const raft::Raft& machine);

  raft::Invariants votes_;
  std::map<ReplicaId, Acknowledged> acknowledged_;
  std::optional<std::string> broken_;
};

}  // namespace coterie::trial
