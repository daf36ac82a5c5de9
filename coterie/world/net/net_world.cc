// See net_world.h.
#include "coterie/world/net/net_world.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <sys/random.h>
#include <time.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/net/asio_access.h"
#include "coterie/world/net/net_disk.h"
#include "coterie/world/net/peer_network.h"

namespace coterie::world {

namespace {

constexpr int handlers_a_turn_max = 2048;
constexpr Duration handlers_time_max = milliseconds(4);
constexpr int handlers_between_looks = 32;  // at the clock
constexpr Duration sleep_max = seconds(3600);
constexpr Duration noted_turn = milliseconds(100);
constexpr int stopped_exit_code = 70;  // EX_SOFTWARE
constexpr int taken_exit_code = 78;    // EX_CONFIG

int64_t clock_ns(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Instant monotonic() { return {clock_ns(CLOCK_MONOTONIC)}; }

uint64_t random_bits() {
  uint64_t bits = 0;
  COTERIE_ASSERT(::getrandom(&bits, sizeof(bits), 0) == static_cast<ssize_t>(sizeof(bits)));
  return bits;
}

}  // namespace

struct NetWorld::Impl {
  Impl(NetOptions the_options, std::unique_ptr<LogSink> sink, std::unique_ptr<FileCalls> calls,
       std::unique_ptr<FileStore> the_store)
      : options(std::move(the_options)),
        log_sink(std::move(sink)),
        own_calls(std::move(calls)),
        store(std::move(the_store)),
        disk(*store, options.disk,
             {.now = monotonic,
              .log = [this](LogLevel level, std::string line) { log_sink->write(level, line); },
              .wake_loop = [this] { boost::asio::post(io, [this] { disk.collect(); }); }}),
        peers(
            options,
            {.io = io,
             .timers = timers,
             .now = monotonic,
             .entropy = random_bits,
             .log = [this](LogLevel level, std::string line) { log_sink->write(level, line); },
             .link_changed = [this](NodeId peer,
                                    LinkChange change) { link_changes.emplace_back(peer, change); },
             .deliver =
                 [this](NodeId from, Payload frame) {
                   if (!ended) tenant->on_frame(from, std::move(frame));
                 },
             .id_is_taken = [this](std::string reason) { end(taken_exit_code, reason); },
             .process = random_bits()}),
        signals(io) {}

  void await_signal();
  bool must_hurry() const;
  Instant next_deadline() const { return std::min(timers.next(), wake); }
  void run_handlers(Duration sleep_most);
  void deliver_events();
  void end(int exit_code, std::string_view reason);

  const NetOptions options;
  std::unique_ptr<LogSink> log_sink;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<Executor> work{io.get_executor()};
  Timers timers;
  std::unique_ptr<FileCalls> own_calls;
  std::unique_ptr<FileStore> store;
  NetDisk disk;
  PeerNetwork peers;
  boost::asio::signal_set signals;

