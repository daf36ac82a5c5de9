// A Survivor is what is left when a majority of a cluster's disks is lost, and somebody has to
// decide to go on with it. It says what this directory holds; and when the loss is accepted, it
// makes this replica the whole cluster:
//
//   - under a new cluster identity, so that members which were only away cannot come back and form
//   a second majority;
//   - by an entry behind its log that names it as the only member, in a new term.
//
// All entries of its log count from then on, committed or not: what it holds may have been
// acknowledged. The other nodes return with empty directories and are taken in as after any loss of
// a disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/protocol/raft/message.h"
#include "coterie/store/log/log.h"
#include "coterie/world/world.h"

namespace coterie::node {

struct SurvivorReport {
  NodeId node;
  ClusterId cluster;
  ReplicaId replica;
  Term term;  // if it is lost, the highest that is seen
  Index snapshot, last;
  Term last_term;
  bool damaged = false;    // its log has a hole: it holds less than it once acknowledged
  bool lost_term = false;  // its term and vote are lost
  std::string members;     // "1 2 3", as of the newest membership in its log
};

// The newest membership that a directory holds. REQUIRES: it belongs to a cluster.
raft::Membership newest_membership(const store::Recovery& recovery, const store::Papers& papers);

class Survivor final : public world::Tenant {
 public:
  using Done = std::function<void(Result<void>)>;

  explicit Survivor(world::World& world);
  ~Survivor() override;

  // Reads the directory; changes nothing. Before the first turn.
  Result<SurvivorReport> look();
  // Makes this replica the cluster; `done` when that is durable. REQUIRES: look() has succeeded.
  void go_on_alone(Done done);
  ClusterId new_cluster() const { return papers_.cluster; }

  void on_frame(NodeId, Payload) override {}
  void on_link(NodeId, world::LinkChange) override {}
  void on_wake() override {}
  void end_turn() override;

 private:
  Result<void> open();
  void write_papers();
  void write_membership();

  world::World& world_;
  std::unique_ptr<store::Log> log_;
  store::Recovery recovery_;
  store::Papers papers_;
  Done done_;
};

}  // namespace coterie::node
