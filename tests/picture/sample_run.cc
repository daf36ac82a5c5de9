// See sample_run.h.
#include "tests/picture/sample_run.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "coterie/base/random.h"
#include "coterie/server/resp/value.h"
#include "coterie/trial/recording.h"
#include "coterie/trial/served_node.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::picture {

namespace {

using trial::ServedNode;

std::string encode(const std::vector<std::string>& words) {
  std::string out = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return out;
}

// One client of one node: a command, its reply or none within a second, a pause, the next one.
class Client {
 public:
  Client(sim::Simulation& simulation, uint32_t number, NodeId node, const SampleOptions& options)
      : simulation_(simulation),
        number_(number),
        node_(node),
        options_(options),
        random_(mix_seed(options.seed, 100 + number)) {}

  void begin() {
    simulation_.after(
        {static_cast<int64_t>(random_.exponential(static_cast<double>(options_.pause_mean_ns)))},
        [this] { ask(); });
  }
  // What is under way has no outcome.
  std::vector<ClientOperation> take() {
    if (waits_) done(proof::Outcome::unknown, {});
    return std::move(seen_);
  }

 private:
  void ask() {
    const std::string key = fmt::format("k{}", random_.below(3));
    std::vector<std::string> words;
    open_ = {};
    open_.client = number_;
    open_.called_ns = simulation_.now().ns;
    if (random_.chance(0.5)) {
      open_.calls = {{"get", key, {}}};
      words = {"GET", key};
    } else {
      const std::string value = fmt::format("{}-{}", number_, ++made_);
      open_.calls = {{"set", key, {value}}};
      words = {"SET", key, value};
    }
    const uint64_t attempt = ++attempt_;
    waits_ = true;
    const bool there = simulation_.poke(node_, [this, attempt, words] { send(attempt, words); });
    if (!there) return done(proof::Outcome::failed, {});
    simulation_.after(seconds(1), [this, attempt] {
      if (waits_ && attempt == attempt_) done(proof::Outcome::unknown, {});
    });
  }

  void send(uint64_t attempt, const std::vector<std::string>& words) {
    auto* served = static_cast<ServedNode*>(simulation_.tenant(node_));
    auto parser = std::make_shared<resp::ReplyParser>();
    const auto connection = served->connect(
        fmt::format("client-{}", number_), [this, attempt, parser](std::string bytes, bool) {
          parser->feed(bytes);
          const auto value = parser->next();
          if (!value || !*value || !waits_ || attempt != attempt_) return;
          simulation_.after(microseconds(100), [this, attempt, reply = **value] {
            if (waits_ && attempt == attempt_) answered(reply);
          });
        });
    served->bytes(connection, encode(words));
    connection_ = connection;
    life_ = simulation_.node(node_).incarnation();
  }

  // Each command has a connection of its own.
  void hang_up() {
    if (connection_ == 0) return;
    simulation_.poke(node_, [this, number = std::exchange(connection_, 0), life = life_] {
      if (simulation_.node(node_).incarnation() != life) return;
      static_cast<ServedNode*>(simulation_.tenant(node_))->disconnect(number);
    });
  }

  void answered(const resp::Value& reply) {
    if (reply.is_error()) {
      const bool maybe = reply.text.starts_with("UNKNOWN");
      return done(maybe ? proof::Outcome::unknown : proof::Outcome::failed, {});
    }
    done(proof::Outcome::ok, reply.is_null() ? proof::Value{} : proof::Value::of(reply.text));
  }

  void done(proof::Outcome outcome, proof::Value result) {
    waits_ = false;
    hang_up();
    open_.outcome = outcome;
    open_.result = std::move(result);
    open_.returned_ns = simulation_.now().ns;
    seen_.push_back({std::move(open_), static_cast<uint32_t>(node_.value)});
    begin();
  }

