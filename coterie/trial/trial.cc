// See trial.h.
#include "coterie/trial/trial.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "coterie/protocol/raft/invariants.h"
#include "coterie/store/state/reclaim.h"
#include "coterie/trial/served_node.h"
#include "coterie/trial/workload.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

namespace {

class Trial {
 public:
  explicit Trial(const TrialOptions& options)
      : options_(options),
        random_(mix_seed(options.seed, 77)),
        simulation_(sim_options(options.seed)),
        mix_(options.mix ? *options.mix : FaultMix::draw(random_)),
        faults_(simulation_, mix_, mix_seed(options.seed, 78)) {}

  TrialReport run() {
    add_nodes();
    add_workers();
    const bool passed = found() && work() && settle() && judge();
    return report(passed);
  }

 private:
  static sim::SimOptions sim_options(uint64_t seed) {
    sim::SimOptions options;
    options.seed = seed;
    options.clock.wall_offset_max = seconds(2);
    return options;
  }

  node::NodeOptions node_options(NodeId id) {
    node::NodeOptions options;
    options.node = id;
    for (uint64_t i = 1; i <= options_.nodes; ++i)
      options.named[NodeId(i)] = fmt::format("node-{}:7579", i);
    options.resp_address = fmt::format("node-{}:7379", id.value);
    options.log = log_options_;
    options.replica = replica_options_;
    return options;
  }

  void add_nodes() {
    if (options_.hostile && random_.chance(0.6)) {
      log_options_.segment_bytes = 16 << 10;
      replica_options_.snapshot_log_bytes = static_cast<uint64_t>(random_.between(4, 64)) << 10;
      replica_options_.keep_log_bytes = replica_options_.snapshot_log_bytes / 4;
      replica_options_.raft.snapshot_chunk_bytes = 1 << 10;
    }
    for (uint64_t i = 1; i <= options_.nodes; ++i) {
      nodes_.push_back(NodeId(i));
      simulation_.add_node(NodeId(i), [this, i](world::World& world) {
        return std::make_unique<ServedNode>(world, node_options(NodeId(i)));
      });
    }
  }

