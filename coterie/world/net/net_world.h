// The real world of one node: sockets, files and the machine's clocks, in one thread. A turn goes
//
//   1. sleep until something is ready (not when the last turn left work); run what is ready,
//   bounded in number and
//      time: peers' frames go to the tenant, clients' bytes are received
//   2. link changes, disk completions, due timers, the tenant's wake-up
//   3. the before_tenant hooks (clients' bytes are parsed), the tenant's end_turn()
//   4. the peers' frames are sent, one send a connection; the after_tenant hooks (replies are sent)
//   5. the disk works: what it completes begins the next turn, at once
//
// So a batch is on its way to the followers before it is synced here, and all that arrives during
// the sync becomes the next batch. Asio is hidden in the .cc files; parts with own sockets use
// asio_access.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/world/net/file_calls.h"
#include "coterie/world/net/net_options.h"
#include "coterie/world/net/timers.h"
#include "coterie/world/world.h"

namespace coterie::world {

// What takes part in every turn beside the tenant. Either may be empty.
struct TurnHooks {
  std::function<void()> before_tenant;
  std::function<void()> after_tenant;
};

// How the loop ended.
struct End {
  int exit_code = 0;
  std::string reason;  // of stop(), or that this node's id is taken (78, EX_CONFIG); empty after
                       // finish()
};

struct LoopStatistics {
  uint64_t turns = 0;
  uint64_t handlers = 0;
  Duration longest_turn;  // without the sleep; since the last look
};

class NetWorld final : public World {
 public:
  // Locks the data directory and listens for peers. Errors tell the user what to do: the directory
  // is in use, the port is taken, an address is malformed. SIGPIPE is ignored from here on. `calls`
  // replaces the system's file calls in tests and outlives the world.
  static Result<std::unique_ptr<NetWorld>> open(NetOptions options, FileCalls* calls = nullptr);
  ~NetWorld() override;

  // Runs turns until finish() or stop(). The tenant outlives the call; peers are dialled from here
  // on.
  End run(Tenant& tenant);
  // The same in pieces, for tests: `turn` sleeps at most so long; false when the loop has ended.
  void attach(Tenant& tenant);
  bool turn(Duration sleep_most);
  const std::optional<End>& ended() const;

  // Ends the loop after this turn, whose frames, replies and writes are still carried out.
  void finish(int exit_code);

  // Hooks are called in the order in which they were added. Not from within a hook. 0 is no hook.
  uint64_t add_hooks(TurnHooks hooks);
  void remove_hooks(uint64_t id);
  // Calls it in the next turn, in phase 2. From the loop's thread.
  void post(std::function<void()> call);
  TimerId call_at(Instant when, std::function<void()> call);
  void cancel(TimerId id);
  // SIGTERM and SIGINT: `call` gets the number, in phase 2. The default is to end the process.
  // Replaces an earlier one.
  void on_signal(std::function<void(int)> call);

  uint16_t peer_port() const;  // the real one; 0: no peers
  // The peer's address from the next attempt on. REQUIRES: the peer is named in the options
  void set_peer_address(NodeId peer, std::string address);
  // Closes our connection to the peer, as the network might.
  void break_link(NodeId peer);
  LoopStatistics statistics();  // resets longest_turn
  bool disk_idle() const;       // no disk work is under way: for a clean end
  bool disk_slow() const;       // syncs have been slow lately

  Now now() const override;
  uint64_t entropy() override;
  Disk& disk() override;
  Network& network() override;
  void wake_at(Instant when) override;
  void want_turn() override;
  void log(LogLevel level, std::string_view line) override;
  // Ends the loop with exit code 70 (EX_SOFTWARE) before anything more is sent or written.
  void stop(std::string_view reason) override;

 private:
  friend struct AsioAccess;
  struct Impl;
  explicit NetWorld(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace coterie::world
