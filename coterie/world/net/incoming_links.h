// The connections that peers dial to us: we answer their preamble and then only receive. At most
// one per peer; a newer one replaces the older, since a peer dials again only when it has given up
// the older. But if it is another process that says it is this peer, while the older shows life,
// the older one stays.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "coterie/world/net/peer_network.h"
#include "coterie/world/net/preamble.h"

namespace coterie::world {

class IncomingLinks {
 public:
  // `options` and `loop` outlive it. `on_welcome`: a peer has dialled us, so it is there.
  IncomingLinks(const NetOptions& options, NetworkLoop& loop,
                std::function<void(NodeId)> on_welcome);
  ~IncomingLinks();

  Result<void> listen();
  void start();
  void rearm();
  uint16_t port() const { return port_; }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  void accept();
  void on_accepted(TcpSocket socket);
  void receive_preamble(const ConnectionPtr& connection);
  void on_preamble(const ConnectionPtr& connection);
  Verdict judge(const Preamble& preamble) const;
  void answer(const ConnectionPtr& connection, Verdict verdict);
  void welcome(const ConnectionPtr& connection, NodeId peer);
  void receive(const ConnectionPtr& connection);
  void on_received(const ConnectionPtr& connection, size_t bytes);
  void close(const ConnectionPtr& connection, const std::string& reason);

  const NetOptions& options_;
  NetworkLoop& loop_;
  const std::function<void(NodeId)> on_welcome_;
  TcpAcceptor acceptor_;
  uint16_t port_ = 0;
  std::list<ConnectionPtr> unidentified_;
  std::map<NodeId, ConnectionPtr> identified_;
  std::vector<ConnectionPtr> received_;  // read in this turn
};

}  // namespace coterie::world