  Tenant* tenant = nullptr;
  Instant wake = Instant::never();
  bool turn_wanted = false;
  Instant turn_began;
  std::optional<End> ended;
  std::vector<std::pair<NodeId, LinkChange>> link_changes;
  std::vector<std::function<void()>> posted;
  std::function<void(int)> signal_call;
  std::map<uint64_t, TurnHooks> hooks;
  uint64_t hook_last = 0;
  LoopStatistics counts;
};

struct AsioAccess {
  static boost::asio::io_context& io(NetWorld& world) { return world.impl_->io; }
};

boost::asio::io_context& io_context_of(NetWorld& world) { return AsioAccess::io(world); }

NetWorld::NetWorld(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NetWorld::~NetWorld() = default;

Result<std::unique_ptr<NetWorld>> NetWorld::open(NetOptions options, FileCalls* calls) {
  for (const auto& [node, address] : options.nodes) {
    COTERIE_CHECK(parse_host_port(address));
  }
  // Writing to a log or a client that is gone is an error to be handled, not the end of the
  // process.
  ::signal(SIGPIPE, SIG_IGN);
  COTERIE_TRY(sink, LogSink::open(options.log, options.self));
  auto own_calls = std::make_unique<FileCalls>();
  COTERIE_TRY(store, FileStore::open({.directory = options.data_dir,
                                      .write_and_sync_in_one = options.disk.write_and_sync_in_one},
                                     calls == nullptr ? *own_calls : *calls));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(sink), std::move(own_calls),
                                     std::move(store));
  COTERIE_CHECK(impl->peers.listen());
  return std::unique_ptr<NetWorld>(new NetWorld(std::move(impl)));
}

void NetWorld::attach(Tenant& tenant) {
  COTERIE_ASSERT(impl_->tenant == nullptr);
  impl_->tenant = &tenant;
  impl_->peers.start();
  impl_->turn_wanted = true;  // for what was asked before the first turn
}

End NetWorld::run(Tenant& tenant) {
  attach(tenant);
  while (turn(sleep_max)) {
  }
  return *impl_->ended;
}

bool NetWorld::Impl::must_hurry() const {
  return turn_wanted || !posted.empty() || !link_changes.empty() || disk.has_completions();
}

void NetWorld::Impl::run_handlers(Duration sleep_most) {
  const Instant start = monotonic();
  const Duration sleep =
      must_hurry() ? nanoseconds(0) : std::min(sleep_most, next_deadline() - start);
  turn_wanted = false;
  size_t ran = sleep.ns <= 0 ? io.poll_one() : io.run_one_for(std::chrono::nanoseconds(sleep.ns));
  turn_began = monotonic();
  counts.handlers += ran;
  for (int i = 1; ran > 0 && !ended && i < handlers_a_turn_max; ++i) {
    if (i % handlers_between_looks == 0 && monotonic() - turn_began > handlers_time_max) break;
    ran = io.poll_one();
    counts.handlers += ran;
  }
}

void NetWorld::Impl::deliver_events() {
  for (const auto& [peer, change] : std::exchange(link_changes, {})) {
    if (!ended) tenant->on_link(peer, change);
  }
  disk.deliver([this] { return ended.has_value(); });
  for (const std::function<void()>& call : std::exchange(posted, {})) {
    if (!ended) call();
  }
  if (!ended) timers.run_due(monotonic());
  if (!ended && wake <= monotonic()) {
    wake = Instant::never();
    tenant->on_wake();
  }
}

bool NetWorld::turn(Duration sleep_most) {
  Impl& world = *impl_;
  if (world.ended) return false;
  world.run_handlers(sleep_most);
  world.deliver_events();
  for (const auto& [id, hooks] : world.hooks) {
    if (hooks.before_tenant && !world.ended) hooks.before_tenant();
  }
  if (!world.ended) world.tenant->end_turn();
  // After stop() nothing more may leave: the node's promises are in doubt. After finish() this turn
  // is completed.
  if (world.ended && !world.ended->reason.empty()) return false;
  world.peers.flush();
  if (world.ended && !world.ended->reason.empty()) return false;
  for (const auto& [id, hooks] : world.hooks) {
    if (hooks.after_tenant) hooks.after_tenant();
  }
  world.disk.work();
  world.peers.rearm();
  const Duration took = monotonic() - world.turn_began;
  if (took >= noted_turn)
    world.log_sink->write(LogLevel::warning,
                          fmt::format("a turn of the loop took {} ms", took.ms()));
  world.counts.longest_turn = std::max(world.counts.longest_turn, took);
  ++world.counts.turns;
  return !world.ended;
}

const std::optional<End>& NetWorld::ended() const { return impl_->ended; }

void NetWorld::finish(int exit_code) {
  if (!impl_->ended) impl_->ended = End{.exit_code = exit_code, .reason = {}};
}

void NetWorld::stop(std::string_view reason) { impl_->end(stopped_exit_code, reason); }

void NetWorld::Impl::end(int exit_code, std::string_view reason) {
  log_sink->write(LogLevel::error, fmt::format("stopping: {}", reason));
  if (ended && !ended->reason.empty()) return;
  ended = End{.exit_code = exit_code, .reason = std::string(reason.empty() ? "stopped" : reason)};
}

uint64_t NetWorld::add_hooks(TurnHooks hooks) {
  impl_->hooks.emplace(++impl_->hook_last, std::move(hooks));
  return impl_->hook_last;
}

void NetWorld::remove_hooks(uint64_t id) { impl_->hooks.erase(id); }

void NetWorld::post(std::function<void()> call) { impl_->posted.push_back(std::move(call)); }

TimerId NetWorld::call_at(Instant when, std::function<void()> call) {
  return impl_->timers.at(when, std::move(call));
}

void NetWorld::cancel(TimerId id) { impl_->timers.cancel(id); }

void NetWorld::on_signal(std::function<void(int)> call) {
  const bool first = !impl_->signal_call;
  impl_->signal_call = std::move(call);
  if (!first) return;
  impl_->signals.add(SIGTERM);
  impl_->signals.add(SIGINT);
  impl_->await_signal();
}

void NetWorld::Impl::await_signal() {
  signals.async_wait([this](ErrorCode error, int number) {
    if (error) return;
    posted.push_back([this, number] { signal_call(number); });
    await_signal();
  });
}

uint16_t NetWorld::peer_port() const { return impl_->peers.port(); }

void NetWorld::set_peer_address(NodeId peer, std::string address) {
  impl_->peers.set_address(peer, std::move(address));
}

void NetWorld::break_link(NodeId peer) { impl_->peers.break_link(peer); }

LoopStatistics NetWorld::statistics() {
  const LoopStatistics result = impl_->counts;
  impl_->counts.longest_turn = {};
  return result;
}

bool NetWorld::disk_idle() const { return impl_->disk.idle(); }

bool NetWorld::disk_slow() const { return impl_->disk.slow(); }

Now NetWorld::now() const {
  return {.monotonic = monotonic(), .wall = {clock_ns(CLOCK_REALTIME) / 1'000'000}};
}

uint64_t NetWorld::entropy() { return random_bits(); }

Disk& NetWorld::disk() { return impl_->disk; }

Network& NetWorld::network() { return impl_->peers; }

void NetWorld::wake_at(Instant when) { impl_->wake = when; }

void NetWorld::want_turn() { impl_->turn_wanted = true; }

void NetWorld::log(LogLevel level, std::string_view line) { impl_->log_sink->write(level, line); }

}  // namespace coterie::world
