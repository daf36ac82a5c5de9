// How a node comes to life, is taken into a cluster, shows itself and ends. See node.h.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/reached.h"
#include "coterie/node/node.h"
#include "coterie/node/recovery.h"
#include "coterie/node/router.h"

namespace coterie::node {

namespace {
constexpr Duration ready_within = seconds(1);  // a read index was granted this lately
constexpr Duration shut_down_time = milliseconds(1'500);
}  // namespace

Result<std::unique_ptr<Node>> Node::start(world::World& world, NodeOptions options,
                                          ClientSink& sink) {
  COTERIE_ASSERT(options.named.contains(options.node));
  std::unique_ptr<Node> node(new Node(world, std::move(options), sink));
  COTERIE_CHECK(node->open());
  return node;
}

Node::Node(world::World& world, NodeOptions options, ClientSink& sink)
    : world_(world),
      options_(std::move(options)),
      sink_(sink),
      early_(options_.replica.request_timeout) {
  for (const auto& [node, address] : options_.named) {
    if (node == options_.node) continue;
    peers_[node].linked = world_.network().connected(node);
  }
}

Node::~Node() = default;

std::unique_ptr<store::Log> Node::make_log() {
  return std::make_unique<store::Log>(
      world_.disk(), options_.log,
      [this](uint64_t number) {
        if (replica_) replica_->on_durable(number);
      },
      [this](Error error) { world_.stop("the log cannot be written: " + error.message); });
}

Result<void> Node::open() {
  log_ = make_log();
  StateTaker taker;
  COTERIE_TRY(recovery, log_->open(&taker));
  for (const std::string& note : recovery.notes) world_.log(world::LogLevel::warning, note);
  if (!recovery.papers && !recovery.former && !recovery.orphaned) {
    begin_empty();
    return {};
  }
  if (recovery.orphaned) {
    give_up({}, "it is not known any more whose data these are");
    return {};
  }
  papers_ = recovery.papers ? *recovery.papers : *recovery.former;
  if (papers_.node != options_.node) {
    return fail(Fault::invalid, "the data directory belongs to node " +
                                    std::to_string(papers_.node.value) + ", not to node " +
                                    std::to_string(options_.node.value) +
                                    ": use another --data or --node");
  }
  if (!papers_.cluster && !recovery.papers) {
    begin_empty();  // nobody ever relied on it
    return {};
  }
  if (!recovery.papers) {
    give_up(papers_.cluster, "its term and vote are lost");
    return {};
  }
  if (!papers_.cluster) {
    founding_ = std::make_unique<Founding>(options_.node, papers_.replica, own_hello().named);
    phase_ = Phase::empty;
    return {};
  }
  auto record = from_wire<FoundingRecord>(Payload::copy_of(papers_.founding));
  if (!record) return fail(Fault::corrupt, "the identity file's founding record is malformed");
  if (!recovery.clean) {
    COTERIE_REACHED("node: an unclean stop under a weaker fsync mode");
    const std::string why =
        "stopped uncleanly under a weaker --fsync: what was acknowledged last may be missing";
    const raft::Membership membership = newest_membership(recovery, papers_);
    const raft::Member* self = membership.find(papers_.replica);
    if (membership.voters() != 1 || self == nullptr || !self->voter) {
      give_up(papers_.cluster, why);
      return {};
    }
    // Nobody else has what is missing, and nobody else has voted.
    world_.log(world::LogLevel::warning, why);
  }
  std::optional<LoadedSnapshot> snapshot;
  if (recovery.snapshot) snapshot = taker.loaded();
  start_replica(std::move(recovery), std::move(snapshot), *record);
  return {};
}

// What the directory holds cannot be relied on, but it may be all that is left of its cluster: it
// is kept until the rest of that cluster takes this node in as a new replica. Until then the new
// identity is nowhere but in memory: nothing is promised in its name.
void Node::give_up(ClusterId former, const std::string& why) {
  COTERIE_REACHED("node: a replica given up, its data kept");
  world_.log(world::LogLevel::warning,
             why +
                 ": this replica is given up and returns as a new one when its cluster takes it "
                 "in; until then its data are kept");
  phase_ = Phase::given_up;
  former_ = former;
  papers_ = {};
  papers_.node = options_.node;
  papers_.replica.high = world_.entropy();
  papers_.replica.low = world_.entropy();
  founding_ = std::make_unique<Founding>(options_.node, papers_.replica, own_hello().named, true);
}

// A directory that is empty, or on whose content nobody has ever relied, gets a new identity; the
// log clears it first.
void Node::begin_empty() {
  phase_ = Phase::clearing;
  papers_ = {};
  write_empty_papers();
}

void Node::write_empty_papers() {
  papers_.node = options_.node;
  papers_.replica.high = world_.entropy();
  papers_.replica.low = world_.entropy();
  papers_.cluster = {};
  log_->write_papers(papers_, [this](Result<void> written) {
    if (!written) return world_.stop("the identity cannot be written: " + written.error().message);
    phase_ = Phase::empty;
    founding_ = std::make_unique<Founding>(options_.node, papers_.replica, own_hello().named);
    for (const auto& [node, peer] : peers_) {
      if (peer.heard) founding_->heard(peer.hello);
    }
    say_hello_to_all();
    world_.want_turn();
  });
}

void Node::try_founding() {
  if (!founding_) return;
  if (auto record = founding_->invitation()) {
    adopt(*record);
  } else if (founding_->may_found()) {
    ClusterId cluster;
    cluster.high = world_.entropy();
    cluster.low = world_.entropy();
    world_.log(world::LogLevel::info, "founding cluster " + cluster.text() + " of " +
                                          std::to_string(options_.named.size()) + " nodes");
    adopt(founding_->found(cluster));
  }
}

// The record is durable before anyone hears of it.
void Node::adopt(const FoundingRecord& record) {
  phase_ = Phase::founding;
  former_ = {};
  papers_.cluster = record.cluster;
  papers_.founding = to_wire(record).text();
  log_->write_papers(papers_, [this](Result<void> written) {
    if (!written)
      return world_.stop("the founding record cannot be written: " + written.error().message);
    founded();
  });
}

void Node::founded() {
  founding_.reset();
  auto record = from_wire<FoundingRecord>(Payload::copy_of(papers_.founding));
  COTERIE_ASSERT(record.has_value());
  start_replica({}, {}, *record);
  world_.log(world::LogLevel::info,
             "in cluster " + papers_.cluster.text() + " as replica " + papers_.replica.text());
  say_hello_to_all();
  world_.want_turn();
}

void Node::start_replica(store::Recovery&& recovery, std::optional<LoadedSnapshot>&& snapshot,
                         const FoundingRecord& record) {
  ReplicaOptions options = options_.replica;
  options.raft.group = only_group;
  options.raft.node = options_.node;
  options.raft.replica = papers_.replica;
  options.raft.seed = world_.entropy();
  replica_ = Replica::start(
      world_, *log_, std::move(recovery), std::move(snapshot), record, options,
      {.published = [this](const Payload& channel,
                           const Payload& message) { sink_.on_published(channel, message); },
       .note = [this](world::LogLevel level, std::string text) { world_.log(level, text); }});
  phase_ = Phase::running;
  for (const auto& [node, peer] : peers_) {
    if (peer.heard && same_cluster(node)) replica_->on_hello(peer.hello);
  }
  ask_early_requests();
}

// Their time begins anew: what they waited for so far was not a majority.
void Node::ask_early_requests() {
  for (const EarlyRequest& early : early_.take()) {
    const std::vector<std::string_view> args(early.args.begin(), early.args.end());
    if (early.way == EarlyRequest::Way::write) {
      replica_->write(early.ticket, *early.spec, early.db, args);
    } else {
      const bool stale = early.way == EarlyRequest::Way::stale_read;
      replica_->read(early.ticket, *early.spec, early.db, args, stale);
    }
  }
}

void Node::shut_down(std::function<void()> done) {
  shut_down_done_ = std::move(done);
  shut_down_by_ = world_.now().monotonic + shut_down_time;
  if (replica_ && options_.named.size() > 1) replica_->transfer_leadership(NodeId(0));
  if (!replica_) early_.give_up();
  world_.want_turn();
}

void Node::drive_shut_down() {
  if (!shut_down_done_ || phase_ == Phase::closing) return;
  const bool late = world_.now().monotonic >= shut_down_by_;
  const bool leads =
      replica_ && replica_->raft().role() == raft::Role::leader && options_.named.size() > 1;
  if (!late && replica_ && (leads || !replica_->idle())) return;
  phase_ = Phase::closing;
  if (replica_) replica_->retire();
  log_->close(std::exchange(shut_down_done_, nullptr));
}

std::string Node::role_text() const {
  if (!replica_) return "starting";
  const raft::Raft& raft = replica_->raft();
  if (raft.hard_state().damaged) return "damaged";
  if (raft.role() == raft::Role::leader) return "leader";
  const raft::Member* self = raft.membership().find(papers_.replica);
  if (self == nullptr || !self->voter) return "learner";
  return raft.role() == raft::Role::follower ? "follower" : "candidate";
}

std::string Node::not_ready_reason() const {
  if (!replica_)
    return founding_ ? founding_->waiting_for() : "the data directory is being prepared";
  if (!replica_->raft().leader()) return "no leader is known: a majority may be unreachable";
  if (world_.now().monotonic - replica_->last_read_granted() > ready_within) {
    return "the leader has not confirmed a read lately";
  }
  return {};
}

std::optional<uint64_t> Node::state_digest() const {
  if (!replica_) return {};
  return replica_->state().digest();
}

NodeStatus Node::status() const {
  NodeStatus status;
  status.node = options_.node;
  status.process_id = options_.process_id;
  if (papers_.cluster) status.cluster = papers_.cluster.text();
  status.replica = papers_.replica.text();
  status.role = role_text();
  status.not_ready_reason = not_ready_reason();
  status.ready = status.not_ready_reason.empty();
  status.recent_sync_ms = log_->recent_sync().seconds() * 1e3;
  status.disk_full = disk_full_;
  const raft::Raft* raft = replica_ ? &replica_->raft() : nullptr;
  if (raft != nullptr) {
    status.leader = raft->leader();
    status.term = raft->term();
    status.commit = raft->commit();
    status.first = raft->first_index();
    status.last = raft->last_index();
    status.snapshot = raft->snapshot().index;
    status.log_bytes = raft->log_bytes();
    status.applied = replica_->state().applied();
    status.keys = replica_->state().keys();
    for (uint8_t db = 0; db < state::databases; ++db) {
      status.databases.push_back(
          {replica_->state().keys_in(db), replica_->state().expiring_in(db)});
    }
    status.memory_bytes = replica_->state().memory_bytes();
  }
  for (const auto& [node, address] : options_.named) {
    MemberStatus member;
    member.node = node;
    member.peer_address = address;
    const raft::Member* known = raft == nullptr ? nullptr : raft->membership().find(node);
    member.voter = known != nullptr && known->voter;
    if (node == options_.node) {
      member.resp_address = options_.resp_address;
      member.http_address = options_.http_address;
      member.connected = true;
      if (raft != nullptr) member.match = raft->last_index();
    } else {
      const Peer& peer = peers_.at(node);
      member.resp_address = peer.hello.resp_address;
      member.http_address = peer.hello.http_address;
      member.connected = peer.linked;
      if (raft != nullptr && raft->role() == raft::Role::leader) {
        const auto progress = raft->progress().find(node);
        if (progress != raft->progress().end()) member.match = progress->second.match;
      }
    }
    status.members.push_back(std::move(member));
  }
  return status;
}

}  // namespace coterie::node
