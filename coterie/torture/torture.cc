// See torture.h.
#include "coterie/torture/torture.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "coterie/base/random.h"
#include "coterie/torture/cluster.h"
#include "coterie/torture/conductor.h"
#include "coterie/torture/etcd_driver.h"
#include "coterie/torture/redis_driver.h"
#include "coterie/torture/register_script.h"

namespace coterie::torture {

namespace {

using process::monotonic_now;
using workload::Kind;

constexpr Duration start_patience = seconds(60);   // until a new cluster is whole
constexpr Duration heal_patience = seconds(60);    // until a healed one is
constexpr Duration finish_patience = seconds(40);  // until all clients are at their ends
constexpr Duration calm_length = seconds(1);       // in which every command must be answered
constexpr Duration look_interval = milliseconds(100);
constexpr uint64_t acknowledged_min = 10;  // operations of each client, or the run is vacuous

// Clients come in pairs of one kind, so that no client is alone with its keys (and a publisher has
// a subscriber). The first pair works on strings, the others on what chance gives them, every kind
// once before any comes again.
std::vector<Kind> kinds_of_clients(const LoadOptions& load, bool plain_redis) {
  Random random(mix_seed(load.seed, 3));
  std::vector<Kind> all, left, chosen{Kind::strings};
  for (size_t i = 0; i < workload::kinds; ++i) {
    if (workload::offered(static_cast<Kind>(i), plain_redis)) all.push_back(static_cast<Kind>(i));
  }
  left.assign(std::next(all.begin()), all.end());
  while (chosen.size() * 2 < load.clients) {
    if (left.empty()) left = all;
    const auto at = left.begin() + static_cast<int64_t>(random.below(left.size()));
    chosen.push_back(*at);
    left.erase(at);
  }
  return chosen;
}

workload::ScriptOptions script_options(const LoadOptions& load, uint32_t client, bool plain_redis) {
  workload::ScriptOptions options;
  options.client = client;
  options.seed = mix_seed(mix_seed(load.seed, 4), client);
  options.hurry = 0.01;
  options.plain_redis = plain_redis;
  return options;
}

ScriptFactory redis_scripts(const LoadOptions& load, bool plain_redis) {
  return [load, plain_redis, kinds = kinds_of_clients(load, plain_redis)](uint32_t client) {
    workload::ScriptOptions options = script_options(load, client, plain_redis);
    options.kind = kinds[client / 2 % kinds.size()];
    return workload::make_script(options);
  };
}

DriverFactory redis_drivers(const LoadOptions& load, const std::vector<client::RedisUrl>& nodes) {
  return [seed = load.seed, nodes](uint32_t client) {
    return std::make_unique<RedisDriver>(nodes, mix_seed(mix_seed(seed, 5), client));
  };
}

// One run: what is common to both kinds of it.
class Runner {
 public:
  Runner(const LoadOptions& load, const Surroundings& surroundings)
      : load_(load), surroundings_(surroundings) {}

  void start(const ScriptFactory& scripts, const DriverFactory& drivers) {
    begun_ = run_.begun = monotonic_now();
    clients_ = std::make_unique<Clients>(load_.clients, scripts, drivers);
  }

  // Waits and tells how it goes; false when the run is over before its end.
  bool wait(Instant until, const std::string& doing) {
    if (clients_) surroundings_.progress({monotonic_now() - begun_, clients_->counts(), doing});
    if (!surroundings_.interrupted_before(until)) return true;
    run_.end = RunEnd::interrupted;
    run_.why = "interrupted";
    return false;
  }

  bool stall(std::string why) {
    run_.end = RunEnd::stalled;
    run_.why = std::move(why);
    return false;
  }

  bool enough() const { return clients_->counts().all() >= operations_max; }

  // The clients come to their ends; `watch` is called meanwhile and may stop the run.
  bool finish_clients(Clients& clients, const std::function<bool()>& watch) {
    clients.finish();
    const Instant deadline = monotonic_now() + finish_patience;
    while (!clients.wait_for_end({})) {
      if (monotonic_now() > deadline) return stall(pending(clients));
      if (!watch() || !wait(monotonic_now() + look_interval, "the clients end")) return false;
    }
    if (const auto unanswered = clients.unanswered()) return stall(*unanswered);
    return true;
  }

