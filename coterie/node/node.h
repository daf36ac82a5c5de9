// A Node is what lives in a world: its identity, its disk, its links to the named peers, and its
// replicas. Clients' connections reach it through the Gateway. It comes to life in steps: it reads
// its directory; an empty one gets a new replica identity, synced before anyone hears of it; a
// cluster is founded or this replica is taken into one (founding.h); then its replica starts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coterie/node/early_requests.h"
#include "coterie/node/founding.h"
#include "coterie/node/gateway.h"
#include "coterie/node/replica.h"
#include "coterie/node/wire.h"
#include "coterie/store/log/log.h"
#include "coterie/world/world.h"

namespace coterie::node {

struct NodeOptions {
  NodeId node{1};
  std::map<NodeId, std::string> named;  // all nodes, this one included, with their peer addresses
  std::string resp_address;             // where this node serves clients, as others should know it
  std::string http_address;
  int64_t process_id = 0;
  store::LogOptions log;
  ReplicaOptions replica;  // its raft.group, node, replica and seed are filled in here
  Duration hello_interval = seconds(1);
};

class Node : public world::Tenant, public Gateway {
 public:
  // Reads the directory. Errors tell the user what to do (another node's directory, an unknown
  // format ...). `world` and `sink` outlive the node.
  static Result<std::unique_ptr<Node>> start(world::World& world, NodeOptions options,
                                             ClientSink& sink);
  ~Node() override;

  // world::Tenant
  void on_frame(NodeId from, Payload frame) override;
  void on_link(NodeId peer, world::LinkChange change) override;
  void on_wake() override {}
  void end_turn() override;

  // Gateway
  Ticket write(const state::CommandSpec& spec, uint8_t db,
               std::span<const std::string_view> args) override;
  Ticket read(const state::CommandSpec& spec, uint8_t db, std::span<const std::string_view> args,
              bool stale) override;
  void cancel(Ticket ticket) override;
  uint64_t pending_bytes() const override;
  NodeStatus status() const override;
  std::optional<uint64_t> state_digest() const override;
  bool transfer_leadership(NodeId to) override;

  // Hands leadership over, waits (bounded) for what is under way, ends the log cleanly; then calls
  // done, once.
  void shut_down(std::function<void()> done);

  // The addresses by which others should know this node, once its listeners have their ports.
  void set_addresses(std::string resp, std::string http);

  // Why linearizable reads cannot be served now; empty: they can.
  std::string not_ready_reason() const;

  // It was stopped because its directory belongs to another cluster than the others are.
  bool misplaced() const { return misplaced_; }

  const Replica* replica() const { return replica_.get(); }  // nullptr: not in a cluster yet

 private:
  enum class Phase { clearing, empty, given_up, founding, running, closing };
  struct Peer {
    Hello hello;
    bool heard = false;
    Instant heard_at;
    bool linked = false;  // our link to it is up
    bool warned = false;  // of another cluster or a second holder of its id
  };

  Node(world::World& world, NodeOptions options, ClientSink& sink);
  Result<void> open();
  void begin_empty();
  void give_up(ClusterId former, const std::string& why);
  void write_empty_papers();
  void adopt(const FoundingRecord& record);
  void founded();
  void start_replica(store::Recovery&& recovery, std::optional<LoadedSnapshot>&& snapshot,
                     const FoundingRecord& record);
  std::unique_ptr<store::Log> make_log();
  void on_hello(NodeId from, const Hello& hello);
  void try_founding();
  Hello own_hello() const;
  void say_hello(NodeId to);
  void say_hello_to_all();
  bool awake() const;
  bool same_cluster(NodeId from) const;
  void stop_if_misplaced();
  void check_disks();
  void deliver_answers();
  void drive_shut_down();
  void ask_early_requests();
  void set_wake();
  std::string role_text() const;

  world::World& world_;
  NodeOptions options_;
  ClientSink& sink_;
  Phase phase_ = Phase::empty;
  std::unique_ptr<store::Log> log_;
  store::Papers papers_;
  ClusterId former_;  // whose data a directory holds that was given up
  std::unique_ptr<Founding> founding_;
  std::unique_ptr<Replica> replica_;
  std::map<NodeId, Peer> peers_;
  Ticket next_ticket_ = 1;
  EarlyRequests early_;  // what is asked before there is a replica
  Instant hello_at_{0};
  bool disk_full_ = false;
  bool misplaced_ = false;
  std::function<void()> shut_down_done_;
  Instant shut_down_by_;
};

}  // namespace coterie::node
