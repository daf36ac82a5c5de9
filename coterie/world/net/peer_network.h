// Links to the named peers: for each an OutgoingLink that we dial and only send on, and at most one
// accepted connection that we only receive on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/world/net/asio_types.h"
#include "coterie/world/net/net_options.h"
#include "coterie/world/net/timers.h"
#include "coterie/world/world.h"

namespace coterie::world {

class OutgoingLink;
class IncomingLinks;

// What the parts of the network have of the loop.
struct NetworkLoop {
  boost::asio::io_context& io;
  Timers& timers;
  std::function<Instant()> now;
  std::function<uint64_t()> entropy;
  std::function<void(LogLevel, std::string)> log;
  std::function<void(NodeId, LinkChange)>
      link_changed;                              // delivered to the tenant in phase 2 of a turn
  std::function<void(NodeId, Payload)> deliver;  // at once: only called from handlers
  std::function<void(std::string)> id_is_taken;  // this process is to end, with this as its reason
  uint64_t process = 0;  // random: this one as against others that say they are this node
};

class PeerNetwork final : public Network {
 public:
  // `options` outlives it.
  PeerNetwork(const NetOptions& options, NetworkLoop loop);
  ~PeerNetwork() override;

  Result<void> listen();  // when options.listen is not empty
  void start();           // begins to accept and to dial
  void flush();           // sends what was asked for in this turn
  void rearm();           // receives again from those that were read in this turn
  uint16_t port() const;
  void set_address(NodeId peer, std::string address);
  void break_link(NodeId peer);

  void send(NodeId to, std::vector<Payload> parts) override;
  bool connected(NodeId to) const override;
  uint64_t queued_bytes(NodeId to) const override;

 private:
  void end_if_taken();

  const NetOptions& options_;
  NetworkLoop loop_;
  std::map<NodeId, std::unique_ptr<OutgoingLink>> outgoing_;
  std::unique_ptr<IncomingLinks> incoming_;
  std::optional<Instant> taken_since_;  // no peer welcomes us, and half of them say: taken
};

}  // namespace coterie::world
