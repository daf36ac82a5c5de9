// See raft_chaos.h.
#include "coterie/protocol/raft/raft_chaos.h"

#include <algorithm>

#include <fmt/format.h>

namespace coterie::raft {

namespace {

// Each seed draws its own weather: some are calm but for crashes, some lose every fifth message.
ClusterOptions draw_options(const ChaosOptions& chaos, Random& random) {
  ClusterOptions options;
  options.seed = random.next();
  constexpr size_t sizes[] = {1, 2, 3, 3, 3, 3, 4, 5, 5, 5};
  options.nodes = sizes[random.below(std::size(sizes))];
  options.raft.append_bytes_max = random.chance(0.3) ? 100 : 1 << 20;
  options.raft.in_flight_messages_max = random.chance(0.3) ? 1 : 64;
  options.raft.snapshot_chunk_bytes = 300;
  options.raft.snapshot_chunks_max = static_cast<uint32_t>(random.between(1, 4));
  options.raft.promote_lag_max = static_cast<uint64_t>(random.between(0, 64));
  options.raft.commit_notice_delay =
      random.chance(0.3) ? milliseconds(random.between(1, 20)) : Duration();
  options.loss = random.chance(0.5) ? random.unit() * 0.2 : 0;
  options.duplicate = random.chance(0.5) ? random.unit() * 0.2 : 0;
  options.late = random.chance(0.5) ? random.unit() * 0.3 : 0;
  options.delay_max = milliseconds(random.between(1, random.chance(0.2) ? 200 : 10));
  options.sync_max = milliseconds(random.between(1, random.chance(0.2) ? 100 : 10));
  options.hang = random.chance(0.2) ? 0.02 : 0;
  options.quantum = random.chance(0.5) ? microseconds(random.between(1, 3000)) : Duration();
  options.peer_down_seen = random.unit();
  options.install_crash = random.chance(0.3) ? 0.2 : 0;
  options.install_max = milliseconds(random.between(1, random.chance(0.3) ? 3000 : 20));
  options.promises = chaos.promises;
  options.keep_notes = chaos.keep_notes;
  return options;
}

class Chaos {
 public:
  explicit Chaos(const ChaosOptions& options)
      : options_(options),
        random_(mix_seed(options.seed, 2)),
        cluster_(draw_options(options, random_)),
        fault_every_(milliseconds(random_.between(40, 800))),
        wipes_(random_.chance(0.6)),
        damages_(random_.chance(0.4)) {}

