// See peer_network.h.
#include "coterie/world/net/peer_network.h"

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/net/incoming_links.h"
#include "coterie/world/net/outgoing_link.h"

namespace coterie::world {

PeerNetwork::PeerNetwork(const NetOptions& options, NetworkLoop loop)
    : options_(options), loop_(std::move(loop)) {
  for (const auto& [node, address] : options_.nodes) {
    if (node == options_.self) continue;
    outgoing_.emplace(node, std::make_unique<OutgoingLink>(options_, loop_, node, address));
  }
  incoming_ = std::make_unique<IncomingLinks>(options_, loop_,
                                              [this](NodeId peer) { outgoing_.at(peer)->hurry(); });
}

PeerNetwork::~PeerNetwork() = default;

Result<void> PeerNetwork::listen() { return incoming_->listen(); }

void PeerNetwork::start() {
  incoming_->start();
  for (const auto& [node, link] : outgoing_) link->start();
}

void PeerNetwork::flush() {
  end_if_taken();
  for (const auto& [node, link] : outgoing_) link->flush();
}

// It is this process that is one too many when peers know a living one with its id and nobody wants
// to hear it. It does not go by the first such answers: the one that is known may just have died.
void PeerNetwork::end_if_taken() {
  size_t taken = 0;
  bool welcome = false;
  for (const auto& [node, link] : outgoing_) {
    taken += link->taken() ? 1 : 0;
    welcome |= link->up();
  }
  if (taken == 0 || welcome || taken * 2 < outgoing_.size()) return taken_since_.reset();
  const Instant now = loop_.now();
  if (!taken_since_) taken_since_ = now;
  if (now - *taken_since_ < options_.peers.taken_patience) return;
  COTERIE_REACHED("this node's id is taken");
  loop_.id_is_taken(fmt::format(
      "node {} is taken: {} of its {} peers are connected to another process with this id. Stop "
      "that one first, or give this one its own --node",
      options_.self, taken, outgoing_.size()));
}

void PeerNetwork::rearm() { incoming_->rearm(); }

uint16_t PeerNetwork::port() const { return incoming_->port(); }

void PeerNetwork::set_address(NodeId peer, std::string address) {
  const auto found = outgoing_.find(peer);
  COTERIE_ASSERT(found != outgoing_.end());
  found->second->set_address(std::move(address));
}

void PeerNetwork::break_link(NodeId peer) {
  const auto found = outgoing_.find(peer);
  if (found != outgoing_.end()) found->second->break_off("broken on request");
}

void PeerNetwork::send(NodeId to, std::vector<Payload> parts) {
  const auto found = outgoing_.find(to);
  if (found != outgoing_.end()) found->second->send(std::move(parts));
}

bool PeerNetwork::connected(NodeId to) const {
  const auto found = outgoing_.find(to);
  return found != outgoing_.end() && found->second->up();
}

uint64_t PeerNetwork::queued_bytes(NodeId to) const {
  const auto found = outgoing_.find(to);
  return found == outgoing_.end() ? 0 : found->second->queued_bytes();
}

}  // namespace coterie::world
