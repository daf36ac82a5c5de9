// A ServedNode is a whole node as clients meet it, in a simulated world: the node, its hub of
// client connections, and the order of a turn that the server gives them (clients' bytes, then the
// node, then the replies). Only sockets are missing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/node/node.h"
#include "coterie/server/client/hub.h"
#include "coterie/world/world.h"

namespace coterie::trial {

class ServedNode final : public world::Tenant {
 public:
  // What a client's connection gives back at the end of a turn; `closed`: and then it ends.
  using Receive = std::function<void(std::string bytes, bool closed)>;

  ServedNode(world::World& world, const node::NodeOptions& options,
             const server::ConnectionLimits& limits = {});
  ~ServedNode() override;

  // The rest within a turn of the node only (sim::Simulation::poke).
  using ConnectionNumber = uint64_t;
  ConnectionNumber connect(const std::string& remote, Receive receive);
  void bytes(ConnectionNumber number, std::string_view bytes);
  void disconnect(ConnectionNumber number);

  const node::Node* node() const { return node_.get(); }
  node::Node* node() { return node_.get(); }

  void on_frame(NodeId from, Payload frame) override;
  void on_link(NodeId peer, world::LinkChange change) override;
  void on_wake() override;
  void end_turn() override;

 private:
  struct Client final : public server::ConnectionHost {
    void touch() override {}
    size_t unsent_bytes() const override { return 0; }
    std::unique_ptr<server::Connection> connection;
    Receive receive;
  };

  void hand_out();

  world::World& world_;
  server::Hub hub_;
  std::unique_ptr<node::Node> node_;
  std::map<ConnectionNumber, std::unique_ptr<Client>> clients_;
  ConnectionNumber last_ = 0;
};

}  // namespace coterie::trial
