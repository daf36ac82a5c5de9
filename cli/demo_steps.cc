// See demo_steps.h.
#include "cli/demo_steps.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>

namespace coterie::cli {

namespace {

using Seen = Result<std::vector<std::string>>;

std::string milliseconds_text(Duration duration) {
  return fmt::format("{:.1f} ms", duration.seconds() * 1'000);
}

tl::unexpected<Error> unlike(std::string_view what, const resp::Value& value) {
  return fail(Fault::refused, fmt::format("{}: {}", what, resp::describe(value)));
}

Seen message_passing(const DemoCluster& cluster, DemoMemory&) {
  COTERIE_TRY(sender, cluster.connect(1));
  COTERIE_TRY(receiver, cluster.connect(3));
  COTERIE_CHECK(receiver.send({"BLPOP", "inbox", "10"}));
  const Instant sent = process::monotonic_now();
  COTERIE_TRY(pushed, sender.command({"RPUSH", "inbox", "hello from node 1"}));
  if (pushed.integer != 1) return unlike("RPUSH was answered with", pushed);
  COTERIE_TRY(popped, receiver.receive(seconds(10)));
  const Duration took = process::monotonic_now() - sent;
  if (popped.elements.size() != 2 || popped.elements[1].text != "hello from node 1")
    return unlike("node 3 got", popped);
  return std::vector{
      fmt::format("RPUSH inbox \"hello from node 1\" on node 1; BLPOP on node 3 had it after {}",
                  milliseconds_text(took))};
}

Seen broadcast(const DemoCluster& cluster, DemoMemory&) {
  std::vector<client::RedisLink> subscribers;
  for (uint64_t node = 1; node <= DemoCluster::nodes; ++node) {
    COTERIE_TRY(link, cluster.connect(node));
    COTERIE_TRY(confirmed, link.command({"SUBSCRIBE", "news"}));
    if (confirmed.elements.size() != 3) return unlike("SUBSCRIBE was answered with", confirmed);
    subscribers.push_back(std::move(link));
  }
  COTERIE_TRY(publisher, cluster.connect(2));
  const Instant sent = process::monotonic_now();
  COTERIE_TRY(published, publisher.command({"PUBLISH", "news", "system update available"}));
  if (published.is_error()) return unlike("PUBLISH was answered with", published);
  for (client::RedisLink& subscriber : subscribers) {
    COTERIE_TRY(message, subscriber.receive(seconds(10)));
    if (message.elements.size() != 3 || message.elements[2].text != "system update available") {
      return unlike("a subscriber got", message);
    }
  }
  return std::vector{
      fmt::format("PUBLISH on node 2; the subscribers of nodes 1, 2 and 3 all had it after {}",
                  milliseconds_text(process::monotonic_now() - sent))};
}

// Waits until all replicas have applied the same prefix, and compares their states there. Reports
// the place.
Result<uint64_t> equal_states(const DemoCluster& cluster) {
  std::string last;
  uint64_t applied = 0;
  const bool equal = wait_until(seconds(20), [&] {
    const Result<client::ClusterView> view = cluster.view(client::AskFor::status_and_digest);
    if (!view) return last = view.error().message, false;
    applied = view->nodes.front().applied;
    last.clear();
    bool same = view->nodes.size() == DemoCluster::nodes;
    for (const client::NodeView& node : view->nodes) {
      last += fmt::format("{}node {}: {} at {}", last.empty() ? "" : ", ", node.id,
                          node.state_digest, node.applied);
      same &= node.alive && node.applied == applied &&
              node.state_digest == view->nodes.front().state_digest;
    }
    return same;
  });
  if (!equal) return fail(Fault::refused, "the replicas do not come to one state: " + last);
  return applied;
}

Seen replication(const DemoCluster& cluster, DemoMemory&) {
  std::vector<std::string> seen;
  COTERIE_TRY(writer, cluster.connect(1));
  const Instant sent = process::monotonic_now();
  COTERIE_TRY(written, writer.command({"SET", "config:version", "1.2.3"}));
  if (written.text != "OK") return unlike("SET was answered with", written);
  seen.push_back(
      fmt::format("SET config:version 1.2.3 on node 1: on the disks of a majority after {}",
                  milliseconds_text(process::monotonic_now() - sent)));
  for (uint64_t node = 1; node <= DemoCluster::nodes; ++node) {
    COTERIE_TRY(reader, cluster.connect(node));
    COTERIE_TRY(value, reader.command({"GET", "config:version"}));
    if (value.text != "1.2.3") return unlike(fmt::format("GET on node {}", node), value);
  }
  seen.push_back("GET on each node: 1.2.3, at once; reads are linearizable everywhere");
  COTERIE_TRY(applied, equal_states(cluster));
  seen.push_back(
      fmt::format("the three replicas hold the same state, at entry {} of the log", applied));
  return seen;
}

// A client that increments a counter until it is told to stop. Every reply must be one more than
// the one before.
class Incrementer {
 public:
  explicit Incrementer(client::RedisLink link)
      : link_(std::move(link)), thread_([this] { run(); }) {}
  ~Incrementer() {
    if (thread_.joinable()) stop();
  }
  void stop() {
    stopping_ = true;
    thread_.join();
  }

  std::atomic<int64_t> acknowledged{0};
  // To be read after stop().
  Duration longest_wait;
  std::string complaint;

 private:
  void run() {
    while (!stopping_ && complaint.empty()) {
      const Instant asked = process::monotonic_now();
      const Result<resp::Value> reply = link_.command({"INCR", "visits"});
      longest_wait = std::max(longest_wait, process::monotonic_now() - asked);
      if (!reply) {
        complaint = reply.error().message;
      } else if (reply->kind != resp::Value::Kind::integer || reply->integer != acknowledged + 1) {
        complaint = fmt::format("after {} came {}", acknowledged.load(), resp::describe(*reply));
      } else {
        ++acknowledged;
      }
    }
  }

  client::RedisLink link_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Seen failure(const DemoCluster& cluster, DemoMemory& memory) {
  constexpr int64_t enough = 200;
  COTERIE_TRY(leader, cluster.leader());
  const uint64_t survivor = leader % DemoCluster::nodes + 1;
  COTERIE_TRY(link, cluster.connect(survivor));
  Incrementer client(std::move(link));
  if (!wait_until(seconds(20), [&] { return client.acknowledged >= enough; })) {
    client.stop();
    return fail(Fault::timed_out, fmt::format("only {} increments were acknowledged in 20 s {}",
                                              client.acknowledged.load(), client.complaint));
  }
  COTERIE_TRY(killed, cluster.kill(leader));
  memory.killed_node = leader;
  memory.killed_process = killed;
  memory.killed_at = process::monotonic_now();
  const int64_t before = client.acknowledged;
  const bool went_on =
      wait_until(seconds(20), [&] { return client.acknowledged >= before + enough; });
  client.stop();
  memory.acknowledged = client.acknowledged;
  if (!client.complaint.empty())
    return fail(Fault::refused, "the client was not served on: " + client.complaint);
  if (!went_on) return fail(Fault::timed_out, "the client was not served on within 20 s");
  COTERIE_TRY(next, cluster.leader(leader));
  return std::vector{
      fmt::format("kill -9 of node {}, the leader, while a client of node {} increments a counter",
                  leader, survivor),
      fmt::format("node {} leads now; the client saw no error, and {} of its {} increments came "
                  "after the kill",
                  next, memory.acknowledged - before, memory.acknowledged),
      fmt::format("its longest wait for a reply was {}", milliseconds_text(client.longest_wait))};
}

Seen recovery(const DemoCluster& cluster, DemoMemory& memory) {
  const uint64_t node = memory.killed_node;
  if (node == 0) return fail(Fault::refused, "no node was killed");
  std::string last = "it was not started again";
  const bool back = wait_until(seconds(30), [&] {
    const Result<NodeRecord> record = cluster.record_of(node);
    if (!record || record->process.pid == 0 || record->process == memory.killed_process)
      return false;
    const Result<client::NodeView> view = cluster.view_of(node);
    last = view ? view->not_ready_reason : view.error().message;
    return view && view->ready;
  });
  if (!back)
    return fail(Fault::timed_out,
                fmt::format("node {} did not come back within 30 s: {}", node, last));
  const Duration away = process::monotonic_now() - memory.killed_at;
  COTERIE_TRY(link, cluster.connect(node));
  COTERIE_TRY(value, link.command({"GET", "visits"}));
  if (value.text != std::to_string(memory.acknowledged))
    return unlike("node " + std::to_string(node) + " read", value);
  return std::vector{fmt::format("node {} was started again and is ready {:.1f} s after its death",
                                 node, away.seconds()),
                     fmt::format("it has caught up by itself: the counter reads {} there, with "
                                 "what was written while it was dead",
                                 value.text)};
}

Seen consistency(const DemoCluster& cluster, DemoMemory& memory) {
  for (uint64_t node = 1; node <= DemoCluster::nodes; ++node) {
    COTERIE_TRY(link, cluster.connect(node));
    COTERIE_TRY(value, link.command({"GET", "visits"}));
    if (value.text != std::to_string(memory.acknowledged))
      return unlike(fmt::format("node {} counts", node), value);
  }
  COTERIE_TRY(applied, equal_states(cluster));
  return std::vector{fmt::format("{} increments were acknowledged, and every node counts exactly "
                                 "{}: nothing lost, nothing twice",
                                 memory.acknowledged, memory.acknowledged),
                     fmt::format("the digests of the three states are equal at entry {}", applied)};
}

constexpr DemoStep steps[] = {
    {"Message passing", "a client of one node sends, a client that waits at another receives",
     message_passing},
    {"Broadcast", "what is published on one node reaches the subscribers of all", broadcast},
    {"Replication", "what was acknowledged is on every node", replication},
    {"Failure", "the leader dies without a word", failure},
    {"Recovery", "the dead node comes back and catches up", recovery},
    {"Consistency", "no acknowledged write is lost, none is there twice, the replicas agree",
     consistency},
};

}  // namespace

std::span<const DemoStep> demo_steps() { return steps; }

}  // namespace coterie::cli
