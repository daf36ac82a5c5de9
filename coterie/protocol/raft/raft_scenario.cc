// See raft_scenario.h.
#include "coterie/protocol/raft/raft_scenario.h"

#include <cstdlib>
#include <memory>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "coterie/protocol/raft/raft_cluster.h"

namespace coterie::raft {

namespace {

class Scenario {
 public:
  // Carries out one command and returns what it brought about, a line each.
  std::string run(const std::string& line) {
    words_.clear();
    std::istringstream stream(line);
    for (std::string word; stream >> word;) words_.push_back(word);
    out_.clear();
    carry_out();
    if (cluster_) show_notes();
    return out_;
  }

 private:
  bool is(const char* verb, size_t least) const {
    return words_[0] == verb && words_.size() >= least + 1;
  }
  uint64_t number(size_t i) const { return std::strtoull(words_[i].c_str(), nullptr, 10); }
  NodeId node(size_t i) const { return NodeId(number(i)); }
  void say(const std::string& line) { out_ += line + '\n'; }

  void carry_out() {
    if (is("cluster", 1)) return found();
    if (!cluster_) return say("error: the first command is: cluster N");
    const bool names_node = words_[0] != "partition" && words_[0] != "pass" && words_[0] != "step";
    if (words_.size() > 1 && names_node &&
        (node(1) < NodeId(1) || node(1).value > cluster_->nodes().size())) {
      return say(fmt::format("error: there is no node {}", words_[1]));
    }
    if (is("propose", 2)) return propose();
    if (is("read", 1)) return read();
    if (is("partition", 1)) return partition();
    if (is("elect", 1)) return elect();
    if (is("tick", 1)) return cluster_->tick(node(1));
    if (is("lose", 1)) return cluster_->lose(node(1));
    if (is("step", 1)) {
      for (uint64_t i = 0; i < number(1); ++i) cluster_->run_event();
      return;
    }
    if (is("state", 0)) return state();
    if (is("log", 0)) return log();
    if (!fault() && !request()) say("error: unknown command: " + words_[0]);
    cluster_->settle();
  }

  bool request() {
    if (is("timeout", 1)) {
      cluster_->tick(node(1));
    } else if (is("pass", 1)) {
      cluster_->advance(milliseconds(static_cast<int64_t>(number(1))));
    } else if (is("transfer", 2)) {
      cluster_->transfer(node(1), node(2));
    } else if (is("compact", 2)) {
      cluster_->compact(node(1), number(2));
    } else if (is("hello", 2)) {
      cluster_->peer_replica(node(2), node(1));
    } else if (is("hello", 1)) {
      for (NodeId other : cluster_->nodes()) {
        if (other != node(1)) cluster_->peer_replica(other, node(1));
      }
    } else {
      return false;
    }
    return true;
  }

  bool fault() {
    if (is("crash", 1)) {
      cluster_->crash(node(1));
    } else if (is("restart", 1)) {
      cluster_->restart(node(1));
    } else if (is("wipe", 1)) {
      cluster_->wipe(node(1));
    } else if (is("damage", 2)) {
      cluster_->damage(node(1), Index(number(2)));
    } else if (is("disk", 2)) {
      cluster_->hold_disk(node(1), words_[2] == "hold");
    } else if (is("heal", 0)) {
      cluster_->heal();
    } else if (is("down", 2)) {
      cluster_->peer_down(node(1), node(2));
    } else {
      return false;
    }
    return true;
  }

  void found() {
    ClusterOptions options;
    options.nodes = number(1);
    options.ticks = false;
    options.hello_interval = Duration();
    options.peer_down_seen = 0;
    options.keep_notes = true;
    options.delay_min = options.delay_max = microseconds(100);
    options.sync_min = options.sync_max = microseconds(200);
    options.raft.snapshot_chunk_bytes = 400;
    if (words_.back() == "single") options.raft.append_bytes_max = 1;
    if (options.nodes == 0 || options.nodes > 9) return say("error: 1 to 9 nodes");
    cluster_ = std::make_unique<RaftCluster>(options);
  }

  void elect() {
    cluster_->tick(node(1));
    while (cluster_->machine(node(1)).role() != Role::leader && cluster_->run_event()) {
    }
  }

  void propose() {
    for (size_t i = 2; i < words_.size(); ++i) {
      if (!cluster_->propose(node(1), words_[i]))
        say(fmt::format("{}: does not lead: {} is refused", node(1), words_[i]));
      cluster_->settle();
    }
  }