  sim::Simulation& simulation_;
  uint32_t number_;
  NodeId node_;
  SampleOptions options_;
  Random random_;
  proof::Operation open_;
  bool waits_ = false;
  uint64_t attempt_ = 0;
  ServedNode::ConnectionNumber connection_ = 0;
  uint64_t life_ = 0;
  uint64_t made_ = 0;
  std::vector<ClientOperation> seen_;
};

void break_things(sim::Simulation& simulation, const SampleOptions& options) {
  sim::LinkOptions links = simulation.options().link;
  links.loss_probability = 0.01;
  links.duplicate_probability = 0.01;
  links.delay = sim::Delay::uniform(milliseconds(1), milliseconds(4));
  simulation.set_links(links);
  const auto at_share = [&](double share, std::function<void()> action) {
    simulation.at({static_cast<int64_t>(share * static_cast<double>(options.duration_ns))},
                  std::move(action));
  };
  const NodeId last(options.nodes);
  at_share(0.24, [&simulation] { simulation.partition({NodeId(1)}); });
  at_share(0.40, [&simulation] { simulation.heal(); });
  at_share(0.46, [&simulation] { simulation.crash(NodeId(2)); });
  at_share(0.58, [&simulation] { simulation.start(NodeId(2)); });
  at_share(0.64, [&simulation, last] { simulation.step_wall_clock(last, milliseconds(400)); });
  at_share(0.70, [&simulation] { simulation.pause(NodeId(1)); });
  at_share(0.76, [&simulation] { simulation.unpause(NodeId(1)); });
  at_share(0.84, [&simulation, last] { simulation.block(last, NodeId(1)); });
  at_share(0.92, [&simulation, last] { simulation.unblock(last, NodeId(1)); });
}

// A read that returned after a write of the same key had, and another write before that.
void falsify(Run& run) {
  std::vector<ClientOperation>& all = run.operations;
  for (size_t i = all.size() / 3; i < all.size(); ++i) {
    proof::Operation& read = all[i].operation;
    if (read.outcome != proof::Outcome::ok || read.calls[0].name != "get" || read.result.is_null())
      continue;
    for (size_t j = 0; j < all.size(); ++j) {
      const proof::Operation& write = all[j].operation;
      const bool stale = write.calls[0].name == "set" && write.calls[0].key == read.calls[0].key &&
                         write.outcome == proof::Outcome::ok &&
                         write.returned_ns < read.called_ns && write.client != read.client &&
                         write.calls[0].args[0] == read.result.text;
      if (!stale) continue;
      read.result = proof::Value::of(std::string("0-0"));
      run.verdict = {
          Verdict::Kind::violated,
          fmt::format("client {} read {} = 0-0, which nobody has written, after client "
                      "{}'s write of {} had returned.",
                      read.client, read.calls[0].key, write.client, write.calls[0].args[0]),
          {j, i}};
      return;
    }
  }
}

}  // namespace

Run sample_run(const SampleOptions& options) {
  sim::SimOptions world;
  world.seed = options.seed;
  if (options.faults) {
    world.clock.wall_offset_max = milliseconds(300);
    world.clock.drift_ppm_max = 40'000;
  }
  sim::Simulation simulation(world);
  trial::Recording recording(simulation);
  for (uint64_t i = 1; i <= options.nodes; ++i) {
    simulation.add_node(NodeId(i), [i, nodes = options.nodes](world::World& home) {
      node::NodeOptions node;
      node.node = NodeId(i);
      for (uint64_t k = 1; k <= nodes; ++k) node.named[NodeId(k)] = fmt::format("node-{}:7579", k);
      node.resp_address = fmt::format("node-{}:7379", i);
      return std::make_unique<ServedNode>(home, node);
    });
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < options.clients; ++i) {
    clients.push_back(
        std::make_unique<Client>(simulation, i + 1, NodeId(i % options.nodes + 1), options));
    simulation.after(seconds(1), [client = clients.back().get()] { client->begin(); });
  }
  if (options.faults) break_things(simulation, options);
  simulation.run_to({options.duration_ns});
  std::vector<ClientOperation> operations;
  for (const auto& client : clients) {
    for (ClientOperation& one : client->take()) operations.push_back(std::move(one));
  }
  Run run = recording.finish(std::move(operations), {Verdict::Kind::holds, "", {}});
  run.title =
      fmt::format("seed {}, {} nodes, {} clients{}", options.seed, options.nodes, options.clients,
                  options.faults ? ": partition, crash, pause, clocks" : ", no faults");
  run.command = fmt::format("coterie sim --seed {} --html failure.html", options.seed);
  run.narrow = "--from 1s --to 2s";
  if (options.falsify) falsify(run);
  return run;
}

}  // namespace coterie::picture
