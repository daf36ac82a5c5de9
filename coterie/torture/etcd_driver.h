// The driver of etcd, over the gateway by which it can be spoken to in JSON (etcd's documentation,
// "gRPC gateway"). Of Redis' words it knows GET, SET, DEL and SET new IFEQ old; the last is a
// transaction that compares the value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/torture/driver.h"
#include "coterie/torture/http_post.h"

namespace coterie::torture {

// What is asked of etcd for a command: a path of the gateway and a JSON document.
struct EtcdRequest {
  std::string path, json;
};
// REQUIRES: one of the commands above
EtcdRequest etcd_request(const std::vector<std::string>& words);
// What its answer means in Redis' words. None: the outcome is not known. An error reply: it was not
// done.
std::optional<resp::Value> etcd_reply(const std::vector<std::string>& words,
                                      const HttpAnswer& answer);

std::string to_base64(std::string_view bytes);
// None: it is no base64.
std::optional<std::string> from_base64(std::string_view text);

class EtcdDriver : public Driver {
 public:
  // Goes from one of the nodes of this machine to another by chance, whenever a connection fails.
  // REQUIRES: at least one
  EtcdDriver(std::vector<uint16_t> ports, uint64_t seed);

  workload::Answer perform(const workload::Step& step) override;

 private:
  std::vector<uint16_t> ports_;
  Random random_;
  std::optional<HttpConnection> connection_;
  uint64_t connections_ = 0;
};

}  // namespace coterie::torture