  void read() {
    if (!cluster_->up(node(1))) return say(fmt::format("error: node {} is down", node(1)));
    reads_.push_back(cluster_->read(node(1)));
    cluster_->settle();
  }

  void partition() {
    std::vector<std::vector<NodeId>> sides(1);
    for (size_t i = 1; i < words_.size(); ++i) {
      if (words_[i] == "|") {
        sides.emplace_back();
      } else {
        sides.back().push_back(node(i));
      }
    }
    cluster_->partition(sides);
  }

  void state() {
    for (NodeId id : cluster_->nodes()) {
      if (!cluster_->up(id)) {
        say(fmt::format("{}: down", id));
        continue;
      }
      const Raft& machine = cluster_->machine(id);
      std::string line = fmt::format(
          "{}: {}, term {}, {}, commit {} of {}", id, role_name(machine.role()), machine.term(),
          machine.leader() ? fmt::format("leader {}", machine.leader()) : "no leader",
          machine.commit(), machine.last_index());
      if (machine.snapshot().index) line += fmt::format(", snapshot {}", machine.snapshot().index);
      if (machine.hard_state().damaged) line += ", damaged";
      line += ", members " + members(machine.membership());
      say(line);
    }
  }

  std::string members(const Membership& membership) const {
    std::string text;
    for (const Member& member : membership.members) {
      if (!text.empty()) text += ' ';
      text += fmt::format("{}", member.node);
      if (member.replica != cluster_->replica(member.node)) text += "(gone)";
      if (!member.voter) text += "(learner)";
    }
    return text;
  }

  void log() {
    for (NodeId id : cluster_->nodes()) {
      if (!cluster_->up(id)) continue;
      const Raft& machine = cluster_->machine(id);
      std::string line = fmt::format("{}:", id);
      if (machine.first_index() > Index(1))
        line += fmt::format(" ..{}", machine.first_index().previous());
      for (Index i = machine.first_index(); i <= machine.last_index(); i = i.next()) {
        if (i == machine.commit().next()) line += " |";
        line += fmt::format(" {}:{}", machine.term_at(i), entry_text(*machine.entry_at(i)));
      }
      say(line);
    }
  }

  std::string entry_text(const Entry& entry) const {
    switch (entry.kind) {
      case EntryKind::leader_start:
        return "start";
      case EntryKind::commands:
        return entry.body().text();
      case EntryKind::membership:
        return "members[" + members(*Membership::from_entry(entry)) + "]";
      case EntryKind::stamp:
        return "stamp";
    }
    return "?";
  }

  void show_notes() {
    for (const RaftCluster::NoteLine& line : cluster_->take_notes()) {
      say(fmt::format("{}: {}{}", line.node, line.note.warning ? "! " : "", line.note.text));
    }
    std::vector<uint64_t> waiting;
    for (uint64_t number : reads_) {
      const std::optional<ReadGrant> grant = cluster_->granted(number);
      if (!grant) {
        waiting.push_back(number);
      } else if (grant->granted) {
        say(fmt::format("read {}: may be served at entry {}", number, grant->index));
      } else {
        say(fmt::format("read {}: refused, to be asked again", number));
      }
    }
    if (!waiting.empty() && words_[0] == "read") say(fmt::format("read {}: waits", waiting.back()));
    reads_ = waiting;
    if (cluster_->failure()) say("BROKEN: " + cluster_->failure()->message);
  }

  std::unique_ptr<RaftCluster> cluster_;
  std::vector<std::string> words_;
  std::vector<uint64_t> reads_;  // not yet answered
  std::string out_;
};

}  // namespace

// Lines before `----` are commands (or comments), lines from there to the next empty one are output
// and made anew.
std::string run_scenario(std::string_view text) {
  Scenario scenario;
  std::istringstream lines{std::string(text)};
  std::string result;
  std::string output;
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (in_output) {
      in_output = !line.empty();
      if (!in_output) result += '\n';
      continue;
    }
    if (line == "----") {
      result += "----\n" + output;
      output.clear();
      in_output = true;
      continue;
    }
    result += line + '\n';
    if (!line.empty() && line[0] != '#') output += scenario.run(line);
  }
  if (!output.empty()) result += "----\n" + output;
  return result;
}

}  // namespace coterie::raft
