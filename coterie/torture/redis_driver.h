// The driver of all stores that speak RESP: ours, and Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/client/redis_link.h"
#include "coterie/torture/driver.h"

namespace coterie::torture {

class RedisDriver : public Driver {
 public:
  // Goes from one of the nodes to another by chance, whenever a connection has failed.
  // REQUIRES: at least one node
  RedisDriver(std::vector<client::RedisUrl> nodes, uint64_t seed);

  workload::Answer perform(const workload::Step& step) override;

 private:
  bool connect();
  workload::Answer lost(bool sent);
  std::optional<resp::Value> receive(Instant deadline, std::vector<resp::Value>& pushed);

  std::vector<client::RedisUrl> nodes_;
  Random random_;
  size_t at_;
  std::optional<client::RedisLink> link_;
  uint64_t connection_ = 0;
};

}  // namespace coterie::torture