  // What was acknowledged is read once more, when all is quiet.
  bool read_all(std::unique_ptr<workload::Script> script, const DriverFactory& drivers,
                const std::function<bool()>& watch) {
    Clients reader(
        1, [&](uint32_t) { return std::move(script); },
        [&](uint32_t) { return drivers(load_.clients); });
    reader.demand_answers();
    const Instant deadline = monotonic_now() + finish_patience;
    while (!reader.wait_for_end({})) {
      if (monotonic_now() > deadline) return stall(pending(reader));
      if (!watch() || !wait(monotonic_now() + look_interval, "all is read once more")) return false;
    }
    if (const auto unanswered = reader.unanswered()) return stall(*unanswered);
    take(reader);
    return true;
  }

  Run result() {
    if (!clients_) return std::move(run_);
    clients_->stop();
    take(*clients_);
    run_.operations = clients_->counts();
    run_.vacuous = run_.operations.acknowledged < acknowledged_min * load_.clients;
    return std::move(run_);
  }

  Clients& clients() { return *clients_; }
  Instant begun() const { return begun_; }
  Run& run() { return run_; }

 private:
  static std::string pending(const Clients& clients) {
    std::string text = "clients are not answered:";
    for (const std::string& one : clients.pending()) text += "\n  " + one;
    return text;
  }

  // REQUIRES: all have ended
  void take(Clients& clients) {
    proof::History more = clients.take_history();
    run_.history.insert(run_.history.end(), std::make_move_iterator(more.begin()),
                        std::make_move_iterator(more.end()));
    if (const auto surprise = clients.surprise(); surprise && run_.end == RunEnd::complete)
      stall("no store should answer so: " + *surprise);
  }

  LoadOptions load_;
  Surroundings surroundings_;
  Instant begun_;
  std::unique_ptr<Clients> clients_;
  Run run_;
};

// A run of our own cluster, part by part. Each part is false when the run is over.
class ClusterRun {
 public:
  ClusterRun(const ClusterTortureOptions& options, const Surroundings& surroundings)
      : options_(options), note_(surroundings.note), runner_(options.load, surroundings) {}

  Run run() {
    // Log time stands still while no node leads: a key may live longer than it was to.
    runner_.run().bounds.slack.ends = false;
    if (begin() && strike() && heal() && end()) note_("all clients have come to their ends");
    if (conductor_) {
      runner_.run().chronicle = {
          .nodes = options_.nodes, .events = cluster_->events(), .faults = conductor_->struck()};
    }
    if (runner_.run().end == RunEnd::stalled && conductor_)
      runner_.run().why += "\nwhat the nodes say of themselves:\n" + conductor_->testimony();
    return runner_.result();
  }

 private:
  bool unable(const Error& error) {
    runner_.run().end = RunEnd::unable;
    runner_.run().why = error.message;
    return false;
  }

  std::vector<ScheduledFault> schedule() {
    if (options_.kinds.contains(FaultKind::sync) && options_.disk_shim.empty()) {
      note_("left out: sync: there is no disk shim beside the program; --disk-shim names one");
      options_.kinds.erase(FaultKind::sync);
    }
    if (options_.kinds.contains(FaultKind::full)) {
      if (const Result<void> allowed = Cluster::allow_mounts(); !allowed) {
        note_("left out: full: " + allowed.error().message);
        options_.kinds.erase(FaultKind::full);
      }
    }
    for (const FaultKind kind : std::set(options_.kinds)) {
      if (bears(options_.nodes, kind)) continue;
      note_(fmt::format("left out: {}: a cluster of {} cannot bear it", fault_kind_name(kind),
                        options_.nodes));
    }
    const std::vector<ScheduledFault> all = draw_schedule({.seed = options_.load.seed,
                                                           .nodes = options_.nodes,
                                                           .duration = options_.load.duration,
                                                           .kinds = options_.kinds});
    note_(fmt::format("seed {}: {} faults", options_.load.seed, all.size()));
    for (const ScheduledFault& fault : all) note_("planned " + describe(fault));
    return all;
  }

