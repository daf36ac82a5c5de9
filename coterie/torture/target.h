// A store that is there already: which protocol it speaks and where, from
// redis://[:PASSWORD@]HOST:PORT[,HOST:PORT...] or etcd://HOST:PORT[,HOST:PORT...]. Of this machine
// only: torture is not sent over a network.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/client/redis_url.h"

namespace coterie::torture {

struct Target {
  enum class Protocol : uint8_t { redis, etcd };
  Protocol protocol = Protocol::redis;
  std::vector<client::RedisUrl> nodes;  // of etcd, the port alone counts
};

// Fault::invalid says what is wrong with it.
Result<Target> parse_target(std::string_view text);

// Whether it answers and holds nothing: a history begins with nothing, so what is there from before
// would convict an innocent. With `flush` it is emptied first: of Redis all, of etcd the keys that
// torture uses. Fault::io: it does not answer. Fault::refused: it is not empty.
Result<void> prepare_target(const Target& target, bool flush);

}  // namespace coterie::torture
