// Founding answers when a set of empty nodes becomes a cluster. It happens once: when all named
// nodes have answered and are empty, the one with the least id makes the founding record, keeps it
// durably, and only then tells the others. So there cannot be two records, whoever crashes when;
// and a node whose disk was wiped never founds a second cluster beside the first, because the
// others are not empty.
//
// A node that is not in the record (its disk was wiped since) takes the record over only when a
// leader of that cluster addresses it: until then it is as free as on its first day.
//
// A directory whose replica was given up (its vote is lost, or it stopped uncleanly under a weaker
// --fsync) is not empty: it may be all that is left of a cluster. Nobody founds beside it, and its
// data are kept until its own cluster takes the node in as a new replica.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/node/wire.h"

namespace coterie::node {

class Founding {
 public:
  // `named`: all nodes of the cluster, this one included, ordered. `given_up`: this directory holds
  // the data of a replica that was given up.
  Founding(NodeId self, ReplicaId replica, std::vector<NodeId> named, bool given_up = false);

  void heard(const Hello& hello);

  // True: this node is to make the record now.
  bool may_found() const;
  // The record, with this identity. REQUIRES: may_found()
  FoundingRecord found(ClusterId cluster) const;

  // The record of a cluster that has this replica in it, heard from a peer.
  std::optional<FoundingRecord> invitation() const;
  // The record of `cluster`, when a peer has it: for one whom its leader has addressed.
  std::optional<FoundingRecord> record_of(NodeId peer) const;

  // Why nothing has happened yet, for status: "waiting for node 3", "node 2 names other nodes".
  std::string waiting_for() const;

 private:
  NodeId self_;
  ReplicaId replica_;
  std::vector<NodeId> named_;
  bool given_up_;
  std::map<NodeId, Hello> heard_;
};

}  // namespace coterie::node