  void add_workers() {
    for (uint32_t i = 0; i < options_.clients; ++i) {
      const auto kind = static_cast<Worker::Kind>(i % 8 < 5 ? 0 : i % 8 - 4);
      workers_.push_back(std::make_unique<Worker>(simulation_, books_, kind, i, nodes_,
                                                  mix_seed(options_.seed, 1'000 + i)));
    }
  }

  const raft::Raft* raft_of(NodeId node) {
    if (!simulation_.running(node)) return nullptr;
    const node::Node* served = static_cast<ServedNode*>(simulation_.tenant(node))->node();
    return served == nullptr || served->replica() == nullptr ? nullptr : &served->replica()->raft();
  }

  // One event, and the invariants after it.
  bool step() {
    if (!simulation_.step()) return false;
    alive_.clear();
    for (NodeId node : nodes_) {
      if (const raft::Raft* raft = raft_of(node)) alive_.push_back(raft);
      if (auto reason = simulation_.stop_reason(node))
        return broken(fmt::format("node {} stopped: {}", node, *reason));
    }
    if (auto held = invariants_.observe(alive_); !held) return broken(held.error().message);
    narrate();
    return true;
  }

  void narrate() {
    if (!options_.narrate) return;
    const auto& lines = simulation_.log_lines();
    for (; narrated_ < lines.size(); ++narrated_) {
      const sim::LogLine& line = lines[narrated_];
      options_.narrate(fmt::format("{:10.6f} node {}: {}", (line.when - Instant{0}).seconds(),
                                   line.node, line.text));
    }
  }

  bool broken(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }

  template <class Condition>
  bool run_until(Condition condition, Duration at_most) {
    const Instant end = simulation_.now() + at_most;
    while (!condition()) {
      if (simulation_.now() > end) return false;
      if (!step()) return false;
    }
    return true;
  }

  bool found() {
    const bool founded = run_until(
        [&] {
          return std::any_of(nodes_.begin(), nodes_.end(), [&](NodeId node) {
            const raft::Raft* raft = raft_of(node);
            return raft != nullptr && raft->committed_in_term();
          });
        },
        seconds(20));
    return founded || broken("the cluster was not founded within 20 s");
  }

  bool work() {
    for (auto& worker : workers_) worker->start();
    const Instant end = simulation_.now() + options_.duration;
    faults_.start(end);
    run_until([&] { return simulation_.now() >= end; }, options_.duration + seconds(1));
    return reason_.empty();
  }

  // Everything is mended: all that is under way must come to an end, and all replicas to the same
  // state.
  bool settle() {
    faults_.mend();
    for (auto& worker : workers_) worker->stop();
    const auto busy = [&] {
      return std::find_if(workers_.begin(), workers_.end(),
                          [](const auto& worker) { return !worker->idle(); });
    };
    if (!run_until([&] { return busy() == workers_.end(); }, options_.patience)) {
      return broken(
          "not live: " + (busy() == workers_.end() ? std::string("?") : (*busy())->describe()) +
          standing());
    }
    if (!run_until([&] { return same_state(); }, options_.patience))
      return broken("the replicas do not come to one state" + standing());
    return reason_.empty();
  }

  // Somebody leads and has committed in its term, and all have applied what it has committed.
  bool same_state() {
    const auto leads = [&](NodeId node) {
      const raft::Raft* raft = raft_of(node);
      return raft != nullptr && raft->committed_in_term();
    };
    if (std::none_of(nodes_.begin(), nodes_.end(), leads)) return false;
    std::optional<std::pair<Index, uint64_t>> seen;
    for (NodeId node : nodes_) {
      const raft::Raft* raft = raft_of(node);
      if (raft == nullptr || !raft->may_vote() || raft->membership().voters() != nodes_.size()) {
        return false;
      }
      const state::State& state = state_of(node);
      if (state.applied() != raft->commit() || raft->commit() != raft->last_index()) return false;
      if (seen && seen->first != state.applied()) return false;
      if (!seen) seen = {state.applied(), state.digest()};
      if (seen->second != state.digest()) {
        return broken(fmt::format("two replicas differ at index {}", state.applied()));
      }
    }
    return true;
  }

  const state::State& state_of(NodeId node) {
    return static_cast<ServedNode*>(simulation_.tenant(node))->node()->replica()->state();
  }

  // Where each node stands, for a stall.
  std::string standing() {
    std::string text;
    for (NodeId node : nodes_) {
      const raft::Raft* raft = raft_of(node);
      text += raft == nullptr
                  ? fmt::format("; node {} is in no cluster", node)
                  : fmt::format(
                        "; node {}: {}, term {}, leader {}, last {}, commit {}, applied {}, {} "
                        "voters{}",
                        node, raft::role_name(raft->role()), raft->term(), raft->leader(),
                        raft->last_index(), raft->commit(), state_of(node).applied(),
                        raft->membership().voters(), raft->may_vote() ? "" : ", may not vote");
      if (raft == nullptr) continue;
      for (const auto& [peer, progress] : raft->progress()) {
        text += fmt::format(", {} has {} next {}{}{}", peer, progress.match, progress.next,
                            progress.probing ? " probed" : "",
                            progress.snapshotting ? " snapshot" : "");
      }
    }
    return text;
  }

  bool judge() {
    const node::Node* node = static_cast<ServedNode*>(simulation_.tenant(nodes_[0]))->node();
    const state::State& state = node->replica()->state();
    const auto read = [&](std::string_view command, std::vector<std::string_view> args) {
      const state::CommandSpec* spec = state::find_command(command);
      resp::ReplyParser parser;
      parser.feed(state.read(*spec, 0, args).view());
      return **parser.next();
    };
    std::vector<std::string> left;
    for (const resp::Value& item : read("lrange", {"queue", "0", "-1"}).elements)
      left.push_back(item.text);
    std::map<std::string, int64_t> counters;
    for (uint32_t i = 0; i < options_.clients; ++i) {
      const std::string name = fmt::format("once{}", i);
      const resp::Value value = read("get", {name});
      if (!value.is_null()) counters[name] = std::stoll(value.text);
    }
    auto verdict = books_.verdict(left, counters);
    return verdict || broken(verdict.error().message);
  }

  TrialReport report(bool passed) {
    TrialReport report;
    report.passed = passed && reason_.empty();
    report.reason = reason_;
    report.faults = mix_.describe();
    report.strikes = faults_.strikes();
    report.events = simulation_.events();
    report.digest = simulation_.digest();
    report.acknowledged = books_.acknowledged;
    report.unknown = books_.unknown;
    report.refused = books_.refused;
    report.virtual_time = simulation_.now() - Instant{0};
    report.vacuous = books_.acknowledged < options_.clients;
    return report;
  }

  TrialOptions options_;
  Random random_;
  store::LogOptions log_options_;
  node::ReplicaOptions replica_options_;
  sim::Simulation simulation_;
  FaultMix mix_;
  FaultPlan faults_;
  Books books_;
  raft::Invariants invariants_;
  std::vector<NodeId> nodes_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<const raft::Raft*> alive_;
  size_t narrated_ = 0;
  std::string reason_;
};

}  // namespace

TrialReport run_trial(const TrialOptions& options) {
  // What an earlier trial of this thread has left to be freed would wake this one's nodes.
  state::reclaim_all();
  return Trial(options).run();
}

}  // namespace coterie::trial
