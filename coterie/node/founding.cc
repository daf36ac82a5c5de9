// See founding.h.
#include "coterie/node/founding.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"

namespace coterie::node {

Founding::Founding(NodeId self, ReplicaId replica, std::vector<NodeId> named, bool given_up)
    : self_(self), replica_(replica), named_(std::move(named)), given_up_(given_up) {}

void Founding::heard(const Hello& hello) { heard_[hello.node] = hello; }

bool Founding::may_found() const {
  if (given_up_ || named_.front() != self_) return false;
  return std::all_of(named_.begin(), named_.end(), [&](NodeId node) {
    if (node == self_) return true;
    const auto found = heard_.find(node);
    return found != heard_.end() && !found->second.cluster && !found->second.given_up &&
           found->second.named == named_;
  });
}

FoundingRecord Founding::found(ClusterId cluster) const {
  COTERIE_ASSERT(may_found());
  FoundingRecord record{cluster, {}};
  for (NodeId node : named_) {
    const ReplicaId replica = node == self_ ? replica_ : heard_.at(node).replica;
    record.membership.members.push_back({node, replica, true});
  }
  return record;
}

std::optional<FoundingRecord> Founding::record_of(NodeId peer) const {
  const auto found = heard_.find(peer);
  if (found == heard_.end() || found->second.founding.empty()) return {};
  auto record = from_wire<FoundingRecord>(Payload::copy_of(found->second.founding));
  if (!record || record->cluster != found->second.cluster) return {};
  return *std::move(record);
}

std::optional<FoundingRecord> Founding::invitation() const {
  for (const auto& [node, hello] : heard_) {
    auto record = record_of(node);
    if (!record) continue;
    const raft::Member* self = record->membership.find(replica_);
    if (self != nullptr && self->node == self_) return record;
  }
  return {};
}

std::string Founding::waiting_for() const {
  if (given_up_) {
    return "this directory's replica was given up: waiting to be taken in as a new one by the rest "
           "of its cluster (if that is lost: coterie recover)";
  }
  for (NodeId node : named_) {
    if (node == self_) continue;
    const auto found = heard_.find(node);
    const std::string name = "node " + std::to_string(node.value);
    if (found == heard_.end()) return "waiting to hear from " + name;
    if (found->second.cluster) return "waiting to be taken in by the cluster of " + name;
    if (found->second.given_up) return "waiting for " + name + ", whose data are not empty";
    if (found->second.named != named_) return name + " was started with other nodes in --cluster";
  }
  return "waiting for node " + std::to_string(named_.front().value) + " to found the cluster";
}

}  // namespace coterie::node
