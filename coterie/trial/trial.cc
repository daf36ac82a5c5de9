// See trial.h.
#include "coterie/trial/trial.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "coterie/proof/judge.h"
#include "coterie/protocol/raft/invariants.h"
#include "coterie/store/state/reclaim.h"
#include "coterie/trial/configured.h"
#include "coterie/trial/player.h"
#include "coterie/trial/promises.h"
#include "coterie/trial/served_node.h"
#include "coterie/trial/stall.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

namespace {

constexpr Duration founding_patience = seconds(20);
constexpr uint32_t closing_client = 900;  // who reads at the end
constexpr uint32_t probing_client = 901;  // who asks whether a healed majority serves

class Trial {
 public:
  Trial(const Plan& plan, const TrialOptions& options)
      : plan_(plan), options_(options), simulation_(simulation_options(plan)) {
    for (uint64_t i = 1; i <= plan.nodes; ++i) {
      nodes_.push_back(NodeId(i));
      simulation_.add_node(NodeId(i), [this, i](world::World& world) {
        return std::make_unique<ServedNode>(world, node_options(plan_, NodeId(i)),
                                            connection_limits(plan_));
      });
    }
    breaker_.emplace(simulation_, plan_, simulation_.options().link);
    if (options_.decisions) breaker_->record(*options_.decisions);
    for (const auto& [number, client] : plan.clients) add_player(number, client);
  }

  TrialReport run() {
    promises_.listen(simulation_);
    if (options_.watch) options_.watch(simulation_);
    const bool live = begin() && work() && majority_lives() && all_come_to_one_state();
    if (live) read_all();
    for (auto& player : players_) player->abandon();
    if (failure_ == Failure::none) judge();
    TrialReport result = report();
    if (options_.ended) options_.ended(result);
    return result;
  }

 private:
  void add_player(uint32_t number, const PlannedClient& client) {
    workload::ScriptOptions script = script_options(number);
    script.kind = client.kind;
    script.hurry = static_cast<double>(client.hurry_permille) / 1'000;
    script.conversations_max = client.conversations_max;
    script.left_out = client.left_out;
    for (const auto& [conversation, held] : client.held) script.starts[conversation] = held.at;
    players_.push_back(std::make_unique<Player>(simulation_, seen_, workload::make_script(script),
                                                number, nodes_, mix_seed(script.seed, 1)));
    players_.back()->place(client.held);
    if (options_.decisions) players_.back()->record(*options_.decisions);
  }

