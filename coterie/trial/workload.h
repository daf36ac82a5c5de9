// What clients do during a trial, and what must be true of what they saw. Each client draws its
// next command from its own stream; what it saw goes into books that know nothing of Raft:
//
//   strings   SET, GET, INCR, DEL on few keys: linearizable (proof/plain_search.h)
//   once      ONCE client n INCR, repeated until answered: the count is exact
//   queue     RPUSH of unique items and BLPOP: nothing twice, nothing lost
//   lock      SET NX PX TOKEN and FENCE: no token is accepted below one that was
//   transfer  WATCH, MULTI, EXEC between two accounts: their sum never changes
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/base/result.h"
#include "coterie/proof/history.h"
#include "coterie/trial/sim_client.h"

namespace coterie::trial {

// What the clients of one trial saw, and the verdict on it.
class Books {
 public:
  proof::History strings;

  void pushed(const std::string& item, bool certain);
  void popped(const std::string& item);
  void pop_unknown() { ++pops_unknown_; }
  void once_asked(const std::string& counter) { ++once_asked_[counter]; }
  void once_answered(const std::string& counter, int64_t count);
  void fenced(int64_t token, bool accepted, int64_t called_ns, int64_t returned_ns);

  // Whoever reads the end state gives it here: what is left in the queue, and each ONCE counter's
  // final value.
  Result<void> verdict(const std::vector<std::string>& left_in_queue,
                       const std::map<std::string, int64_t>& counters) const;

  uint64_t acknowledged = 0;  // operations
  uint64_t unknown = 0;
  uint64_t refused = 0;  // answered "not executed" and the like

 private:
  Result<void> queue_verdict(const std::vector<std::string>& left) const;

  std::map<std::string, bool> pushed_;  // item -> acknowledged
  std::map<std::string, uint64_t> popped_;
  uint64_t pops_unknown_ = 0;
  std::map<std::string, uint64_t> once_asked_;
  std::map<std::string, int64_t> once_answered_;  // highest count answered
  struct Fenced {
    int64_t token, called_ns, returned_ns;
  };
  std::vector<Fenced> accepted_;
  std::string broken_;  // found while it was written
};

// One client at its work: one command after the other until the end is called.
class Worker {
 public:
  enum class Kind : uint8_t { strings, once, queue, lock };

  Worker(sim::Simulation& simulation, Books& books, Kind kind, uint32_t number,
         std::vector<NodeId> nodes, uint64_t seed);

  void start();
  void stop() { stopping_ = true; }
  bool idle() const { return stopping_ && !client_.busy() && !thinking_ && !once_open_; }
  std::string describe() const;  // what it waits for

 private:
  void think();
  void act();
  void act_on_strings();
  void act_once();
  void act_on_queue();
  void act_on_lock();
  void use_token(int64_t token);
  void done_with(const SimClient::Answer& answer);

  sim::Simulation& simulation_;
  Books& books_;
  Kind kind_;
  Random random_;
  SimClient client_;
  uint64_t made_ = 0;  // unique values
  uint64_t once_number_ = 0;
  bool once_open_ = false;  // the last ONCE has no answer yet
  bool thinking_ = false;
  bool stopping_ = false;
};

}  // namespace coterie::trial
