// See node.h. How a node comes to life and ends is in node_life.cc.
#include "coterie/node/node.h"

#include <algorithm>

#include "coterie/base/codec.h"
#include "coterie/base/reached.h"

namespace coterie::node {

namespace {
constexpr Duration silent_after =
    seconds(3);  // a peer that has said nothing for this long may have been replaced

std::string name(NodeId node) { return "node " + std::to_string(node.value); }
}  // namespace

void Node::on_frame(NodeId from, Payload frame) {
  auto message = decode_frame(frame);
  if (!message) {
    world_.log(world::LogLevel::warning,
               "malformed frame from " + name(from) + ": " + message.error().message);
    return;
  }
  if (auto* raft_message = std::get_if<raft::Message>(&*message)) {
    if (founding_ && (phase_ == Phase::empty || phase_ == Phase::given_up) &&
        raft_message->to == papers_.replica) {
      // A leader has taken this replica in: from now on it belongs to that cluster.
      auto record = founding_->record_of(from);
      if (record && (!former_ || former_ == record->cluster)) adopt(*record);
      return;
    }
    if (awake() && same_cluster(from)) replica_->on_message(from, std::move(*raft_message));
    return;
  }
  auto& node_message = std::get<NodeMessage>(*message);
  if (auto* hello = std::get_if<Hello>(&node_message)) return on_hello(from, *hello);
  if (!awake() || !same_cluster(from)) return;
  if (auto* forward = std::get_if<Forward>(&node_message))
    return replica_->on_forward(from, std::move(*forward));
  replica_->on_refused(std::get<ForwardRefused>(node_message));
}

// What the directory held may not be durable yet, when the process before was killed: until it is,
// this replica says nothing that depends on it.
bool Node::awake() const { return replica_ && log_->settled(); }

bool Node::same_cluster(NodeId from) const {
  const auto found = peers_.find(from);
  if (found == peers_.end() || !found->second.heard) return false;
  // One that is not in a cluster yet is being taken into this one.
  const ClusterId theirs = found->second.hello.belongs_to();
  return !theirs || theirs == papers_.cluster;
}

void Node::on_hello(NodeId from, const Hello& hello) {
  const auto found = peers_.find(from);
  if (found == peers_.end() || hello.node != from || hello.version != wire_version) return;
  Peer& peer = found->second;
  const Instant now = world_.now().monotonic;
  const bool another = peer.heard && peer.hello.replica != hello.replica;
  if (another && now - peer.heard_at < silent_after) {
    COTERIE_REACHED("node: two replicas say they are one node");
    if (!std::exchange(peer.warned, true)) {
      world_.log(world::LogLevel::warning,
                 "two processes say they are " + name(from) +
                     ": give each its own --node, or wait if its disk was just replaced");
    }
    return;
  }
  const ClusterId mine = papers_.cluster ? papers_.cluster : former_;
  if (mine && hello.belongs_to() && hello.belongs_to() != mine) {
    if (!std::exchange(peer.warned, true)) {
      world_.log(world::LogLevel::error,
                 name(from) + " belongs to another cluster (" + hello.belongs_to().text() +
                     ", this one is " + mine.text() +
                     "): start it with its own cluster's addresses or an empty --data");
    }
    peer.hello = hello;
    peer.heard = true;
    peer.heard_at = now;
    return stop_if_misplaced();
  }
  peer.hello = hello;
  peer.heard = true;
  peer.heard_at = now;
  peer.warned = false;
  if (founding_) founding_->heard(hello);
  if (replica_) replica_->on_hello(hello);
}

// When a majority of the named nodes is one cluster and this directory is of another, it is this
// one that is wrong.
void Node::stop_if_misplaced() {
  const ClusterId mine = papers_.cluster ? papers_.cluster : former_;
  std::map<ClusterId, size_t> others;
  for (const auto& [node, peer] : peers_) {
    if (peer.heard && peer.hello.cluster && peer.hello.cluster != mine)
      ++others[peer.hello.cluster];
  }
  for (const auto& [cluster, count] : others) {
    if (count < options_.named.size() / 2 + 1) continue;
    misplaced_ = true;
    world_.stop("the data directory belongs to another cluster (" + mine.text() +
                ", the others are " + cluster.text() +
                "): use an empty --data, or this directory's own --cluster");
  }
}

void Node::on_link(NodeId peer, world::LinkChange change) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  if (change == world::LinkChange::outgoing_up) {
    found->second.linked = true;
    if (phase_ != Phase::clearing) say_hello(peer);
  } else if (change == world::LinkChange::outgoing_down) {
    found->second.linked = false;
  }
  if (replica_) replica_->on_link(peer, change);
}