  workload::ScriptOptions script_options(uint32_t number) const {
    workload::ScriptOptions script;
    script.client = number;
    script.seed = mix_seed(plan_.seed, 1'000 + number);
    script.pause_mean = microseconds(static_cast<int64_t>(plan_.pause_us));
    script.keys = plan_.keys;
    script.value_bytes = plan_.value_bytes;
    return script;
  }

  // One event, and the invariants after it.
  bool step() {
    if (!simulation_.step()) return false;
    if (!simulation_.touched().empty() && !look()) return false;
    if (!seen_.surprise.empty()) return broken(Failure::surprise, seen_.surprise);
    narrate();
    return true;
  }

  // At the machines that may have changed.
  bool look() {
    touched_.clear();
    for (NodeId node : simulation_.touched()) {
      const raft::Raft* raft = raft_of(simulation_, node);
      if (raft == nullptr) continue;
      touched_.push_back(raft);
      if (raft->role() == raft::Role::leader && raft->term() > newest_led_) {
        newest_led_ = raft->term();
        ++leaders_;
      }
    }
    breaker_->look();
    if (auto reason = breaker_->unexplained_stop()) return broken(Failure::stopped, *reason);
    if (auto held = invariants_.observe(touched_); !held)
      return broken(Failure::invariant, held.error().message);
    if (auto forgotten = promises_.observe(touched_)) return broken(Failure::invariant, *forgotten);
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

  bool broken(Failure failure, std::string reason) {
    if (failure_ == Failure::none) {
      failure_ = failure;
      reason_ = std::move(reason);
    }
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

  bool somebody_leads() {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](NodeId node) {
      const raft::Raft* raft = raft_of(simulation_, node);
      return raft != nullptr && raft->committed_in_term();
    });
  }

  bool begin() {
    if (plan_.early || run_until([&] { return somebody_leads(); }, founding_patience)) return true;
    return broken(
        Failure::not_founded,
        fmt::format("the cluster was not founded within {:.0f} s: {}", founding_patience.seconds(),
                    diagnose(simulation_, nodes_, nodes_.size())));
  }

  bool work() {
    for (auto& player : players_) player->start();
    breaker_->start();
    const Instant end = simulation_.now() + plan_.duration;
    run_until([&] { return simulation_.now() >= end; }, plan_.duration + seconds(1));
    return failure_ == Failure::none;
  }

  // Everybody's data survive in a majority: with that alone every client must be served.
  bool majority_lives() {
    // Once something is committed, a majority has been founded.
    const bool founded = invariants_.committed() > Index(0);
    const std::set<NodeId> chosen = breaker_->mend_majority(founded);
    const std::vector<NodeId> healed(chosen.begin(), chosen.end());
    for (auto& player : players_) {
      player->move_to(healed);
      player->finish();
    }
    if (!all_end(players_, healed)) return false;
    // They may all have been refused in time: one more must get what it asks for.
    return ask_until_served(healed) && go_on_without_the_rest(healed);
  }

  // Long enough for sessions to be closed, and for the log to leave behind who is frozen.
  bool go_on_without_the_rest(const std::vector<NodeId>& healed) {
    if (plan_.frozen_ms == 0) return true;
    const Instant end = simulation_.now() + milliseconds(static_cast<int64_t>(plan_.frozen_ms));
    workload::ScriptOptions script = script_options(probing_client);
    script.seed += 1'000'000;
    script.pause_mean = milliseconds(20);
    std::vector<std::unique_ptr<Player>> working;
    working.push_back(std::make_unique<Player>(simulation_, seen_, workload::make_script(script),
                                               probing_client, healed, script.seed));
    working[0]->start();
    run_until([&] { return simulation_.now() >= end; }, end - simulation_.now());
    working[0]->finish();
    const bool ended = failure_ == Failure::none && all_end(working, healed);
    probers_.push_back(std::move(working[0]));
    return ended;
  }

  bool all_end(const std::vector<std::unique_ptr<Player>>& players,
               const std::vector<NodeId>& healed) {
    const auto waiting = [&] {
      return std::find_if(players.begin(), players.end(),
                          [](const auto& player) { return !player->done(); });
    };
    if (run_until([&] { return waiting() == players.end(); }, options_.patience)) return true;
    if (failure_ != Failure::none) return false;
    const auto who = waiting();
    return broken(Failure::not_live,
                  fmt::format("{}; {} waits{}", diagnose(simulation_, healed, nodes_.size()),
                              who == players.end() ? "nobody" : (*who)->describe(),
                              standing(simulation_, nodes_)));
  }

  bool ask_until_served(const std::vector<NodeId>& healed) {
    const Instant end = simulation_.now() + options_.patience;
    for (uint64_t round = 0; simulation_.now() <= end; ++round) {
      const uint64_t before = seen_.acknowledged;
      workload::ScriptOptions script = script_options(probing_client);
      script.seed += round;
      script.conversations_max = 3;
      script.pause_mean = milliseconds(5);
      std::vector<std::unique_ptr<Player>> probe;
      probe.push_back(std::make_unique<Player>(simulation_, seen_, workload::make_script(script),
                                               probing_client, healed, script.seed));
      probe[0]->start();
      const bool ended = all_end(probe, healed);
      probers_.push_back(std::move(probe[0]));
      if (!ended) return false;
      if (seen_.acknowledged == before + script.conversations_max) return true;
    }
    return broken(Failure::not_live, fmt::format("{}; a new client is refused again and again{}",
                                                 diagnose(simulation_, healed, nodes_.size()),
                                                 standing(simulation_, nodes_)));
  }

  bool all_come_to_one_state() {
    breaker_->mend_all();
    for (auto& player : players_) player->move_to(nodes_);
    if (run_until([&] { return one_state(); }, options_.patience)) return true;
    return broken(Failure::not_live, fmt::format("the replicas do not come to one state: {}{}",
                                                 diagnose(simulation_, nodes_, nodes_.size()),
                                                 standing(simulation_, nodes_)));
  }

  // Somebody leads and has committed in its term, and all have applied what it has committed.
  bool one_state() {
    if (!somebody_leads()) return false;
    std::optional<std::pair<Index, uint64_t>> first;
    for (NodeId node : nodes_) {
      const raft::Raft* raft = raft_of(simulation_, node);
      if (raft == nullptr || !raft->may_vote() || raft->membership().voters() != nodes_.size())
        return false;
      const Index applied = state_of(node).applied();
      if (applied != raft->commit() || raft->commit() != raft->last_index()) return false;
      if (first && first->first != applied) return false;
      if (!first) first = {applied, 0};
    }
    // Digests cost a walk over the state: only now.
    first->second = state_of(nodes_[0]).digest();
    for (NodeId node : nodes_) {
      if (state_of(node).digest() == first->second) continue;
      broken(Failure::differ, fmt::format("nodes {} and {} hold different states at index {}",
                                          nodes_[0], node, first->first));
      return true;
    }
    return true;
  }

  const state::State& state_of(NodeId node) {
    return node_of(simulation_, node)->replica()->state();
  }

  void read_all() {
    if (failure_ != Failure::none) return;
    std::vector<std::unique_ptr<Player>> closing;
    workload::ScriptOptions script = script_options(closing_client);
    closing.push_back(std::make_unique<Player>(
        simulation_, seen_, workload::closing_reads(script, plan_.clients.rbegin()->first + 1),
        closing_client, nodes_, script.seed));
    closing[0]->start();
    all_end(closing, nodes_);
    probers_.push_back(std::move(closing[0]));
  }

  void judge() {
    if (auto known = proof::check_vocabulary(seen_.history, proof::Model::automatic); !known) {
      broken(Failure::surprise, known.error().message);
      return;
    }
    const proof::Ruling ruling =
        proof::judge(seen_.history, proof::Model::automatic, judge_bounds(plan_));
    key_ = ruling.key;
    shown_by_ = ruling.operations;
    if (ruling.verdict == proof::Verdict::violated) broken(Failure::judged, ruling.why);
    if (ruling.verdict == proof::Verdict::bound_met) broken(Failure::bound_met, ruling.why);
  }

  TrialReport report() {
    TrialReport report;
    report.failure = failure_;
    report.reason = reason_;
    report.operations = shown_by_;
    report.key = key_;
    report.faults = fault_kinds_of(plan_);
    report.struck = breaker_->struck();
    report.by_kind = breaker_->by_kind();
    report.events = simulation_.events();
    report.digest = simulation_.digest();
    report.acknowledged = seen_.acknowledged;
    report.unknown = seen_.unknown;
    report.refused = seen_.refused;
    report.leaders = leaders_;
    report.virtual_time = simulation_.now() - Instant{0};
    // What is in the history is little, or nothing of what was planned has struck.
    report.vacuous = seen_.acknowledged < 5 * plan_.clients.size() ||
                     (!plan_.faults.empty() && report.struck == 0);
    report.history = std::move(seen_.history);
    report.nodes = std::move(seen_.nodes);
    return report;
  }

  const Plan& plan_;
  const TrialOptions& options_;
  sim::Simulation simulation_;
  std::optional<Breaker> breaker_;
  Seen seen_;
  raft::Invariants invariants_;
  Promises promises_;
  std::vector<NodeId> nodes_;
  std::vector<std::unique_ptr<Player>> players_;
  std::vector<std::unique_ptr<Player>> probers_;  // kept: what they have scheduled may still come
  std::vector<const raft::Raft*> touched_;
  Term newest_led_;
  uint64_t leaders_ = 0;
  size_t narrated_ = 0;
  Failure failure_ = Failure::none;
  std::string reason_;
  std::vector<size_t> shown_by_;
  std::string key_;
};

}  // namespace

std::string_view failure_word(Failure failure) {
  constexpr std::array<std::string_view, failures> words = {
      "none",   "not-founded", "stopped", "invariant", "not-live",
      "differ", "surprise",    "judged",  "bound-met"};
  return words[static_cast<size_t>(failure)];
}

TrialReport run_trial(const Plan& plan, const TrialOptions& options) {
  // What an earlier trial of this thread has left to be freed would wake this one's nodes.
  state::reclaim_all();
  return Trial(plan, options).run();
}

}  // namespace coterie::trial
