// See stall.h.
#include "coterie/trial/stall.h"

#include <fmt/format.h>

#include "coterie/trial/served_node.h"

namespace coterie::trial {

const node::Node* node_of(sim::Simulation& simulation, NodeId node) {
  if (!simulation.running(node)) return nullptr;
  return static_cast<ServedNode*>(simulation.tenant(node))->node();
}

const raft::Raft* raft_of(sim::Simulation& simulation, NodeId node) {
  const node::Node* served = node_of(simulation, node);
  return served == nullptr || served->replica() == nullptr ? nullptr : &served->replica()->raft();
}

namespace {

// 0: nobody leads.
NodeId newest_leader(sim::Simulation& simulation, const std::vector<NodeId>& nodes) {
  NodeId leader;
  for (NodeId node : nodes) {
    const raft::Raft* raft = raft_of(simulation, node);
    if (raft == nullptr || raft->role() != raft::Role::leader) continue;
    if (!leader || raft->term() > raft_of(simulation, leader)->term()) leader = node;
  }
  return leader;
}

std::string who_holds_up(const raft::Raft& leader) {
  std::string text;
  for (const auto& [peer, progress] : leader.progress()) {
    if (progress.match >= leader.last_index()) continue;
    text += fmt::format("{} replica of node {} has {} of {}{}", text.empty() ? "" : ",", peer,
                        progress.match, leader.last_index(),
                        progress.snapshotting ? " and is being sent a snapshot"
                        : progress.probing    ? " and does not answer its appends"
                                              : "");
  }
  return text.empty() ? " its own log is not durable" : text;
}

}  // namespace

std::string diagnose(sim::Simulation& simulation, const std::vector<NodeId>& nodes, size_t voters) {
  for (NodeId node : nodes) {
    if (!simulation.running(node)) {
      return fmt::format("node {} is down: {}", node,
                         simulation.stop_reason(node).value_or("it was not started again"));
    }
    if (raft_of(simulation, node) == nullptr) return fmt::format("node {} is in no cluster", node);
  }
  const NodeId leader_node = newest_leader(simulation, nodes);
  if (!leader_node) {
    std::string text = "nobody leads:";
    for (NodeId node : nodes) {
      const raft::Raft* raft = raft_of(simulation, node);
      text += fmt::format(" node {} is {} in term {}{};", node, raft::role_name(raft->role()),
                          raft->term(), raft->may_vote() ? "" : " and may not vote");
    }
    return text;
  }
  const raft::Raft* leader = raft_of(simulation, leader_node);
  const std::string leads = fmt::format("node {} leads term {}", leader_node, leader->term());
  if (!leader->committed_in_term())
    return leads + " and has committed nothing in it:" + who_holds_up(*leader);
  if (leader->commit() < leader->last_index())
    return fmt::format("{} and has committed {} of {}:", leads, leader->commit(),
                       leader->last_index()) +
           who_holds_up(*leader);
  for (NodeId node : nodes) {
    const raft::Raft* raft = raft_of(simulation, node);
    const Index applied = node_of(simulation, node)->replica()->state().applied();
    if (raft->leader() != leader_node)
      return fmt::format("{}, and node {} follows {}", leads, node,
                         raft->leader() ? fmt::format("node {}", raft->leader()) : "nobody");
    if (raft->commit() < leader->commit())
      return fmt::format("{}, and node {} knows of {} of {} commits", leads, node, raft->commit(),
                         leader->commit());
    if (applied < raft->commit())
      return fmt::format("node {} has applied {} of the {} it knows to be committed", node, applied,
                         raft->commit());
    if (!raft->may_vote()) return fmt::format("{}, and node {} may not vote", leads, node);
    if (raft->membership().voters() != voters)
      return fmt::format("node {} counts {} voters where {} should be", node,
                         raft->membership().voters(), voters);
  }
  return leads + ", everything is committed and applied everywhere, and still";
}

std::string standing(sim::Simulation& simulation, const std::vector<NodeId>& nodes) {
  std::string text;
  for (NodeId node : nodes) {
    const raft::Raft* raft = raft_of(simulation, node);
    if (raft == nullptr) {
      text +=
          fmt::format("; node {}: {}", node, simulation.running(node) ? "in no cluster" : "down");
      continue;
    }
    text += fmt::format(
        "; node {}: {}, term {}, leader {}, last {}, commit {}, applied {}, {} voters{}", node,
        raft::role_name(raft->role()), raft->term(), raft->leader(), raft->last_index(),
        raft->commit(), node_of(simulation, node)->replica()->state().applied(),
        raft->membership().voters(), raft->may_vote() ? "" : ", may not vote");
  }
  return text;
}

}  // namespace coterie::trial
