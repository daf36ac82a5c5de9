// The clients of a run: a thread each, with a script that says what it does and a driver that does
// it. What they see is collected in one history, by one clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/proof/history.h"
#include "coterie/torture/driver.h"
#include "coterie/workload/script.h"

namespace coterie::torture {

// Makes the script of one client.
using ScriptFactory = std::function<std::unique_ptr<workload::Script>(uint32_t client)>;

struct OperationCounts {
  uint64_t acknowledged = 0, failed = 0, unknown = 0;

  uint64_t all() const { return acknowledged + failed + unknown; }
};

class Clients {
 public:
  // Starts `count` clients, numbered from 0.
  Clients(uint32_t count, const ScriptFactory& scripts, const DriverFactory& drivers);
  ~Clients();  // stop()
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  OperationCounts counts() const;
  // Nothing new is begun; what has begun is carried through.
  void finish();
  // All have come to their ends, within `patience`.
  bool wait_for_end(Duration patience);
  // They end where they stand, at once.
  void stop();

  // From now on whoever waits in vain for an answer, for as long as a client has patience, is
  // remembered: nothing excuses the store any more.
  void demand_answers();
  // The first who did, in words.
  std::optional<std::string> unanswered() const;
  // Those that have not come to their ends, and what they wait for.
  std::vector<std::string> pending() const;
  // A reply that no store should ever give, if there was one. REQUIRES: all have ended
  std::optional<std::string> surprise() const;
  // REQUIRES: all have ended
  proof::History take_history();

 private:
  struct Client;
  void run(Client& client);
  void collect(Client& client);

  struct Shared;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace coterie::torture
