// One simulated machine with a process on it: the World of a tenant. What comes in - frames, link
// changes, pokes from outside, disk completions, a due alarm - waits in an inbox. The first of them
// makes a turn fall due within a random quantum; the turn takes all that has come by then, and
// costs virtual time by what it did. So batches form here as they do in life, where a busy process
// finds more waiting for it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/world/sim/clock.h"
#include "coterie/world/sim/disk.h"
#include "coterie/world/sim/kernel.h"
#include "coterie/world/sim/link.h"
#include "coterie/world/sim/options.h"
#include "coterie/world/world.h"

namespace coterie::sim {

using Factory = std::function<std::unique_ptr<world::Tenant>(world::World&)>;

class SimNode final : public world::World, public world::Network, public LinkEnd {
 public:
  // `subject` is how events name this node. The kernel, and the sink of its log lines, outlive it.
  SimNode(Kernel& kernel, uint32_t subject, NodeId id, Factory factory, const SimOptions& options,
          std::function<void(LogLine)> log_sink);
  ~SimNode() override;

  NodeId id() const { return id_; }
  bool running() const { return tenant_ != nullptr; }
  uint64_t incarnation() const { return incarnation_; }  // counts starts
  bool is_paused() const { return paused_; }
  world::Tenant* tenant() { return tenant_.get(); }
  const std::optional<std::string>& stop_reason() const { return stop_reason_; }
  uint64_t turns() const { return turns_; }

  // All links there are, by the peer's id; set as nodes are added.
  void add_link(NodeId peer, Link& outgoing, Link& incoming);

  void start();  // REQUIRES: not running
  // Within one of its own turns it is put off to the turn's end.
  void crash(const CrashOptions& options, std::string_view why);
  void wipe();  // crashes it first if need be
  void pause();
  void unpause();
  void set_slowness(double factor) { slowness_ = factor; }
  // `call` runs in the next turn, among the frames in order of arrival; dropped if the node crashes
  // before. May be empty. False, and nothing happens, when the node is not running.
  bool poke(std::function<void()> call);

  SimDisk& sim_disk() { return disk_; }
  void stall_disk() { disk_.stall(); }  // until resume_disk() or a crash
  void resume_disk();
  const SimClock& clock() const { return clock_; }
  void step_wall_clock(Duration by);
  void set_drift(int64_t ppm);
  void set_clock_steps(Duration mean, Duration most);

  void on_turn(uint64_t incarnation);
  void on_alarm(uint64_t alarm);
  void on_disk_due(uint64_t number);
  void on_clock(uint64_t chain);

  // World.
  Now now() const override { return clock_.at(kernel_.now()); }
  uint64_t entropy() override { return entropy_random_.next(); }
  world::Disk& disk() override { return disk_; }
  world::Network& network() override { return *this; }
  void wake_at(Instant when) override;
  void want_turn() override;
  void log(world::LogLevel level, std::string_view line) override;
  void stop(std::string_view reason) override;

  // Network.
  void send(NodeId to, std::vector<Payload> parts) override;
  bool connected(NodeId to) const override;
  uint64_t queued_bytes(NodeId to) const override;

  // LinkEnd.
  bool accepts() const override { return running(); }
  void link_changed(NodeId peer, world::LinkChange change) override;
  void frame_arrived(Link& link, uint64_t epoch, uint64_t number, Payload frame) override;

 private:
  struct Item {
    enum class Kind : uint8_t { frame, change, poke };
    Kind kind = Kind::frame;
    world::LinkChange change = world::LinkChange::outgoing_up;
    NodeId peer;
    Link* link = nullptr;
    uint64_t epoch = 0;
    uint64_t number = 0;
    Payload frame;
    std::function<void()> call;
  };
  struct Outgoing {
    NodeId to;
    std::vector<Payload> parts;
  };
  struct Submitted {
    uint64_t number = 0;
    Duration delay;
    bool durable = false;
  };
  struct Peer {
    Link* outgoing = nullptr;
    Link* incoming = nullptr;
    uint64_t outbox_bytes = 0;
  };

  const Peer* find(NodeId peer) const;
  void submitted(const Submission& submission);
  void executed(uint64_t number);
  void schedule_turn();
  void arm();
  void take_arrivals();
  void take_completions();
  void take(Item& item);
  void carry_out(Instant at);
  void end_life(const CrashOptions& options, std::string_view why);
  Duration stretched(Duration duration) const;

  Kernel& kernel_;
  const uint32_t subject_;
  const NodeId id_;
  const Factory factory_;
  const TurnOptions turn_options_;
  ClockOptions clock_options_;
  const std::function<void(LogLine)> log_sink_;
  Random turn_random_;
  Random entropy_random_;
  Random clock_random_;
  Random crash_random_;
  SimClock clock_;
  SimDisk disk_;
  std::vector<Peer> peers_;  // by NodeId
  std::unique_ptr<world::Tenant> tenant_;

  uint64_t incarnation_ = 0;
  uint64_t turns_ = 0;
  bool paused_ = false;
  bool in_turn_ = false;
  bool turn_scheduled_ = false;
  bool turn_wanted_ = false;
  std::optional<CrashOptions> doomed_;  // to crash when the turn is over
  std::string doomed_why_;
  std::optional<std::string> stop_reason_;
  double slowness_ = 1;
  Instant busy_until_;
  Instant device_free_at_;  // what makes data durable is done one after the other

  std::deque<Item> arrivals_;
  std::deque<uint64_t> completions_;
  std::vector<Outgoing> outbox_;
  std::vector<Submitted> submitted_;
  std::vector<uint64_t> executed_;  // scratch

  Instant wake_at_ = Instant::never();   // as the tenant's clock has it
  Instant armed_at_ = Instant::never();  // virtual time of the alarm that counts
  uint64_t alarm_ = 0;
  uint64_t clock_chain_ = 0;

  uint32_t items_taken_ = 0;  // in this turn
  uint64_t bytes_moved_ = 0;
};

}  // namespace coterie::sim