  Result<ChaosReport> run() {
    const Instant end = cluster_.now() + options_.length;
    Instant next_fault = cluster_.now() + seconds(1);
    Instant next_request = cluster_.now();
    while (cluster_.now() < end && !cluster_.failure()) {
      cluster_.run_for(std::min(next_fault, next_request) - cluster_.now());
      if (cluster_.now() >= next_request) {
        request();
        next_request = cluster_.now() + microseconds(random_.between(100, 40'000));
      }
      if (cluster_.now() >= next_fault) {
        fault();
        next_fault = cluster_.now() + nanoseconds(random_.between(0, fault_every_.ns * 2));
        if (cluster_.now() < storm_until_) {
          next_fault = cluster_.now() + milliseconds(random_.between(1, 80));
        }
      }
    }
    make_peace();
    return judge();
  }

 private:
  NodeId any() { return NodeId(1 + random_.below(cluster_.nodes().size())); }

  void request() {
    const NodeId leader = cluster_.leader();
    const uint64_t dice = random_.below(20);
    if (dice < 10) {
      // Any leader, a deposed one too: it does not know.
      const NodeId node = random_.chance(0.8) && leader ? leader : any();
      cluster_.propose(node, fmt::format("c{}", ++proposed_), 1 + random_.below(4));
    } else if (dice < 17) {
      const NodeId node = any();
      if (cluster_.up(node)) cluster_.read(node);
    } else if (dice < 18 && leader) {
      cluster_.eager_commit(leader, any(), cluster_.machine(leader).last_index());
    } else if (dice < 19) {
      cluster_.compact(any(), random_.below(20));
    }
  }

  void fault() {
    const NodeId node = any();
    const NodeId leader = cluster_.leader();
    const NodeId victim = leader && random_.chance(0.4) ? leader : node;
    if (cluster_.now() < storm_until_) return bounce(node);
    switch (random_.below(15)) {
      case 0:
      case 1:
        return cluster_.crash(victim);
      case 2:
      case 3:
      case 4:
        return cluster_.restart(node);
      case 5:
        return divide();
      case 6:
        return cluster_.block(any(), any(), true);
      case 7:
      case 8:
        return cluster_.heal();
      case 9:
        if (leader) cluster_.transfer(leader, random_.chance(0.5) ? any() : NodeId());
        return;
      case 12:
      case 13:
        return bounce(victim);
      case 14:  // an election in which voters die and come back
        storm_until_ = cluster_.now() + seconds(1);
        if (leader) cluster_.crash(leader);
        return;
      case 10:
        if (wipes_ && cluster_.can_spare(victim)) cluster_.wipe(victim);
        return;
      case 11:
        if (damages_ && cluster_.can_spare(victim)) {
          const uint64_t last = cluster_.applied(victim).value + 2;
          cluster_.damage(victim, Index(1 + random_.below(last)));
        }
        return;
    }
  }

  // It dies and is back at once: others may not notice.
  void bounce(NodeId node) {
    cluster_.crash(node);
    cluster_.restart(node);
  }

  void divide() {
    std::vector<std::vector<NodeId>> sides(2);
    for (NodeId node : cluster_.nodes()) sides[random_.below(2)].push_back(node);
    cluster_.partition(sides);
  }

  void make_peace() {
    cluster_.heal();
    cluster_.calm();
    for (NodeId node : cluster_.nodes()) cluster_.restart(node);
  }

  bool whole() const {
    const NodeId leader = cluster_.leader();
    if (!leader) return false;
    const Raft& first = cluster_.machine(leader);
    for (NodeId node : cluster_.nodes()) {
      const Raft& machine = cluster_.machine(node);
      const Member* member = first.membership().find(node);
      if (machine.leader() != leader || machine.commit() != first.last_index() ||
          !machine.may_vote())
        return false;
      if (member == nullptr || !member->voter || member->replica != cluster_.replica(node))
        return false;
    }
    return true;
  }

  Result<ChaosReport> judge() {
    Instant next_proposal = cluster_.now();
    bool last_word = false;  // an entry of the time of peace
    const bool recovered = cluster_.run_until(
        [&] {
          if (cluster_.leader() && cluster_.now() >= next_proposal && !last_word) {
            last_word = cluster_.propose(cluster_.leader(), "last");
            next_proposal = cluster_.now() + milliseconds(500);
          }
          if (last_word && whole()) return true;
          // Its leader may have lost it.
          if (last_word && cluster_.now() >= next_proposal) last_word = false;
          return false;
        },
        options_.peace_max);
    if (cluster_.failure()) return tl::unexpected<Error>(*cluster_.failure());
    if (!recovered)
      return fail(Fault::timed_out, "the healed cluster did not become whole: " + state());
    ChaosReport report;
    report.events = cluster_.events();
    report.committed = cluster_.invariants().committed().value;
    report.digest = cluster_.digest();
    report.notes = cluster_.take_notes();
    return report;
  }

  std::string state() const {
    std::string text;
    for (NodeId node : cluster_.nodes()) {
      const Raft& machine = cluster_.machine(node);
      text += fmt::format(
          " {}: {} term {} leader {} last {} commit {}{}{};", node, role_name(machine.role()),
          machine.term(), machine.leader(), machine.last_index(), machine.commit(),
          machine.hard_state().damaged ? " damaged" : "", machine.may_vote() ? "" : " no voter");
      for (const Member& member : machine.membership().members) {
        text += fmt::format(" {}{}", member.node, member.voter ? "" : " (learner)");
      }
      for (const auto& [peer, progress] : machine.progress()) {
        text += fmt::format(" [{} match {} next {}{}{} in flight {}, snapshot {}: {} of {}]", peer,
                            progress.match, progress.next, progress.probing ? " probing" : "",
                            progress.snapshotting ? " snapshotting" : "", progress.in_flight.size(),
                            progress.snapshot.point.index, progress.snapshot.acked_bytes,
                            progress.snapshot.total_bytes);
      }
    }
    return text;
  }

  ChaosOptions options_;
  Random random_;
  RaftCluster cluster_;
  Duration fault_every_;
  Instant storm_until_;
  bool wipes_;
  bool damages_;
  uint64_t proposed_ = 0;
};

}  // namespace

Result<ChaosReport> run_chaos(const ChaosOptions& options) { return Chaos(options).run(); }

}  // namespace coterie::raft
