// A Recording watches a simulation and turns the run into what coterie/picture draws: messages and
// their fate, crashes and pauses, blocked links, disk work, clocks, and what each node took itself
// for. It changes nothing of the run. Its memory is bounded: of each kind the newest are kept, and
// how many were dropped is said in the Run.
//
//   Recording recording(simulation, {});
//   ... the run ...
//   picture::Run run = recording.finish(std::move(operations), std::move(verdict));
//   run.title = ...; run.command = ...;
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coterie/picture/run.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

// What a node takes itself for at this moment, by its Raft machine.
struct Posture {
  picture::Standing::Role role = picture::Standing::Role::other;
  Term term;
  NodeId leader;
  Index commit;
  std::string text;  // of `other`: "not in a cluster"
};

struct RecordingOptions {
  // Only what happens in this part of the run is kept; node lives and standings before it too.
  Instant from{0};
  Instant to = Instant::never();
  size_t messages_max = 400'000;
  size_t disk_max = 400'000;
  size_t changes_max = 100'000;  // of each other kind
  // Asked after each turn of a node; null: the node has no machine. None: tenants are ServedNodes.
  std::function<std::optional<Posture>(NodeId)> posture;
};

class Recording {
 public:
  // Sets the simulation's trace hook, and takes it away when it ends. The simulation outlives it.
  // Nodes that are there already are taken as they are.
  explicit Recording(sim::Simulation& simulation, RecordingOptions options = {});
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // One event of the trace; for whoever sets a hook of their own afterwards, and passes it on.
  void observe(const sim::TraceEvent& event);
  // A remark of the fault plan or of a judge, on a node's lane. Node 0: on all.
  void note(NodeId node, std::string text);

  // The run so far. Once.
  picture::Run finish(std::vector<picture::ClientOperation> operations, picture::Verdict verdict);

 private:
  struct Sent {
    picture::Message message;
    uint32_t copies = 1;   // still to come
    bool settled = false;  // one of them has come
    std::optional<int64_t> receiver_crashed_ns;
  };
  struct Seen {  // of a node
    bool running = false;
    std::optional<picture::Standing> standing;  // open
    std::optional<picture::Condition> down;
    std::optional<picture::Condition> paused;
    Index commit;
    std::optional<int64_t> clock_ns;  // when its clock was last read
    int64_t drift_ppm = 0;
    std::map<uint64_t, picture::DiskWork> disk;  // submitted, not done
  };

  bool wanted(int64_t at_ns) const;
  void observe_frame(const sim::TraceEvent& event);
  void observe_disk(const sim::TraceEvent& event);
  void observe_life(const sim::TraceEvent& event);
  void observe_link(const sim::TraceEvent& event);
  void sent(const sim::TraceEvent& event);
  void settle(const sim::TraceEvent& event, picture::Message::Fate fate);
  void give_up(Sent&& sent);
  void keep(picture::Message&& message);
  void keep(picture::DiskWork&& work);
  void crashed(NodeId node, std::string why);
  void look_at(NodeId node);
  void close_standing(Seen& seen);
  void read_clock(NodeId node, Seen& seen, bool step);
  void mark(NodeId node, picture::Mark::Kind kind, std::string text);
  std::optional<Posture> posture_of(NodeId node) const;
  void close_all();
  void add_log(picture::Run& run) const;
  void add_omissions(picture::Run& run) const;

  sim::Simulation& simulation_;
  RecordingOptions options_;
  int64_t now_ns_ = 0;
  std::map<NodeId, Seen> nodes_;
  std::map<uint64_t, Sent> sent_;  // by number; not all copies settled
  std::map<std::pair<NodeId, NodeId>, int64_t> blocked_since_;
  std::deque<picture::Message> messages_;
  std::deque<picture::DiskWork> disk_;
  std::deque<picture::Condition> conditions_;
  std::deque<picture::Mark> marks_;
  std::deque<picture::Blocked> blocked_;
  std::deque<picture::ClockReading> clocks_;
  std::deque<picture::Standing> standings_;
  std::deque<picture::Commit> commits_;
  uint64_t messages_dropped_ = 0;
  uint64_t disk_dropped_ = 0;
  uint64_t changes_dropped_ = 0;
};

}  // namespace coterie::trial