Hello Node::own_hello() const {
  Hello hello;
  hello.node = options_.node;
  hello.replica = papers_.replica;
  hello.cluster = papers_.cluster;
  hello.founding = papers_.founding;
  for (const auto& [node, address] : options_.named) hello.named.push_back(node);
  hello.resp_address = options_.resp_address;
  hello.http_address = options_.http_address;
  hello.wall = world_.now().wall;
  hello.disk_full = disk_full_;
  hello.feature_level = 1;
  hello.given_up = phase_ == Phase::given_up;
  hello.former = former_;
  return hello;
}

void Node::say_hello(NodeId to) {
  world_.network().send(to, encode_frame(NodeMessage{own_hello()}));
}

void Node::say_hello_to_all() {
  hello_at_ = world_.now().monotonic + options_.hello_interval;
  for (const auto& [node, peer] : peers_) {
    if (peer.linked) say_hello(node);
  }
}

void Node::set_addresses(std::string resp, std::string http) {
  options_.resp_address = std::move(resp);
  options_.http_address = std::move(http);
  hello_at_ = {0};
}

// Disks that fill up are said to all; when a majority's are full nobody writes.
void Node::check_disks() {
  const bool full = log_->full();
  if (full != disk_full_) {
    COTERIE_REACHED("node: its disk is full, or has room again");
    world_.log(world::LogLevel::warning,
               full ? "the disk is full: make room" : "the disk has room again");
    disk_full_ = full;
    hello_at_ = {0};
  }
  size_t full_nodes = full ? 1 : 0;
  for (const auto& [node, peer] : peers_) {
    if (peer.heard && peer.hello.disk_full) ++full_nodes;
  }
  replica_->disks_full(full, full_nodes >= replica_->raft().membership().majority());
}

void Node::end_turn() {
  if (phase_ == Phase::closing) {
    log_->flush(world_.now());
    early_.give_up();
    return deliver_answers();
  }
  if (phase_ == Phase::empty) try_founding();
  if (!replica_) early_.tick(world_.now());
  if (awake()) {
    check_disks();
    replica_->end_turn();
  } else {
    log_->flush(world_.now());
  }
  if (phase_ != Phase::clearing && world_.now().monotonic >= hello_at_) say_hello_to_all();
  deliver_answers();
  drive_shut_down();
  set_wake();
}

void Node::deliver_answers() {
  auto answers = early_.take_answers();
  if (replica_) {
    auto more = replica_->take_answers();
    answers.insert(answers.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  }
  for (auto& [ticket, reply] : answers) sink_.on_reply(ticket, std::move(reply));
}

void Node::set_wake() {
  Instant next = hello_at_;
  if (awake()) next = std::min(next, replica_->next_deadline());
  if (shut_down_done_) next = std::min(next, world_.now().monotonic + milliseconds(20));
  if (!replica_) next = std::min(next, early_.next_deadline());
  world_.wake_at(next);
}

Ticket Node::write(const state::CommandSpec& spec, uint8_t db,
                   std::span<const std::string_view> args) {
  const Ticket ticket = next_ticket_++;
  if (replica_) {
    replica_->write(ticket, spec, db, args);
  } else {
    early_.submit(ticket, spec, db, args, EarlyRequest::Way::write, world_.now());
  }
  return ticket;
}

Ticket Node::read(const state::CommandSpec& spec, uint8_t db,
                  std::span<const std::string_view> args, bool stale) {
  const Ticket ticket = next_ticket_++;
  if (replica_) {
    replica_->read(ticket, spec, db, args, stale);
  } else {
    const auto way = stale ? EarlyRequest::Way::stale_read : EarlyRequest::Way::read;
    early_.submit(ticket, spec, db, args, way, world_.now());
  }
  return ticket;
}

void Node::cancel(Ticket ticket) { replica_ ? replica_->cancel(ticket) : early_.cancel(ticket); }

uint64_t Node::pending_bytes() const {
  return replica_ ? replica_->pending_bytes() : early_.pending_bytes();
}

bool Node::transfer_leadership(NodeId to) {
  if (!replica_ || replica_->raft().role() != raft::Role::leader) return false;
  replica_->transfer_leadership(to);
  return true;
}

}  // namespace coterie::node
