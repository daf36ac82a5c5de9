// A Player is one client at its work in the simulator: it takes a script's commands to a node, one
// after the other, and keeps the history of what came of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coterie/proof/history.h"
#include "coterie/trial/decisions.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/sim_client.h"
#include "coterie/workload/script.h"

namespace coterie::trial {

// What all players of a run have seen together.
struct Seen {
  proof::History history;     // in the order in which operations ended
  std::vector<NodeId> nodes;  // of each operation: where its last command went
  uint64_t acknowledged = 0, unknown = 0, refused = 0;
  std::string surprise;  // the first reply that nothing explains
};

class Player {
 public:
  Player(sim::Simulation& simulation, Seen& seen, std::unique_ptr<workload::Script> script,
         uint32_t number, const std::vector<NodeId>& nodes, uint64_t seed);

  // Its conversations begin at these nodes.
  void place(const std::map<uint64_t, PlannedConversation>& held) { held_ = held; }
  // From now on each conversation is put down there; `decisions` outlives this.
  void record(Decisions& decisions) { decisions_ = &decisions; }
  void start();
  // Begins nothing new; done() when what has begun has ended.
  void finish();
  bool done() const { return done_; }
  void move_to(const std::vector<NodeId>& nodes) { client_.move_to(nodes); }
  // Ends where it stands: what is under way comes into the history as unknown.
  void abandon();

  const workload::Script& script() const { return *script_; }
  NodeId at() const { return client_.at(); }
  bool waits() const { return client_.busy(); }
  Instant since() const { return client_.since(); }
  std::string describe() const;

 private:
  void go_on();
  void begin(const workload::Step& first);
  void send(const workload::Step& step);
  void take(const workload::Answer& answer, Instant called);
  void collect();

  sim::Simulation& simulation_;
  Seen& seen_;
  std::unique_ptr<workload::Script> script_;
  const uint32_t number_;
  SimClient client_;
  std::map<uint64_t, PlannedConversation> held_;
  Decisions* decisions_ = nullptr;
  Instant started_;
  uint64_t conversation_ = 0;  // the last that has begun
  uint64_t pauses_ = 0;        // counts them: one that is cut short does nothing when it is over
  bool chosen_ = false;        // a step is taken from the script, and not yet answered
  bool done_ = false;
};

}  // namespace coterie::trial