  bool begin() {
    const std::vector<ScheduledFault> faults = schedule();
    ClusterOptions options{.nodes = options_.nodes,
                           .seed = options_.load.seed,
                           .folder = options_.folder,
                           .program = options_.program};
    if (options_.kinds.contains(FaultKind::sync)) options.disk_shim = options_.disk_shim;
    for (const ScheduledFault& fault : faults) {
      if (fault.kind == FaultKind::full)
        options.small_disks.insert(fault.nodes.begin(), fault.nodes.end());
    }
    Result<std::unique_ptr<Cluster>> cluster = Cluster::start(options);
    if (!cluster) return unable(cluster.error());
    cluster_ = *std::move(cluster);
    conductor_ =
        std::make_unique<Conductor>(*cluster_, faults, mix_seed(options_.load.seed, 2), note_);
    if (!become_whole(start_patience, "the cluster starts")) return false;
    note_("the cluster is ready");
    runner_.start(redis_scripts(options_.load, false),
                  redis_drivers(options_.load, cluster_->urls()));
    return true;
  }

  bool holds(const Result<void>& result) { return result || runner_.stall(result.error().message); }

  bool strike() {
    while (!conductor_->done() || monotonic_now() < runner_.begun() + options_.load.duration) {
      if (runner_.enough()) {
        note_("ended early: more operations than can be judged");
        return true;
      }
      if (!holds(conductor_->turn(monotonic_now()))) return false;
      if (!runner_.wait(conductor_->next_turn(monotonic_now()), "faults strike")) return false;
    }
    return true;
  }

  bool become_whole(Duration patience, const std::string& doing) {
    const Instant deadline = monotonic_now() + patience;
    while (true) {
      if (!holds(conductor_->watch(monotonic_now()))) return false;
      const Result<void> whole = conductor_->whole();
      if (whole) return true;
      if (monotonic_now() > deadline) {
        return runner_.stall(fmt::format("not all nodes are ready after {:.0f} s: {}",
                                         patience.seconds(), whole.error().message));
      }
      if (!runner_.wait(monotonic_now() + look_interval, doing)) return false;
    }
  }

  bool heal() {
    if (!holds(conductor_->heal())) return false;
    note_("all is healed");
    if (!become_whole(heal_patience, "all is healed")) return false;
    note_("all nodes are ready");
    runner_.clients().demand_answers();
    return runner_.wait(monotonic_now() + calm_length, "all is healed");
  }

  bool end() {
    const auto watch = [this] { return holds(conductor_->watch(monotonic_now())); };
    if (!runner_.finish_clients(runner_.clients(), watch)) return false;
    const LoadOptions& load = options_.load;
    return runner_.read_all(
        workload::closing_reads(script_options(load, load.clients, false), load.clients),
        redis_drivers(load, cluster_->urls()), watch);
  }

  ClusterTortureOptions options_;
  std::function<void(const std::string&)> note_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Conductor> conductor_;
  Runner runner_;
};

}  // namespace

Run torture_cluster(const ClusterTortureOptions& options, const Surroundings& surroundings) {
  return ClusterRun(options, surroundings).run();
}

Run torture_target(const Target& target, const LoadOptions& load,
                   const Surroundings& surroundings) {
  Runner runner(load, surroundings);
  const bool redis = target.protocol == Target::Protocol::redis;
  DriverFactory drivers = redis_drivers(load, target.nodes);
  ScriptFactory scripts;
  if (redis) {
    scripts = redis_scripts(load, true);
  } else {
    std::vector<uint16_t> ports;
    for (const client::RedisUrl& node : target.nodes) ports.push_back(node.port);
    drivers = [seed = load.seed, ports](uint32_t client) {
      return std::make_unique<EtcdDriver>(ports, mix_seed(mix_seed(seed, 5), client));
    };
    scripts = [load](uint32_t client) {
      return register_script(script_options(load, client, true));
    };
  }
  runner.start(scripts, drivers);
  const Instant end = runner.begun() + load.duration;
  while (monotonic_now() < end && !runner.enough()) {
    const Instant next = std::min(end, monotonic_now() + look_interval);
    if (!runner.wait(next, "clients work")) return runner.result();
  }
  const auto watch = [] { return true; };
  if (runner.finish_clients(runner.clients(), watch) && redis) {
    runner.read_all(workload::closing_reads(script_options(load, load.clients, true), load.clients),
                    drivers, watch);
  }
  return runner.result();
}

}  // namespace coterie::torture
