// A driver performs the commands of one client at a store. Scripts speak in Redis' words; a driver
// of another store translates them.
//
// One thread uses a driver; stop() may come from another.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "coterie/workload/script.h"

namespace coterie::torture {

class Driver {
 public:
  virtual ~Driver() = default;
  // Blocks until there is an answer, the step's patience is over (and the connection closed), or
  // stop(). Whoever was not reached is not asked again at once: another node is, next time.
  virtual workload::Answer perform(const workload::Step& step) = 0;

  // Soon after, perform() returns and will not block again.
  void stop() { stopping_.store(true, std::memory_order_relaxed); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stopping_{false};
};

// Makes the driver of one client, which has that number.
using DriverFactory = std::function<std::unique_ptr<Driver>(uint32_t client)>;

}  // namespace coterie::torture
