// See served_node.h.
#include "coterie/trial/served_node.h"

#include "coterie/base/assert.h"

namespace coterie::trial {

namespace {
server::Settings settings(world::World& world, const server::ConnectionLimits& limits) {
  server::Settings settings;
  settings.limits = limits;
  settings.protected_mode = false;
  settings.want_turn = [&world] { world.want_turn(); };
  return settings;
}
}  // namespace

ServedNode::ServedNode(world::World& world, const node::NodeOptions& options,
                       const server::ConnectionLimits& limits)
    : world_(world), hub_(settings(world, limits)) {
  auto started = node::Node::start(world, options, hub_);
  if (!started) {
    world.stop(started.error().message);
    return;
  }
  node_ = *std::move(started);
  hub_.attach(*node_);
}

ServedNode::~ServedNode() {
  for (auto& [number, client] : clients_) client->connection->on_disconnect();
}

ServedNode::ConnectionNumber ServedNode::connect(const std::string& remote, Receive receive) {
  auto client = std::make_unique<Client>();
  client->receive = std::move(receive);
  client->connection = hub_.accept(remote, *client);
  clients_[++last_] = std::move(client);
  return last_;
}

void ServedNode::bytes(ConnectionNumber number, std::string_view bytes) {
  const auto found = clients_.find(number);
  if (found == clients_.end() || found->second->connection->closed()) return;
  found->second->connection->on_bytes(bytes);
}

void ServedNode::disconnect(ConnectionNumber number) {
  const auto found = clients_.find(number);
  if (found == clients_.end()) return;
  server::Connection& connection = *found->second->connection;
  // Half of the clients close, the others are gone: the one is an end of input, to be answered to
  // its end, the other is not.
  if (number % 2 == 0 && !connection.closed()) return connection.on_end_of_input();
  connection.on_disconnect();
  clients_.erase(found);
}

void ServedNode::on_frame(NodeId from, Payload frame) {
  if (node_) node_->on_frame(from, std::move(frame));
}
void ServedNode::on_link(NodeId peer, world::LinkChange change) {
  if (node_) node_->on_link(peer, change);
}
void ServedNode::on_wake() {
  if (node_) node_->on_wake();
}

void ServedNode::end_turn() {
  if (!node_) return;
  hub_.turn(world_.now());
  node_->end_turn();
  hand_out();
  if (hub_.has_work()) world_.want_turn();
}

void ServedNode::hand_out() {
  for (auto it = clients_.begin(); it != clients_.end();) {
    Client& client = *it->second;
    std::string bytes;
    for (const Payload& piece : client.connection->output()) bytes += piece.view();
    client.connection->output().clear();
    const bool closed = client.connection->closed();
    if (!bytes.empty() || closed) client.receive(std::move(bytes), closed);
    if (closed) {
      client.connection->on_disconnect();
      it = clients_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace coterie::trial
