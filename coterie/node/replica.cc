// See replica.h. The order within a turn: inputs step the machine as they come; end_turn() gathers
// the writes into entries, asks for read indexes, flushes the machine, sends, writes, applies, and
// serves what can be served.
#include "coterie/node/replica.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/state/reclaim.h"

namespace coterie::node {

namespace {
constexpr Duration probe_interval = milliseconds(300);
constexpr Duration housekeeping_interval = seconds(1);
// After a snapshot could not be written the next is begun, or taken in, so much later.
constexpr Duration snapshot_retry = seconds(10);
constexpr Duration receive_retry = seconds(1);
// A leader has four on their way, and sends again what is not answered for a while.
constexpr size_t chunks_held_max = 8;
// Without entries to apply, large structures that were dropped are freed so often, a part of them.
constexpr Duration reclaim_interval = milliseconds(1);
constexpr size_t snapshot_bytes_a_turn = 1 << 20;
constexpr uint16_t feature_level = 1;

int64_t newest_stamp(const raft::Raft& raft, const state::State& state) {
  const Entry* last = raft.entry_at(raft.last_index());
  return std::max(state.now_ms(), last == nullptr ? 0 : last->stamp_ms);
}
}  // namespace

std::unique_ptr<Replica> Replica::start(world::World& world, store::Log& log,
                                        store::Recovery&& recovery,
                                        std::optional<LoadedSnapshot>&& snapshot,
                                        const FoundingRecord& founding,
                                        const ReplicaOptions& options, Callbacks callbacks) {
  COTERIE_ASSERT(recovery.snapshot.has_value() == snapshot.has_value());
  raft::Recovered recovered;
  recovered.hard_state = recovery.hard_state;
  recovered.snapshot.membership = founding.membership;
  recovered.entries = std::move(recovery.entries);
  state::State state;
  if (snapshot) {
    state = std::move(snapshot->state);
    recovered.snapshot = std::move(snapshot->point);
  }
  if (!raft::agrees(recovered.snapshot, recovered.entries)) {
    // It came from a leader, and the node went down before the log was dropped.
    COTERIE_REACHED("replica: the log is dropped for the snapshot");
    recovered.entries.clear();
    log.reset(recovered.snapshot.index.next());
  }
  return std::unique_ptr<Replica>(new Replica(world, log, std::move(recovered), std::move(state),
                                              recovery.snapshot, options, std::move(callbacks)));
}

Replica::Replica(world::World& world, store::Log& log, raft::Recovered&& recovered,
                 state::State&& state, std::optional<store::SnapshotFile> snapshot,
                 const ReplicaOptions& options, Callbacks callbacks)
    : world_(world),
      log_(log),
      options_(options),
      callbacks_(std::move(callbacks)),
      raft_(options.raft, raft::Recovered(recovered), world.now()),
      state_(std::move(state)),
      applied_membership_(std::move(recovered.snapshot.membership)),
      session_({.node = options.raft.node,
                .replica = options.raft.replica,
                .nonce = world.entropy() >> 1,
                .request_timeout = options.request_timeout}),
      reads_(options.request_timeout),
      snapshots_(
          world.disk(), std::move(snapshot), options.snapshot_bytes_max,
          {.made = [this](const raft::SnapshotPoint& point,
                          const Result<void>& written) { on_snapshot_made(point, written); },
           .received =
               [this](const raft::SnapshotPoint& point, std::optional<state::State> received) {
                 on_snapshot_received(point, std::move(received));
               },
           .data = [this](raft::SnapshotData data) { step(std::move(data)); },
           .note = [this](world::LogLevel level,
                          std::string text) { callbacks_.note(level, text); }}),
      log_time_(options.raft.node) {}

void Replica::step(raft::Input&& input) { raft_.step(std::move(input), world_.now(), effects_); }

void Replica::write(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
                    std::span<const std::string_view> args) {
  session_.submit(ticket, spec, db, args, world_.now());
}

void Replica::read(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
                   std::span<const std::string_view> args, bool stale) {
  reads_.submit(ticket, spec, db, args, stale, world_.now());
}

void Replica::cancel(Ticket ticket) {
  session_.cancel(ticket, world_.now());
  reads_.cancel(ticket);
}

void Replica::on_message(NodeId, raft::Message&& message) {
  if (std::holds_alternative<raft::SnapshotChunk>(message.body)) {
    return on_chunk(std::move(message));
  }
  step(raft::ReceivedMessage{std::move(message)});
}

void Replica::on_chunk(raft::Message&& message) {
  if (chunks_.size() >= chunks_held_max || world_.now().monotonic < chunks_from_) {
    COTERIE_REACHED("replica: a snapshot's chunk dropped");
    return;
  }
  chunks_.push_back(std::move(message));
}

void Replica::on_forward(NodeId from, Forward&& forward) {
  forwards_.emplace_back(from, std::move(forward));
}

void Replica::on_refused(const ForwardRefused& refused) {
  session_.refused(refused.session, refused.expected, refused.pass);
}

void Replica::on_hello(const Hello& hello) {
  log_time_.heard(hello.node, hello.wall, world_.now());
  step(raft::PeerReplica{hello.node, hello.replica});
}

void Replica::on_link(NodeId peer, world::LinkChange change) {
  if (change == world::LinkChange::outgoing_up) {
    step(raft::PeerUp{peer});
  } else if (change == world::LinkChange::incoming_down) {
    step(raft::PeerDown{peer});
  }
  if (peer == last_leader_) {
    session_.send_again();
    reads_.ask_again();
  }
}

void Replica::on_durable(uint64_t number) { step(raft::Durable{number}); }

void Replica::transfer_leadership(NodeId to) { step(raft::TransferLeadership{to}); }

void Replica::disks_full(bool own, bool majority) {
  if (own && !own_disk_full_ && raft_.role() == raft::Role::leader) {
    callbacks_.note(world::LogLevel::warning, "this node's disk is full: giving up leadership");
    step(raft::TransferLeadership{});
  }
  own_disk_full_ = own;
  majority_full_ = majority;
}

// True when this node leads and has applied its first entry: then its state has seen all that
// earlier leaders have put into the log, and what this one has put there since is known to the
// intake.
bool Replica::proposing() const { return leads_ && state_.applied_term() == raft_.term(); }

// Notices changes of leader: what is under way is sent to the new one.
void Replica::lead_or_follow() {
  const bool leads = raft_.role() == raft::Role::leader;
  if (leads != leads_ || raft_.term() != last_term_) {
    intake_.reset();
    if (leads) {
      newest_stamp_ms_ = newest_stamp(raft_, state_);
      log_time_.lead(newest_stamp_ms_, raft_.membership().majority(), world_.now());
    }
  }
  leads_ = leads;
  if (raft_.leader() != last_leader_ || raft_.term() != last_term_) {
    session_.send_again();
    reads_.ask_again();
  }
  last_leader_ = raft_.leader();
  last_term_ = raft_.term();
}

void Replica::gather_writes() {
  if (majority_full_)
    session_.answer_unsent(
        "DISKFULL the disks of a majority are full: make room, then write again");
  if (last_leader_) {
    const Payload blocks = session_.flush(world_.now());
    if (!blocks.empty()) {
      Forward forward{options_.raft.group, session_.pass(), blocks};
      if (leads_) {
        forwards_.emplace_back(options_.raft.node, std::move(forward));
      } else {
        world_.network().send(last_leader_, encode_frame(NodeMessage{std::move(forward)}));
      }
    }
  }
  if (leads_ && !proposing()) return;  // what has come waits until this leader is ready
  std::vector<ForwardRefused> refusals;
  for (auto& [from, forward] : std::exchange(forwards_, {})) {
    const bool own = from == options_.raft.node;
    refusals.clear();
    if (!leads_) {
      refusals.push_back({forward.group, forward.pass, SessionId(0), 0});
    } else if (auto taken = intake_.take(from, own, forward, state_, refusals); !taken) {
      callbacks_.note(world::LogLevel::warning,
                      "malformed commands from node " + std::to_string(from.value));
    }
    for (const ForwardRefused& refusal : refusals) {
      if (own) {
        session_.refused(refusal.session, refusal.expected, refusal.pass);
      } else {
        world_.network().send(from, encode_frame(NodeMessage{refusal}));
      }
    }
  }
}

void Replica::propose(EntryKind kind, PayloadBuilder& body) {
  newest_stamp_ms_ = std::max(newest_stamp_ms_, log_time_.stamp_ms(world_.now()));
  const Entry header{.group = options_.raft.group,
                     .kind = kind,
                     .feature_level = feature_level,
                     .term = raft_.term(),
                     .index = raft_.last_index().next(),
                     .stamp_ms = newest_stamp_ms_,
                     .bytes = {}};
  step(raft::Propose{seal_entry(header, body)});
}

void Replica::propose_batches() {
  if (!proposing()) return;
  while (!intake_.empty()) {
    PayloadBuilder body(entry_header_bytes +
                        std::min<uint64_t>(intake_.bytes(), options_.entry_bytes) + 64);
    reserve_entry_header(body);
    std::set<NodeId> from;
    intake_.fill(body, options_.entry_bytes, from);
    propose(EntryKind::commands, body);
    for (NodeId node : from) {
      if (node != options_.raft.node) step(raft::EagerCommit{node, raft_.last_index()});
    }
  }
}

// A deadline that has fallen due on an idle cluster gets a stamp; sessions that have been silent
// are closed.
void Replica::propose_housekeeping() {
  if (!proposing()) return;
  const Now now = world_.now();
  const int64_t due_ms = state_.next_deadline_ms();
  if (due_ms > newest_stamp_ms_ && due_ms <= log_time_.stamp_ms(now)) {
    PayloadBuilder body;
    reserve_entry_header(body);
    propose(EntryKind::stamp, body);
  }
  if (now.monotonic < housekeeping_at_) return;
  housekeeping_at_ = now.monotonic + housekeeping_interval;
  for (SessionId silent : state_.silent_sessions(log_time_.stamp_ms(now))) {
    COTERIE_REACHED("replica: a silent session closed");
    const std::string text = std::to_string(silent.value);
    const std::string_view argument = text;
    PayloadBuilder command;
    const size_t size_bytes =
        state::encode_command(command, state::number::close_session, 0, {&argument, 1});
    PayloadBuilder body;
    reserve_entry_header(body);
    state::encode_block_header(body, {SessionId(0), 0, 0, 1}, size_bytes);
    body.append(command.view());
    propose(EntryKind::commands, body);
  }
}

void Replica::ask_for_reads() {
  const Now now = world_.now();
  if (auto round = reads_.begin_round(now)) {
    if (COTERIE_MUTANT("follower-reads-alone") && !leads_) {
      reads_.granted(*round, raft_.commit(), now);
    } else {
      step(raft::ReadIndex{*round});
    }
  }
  if (now.monotonic >= probe_at_) {
    probe_at_ = now.monotonic + probe_interval;
    if (auto round = reads_.begin_probe(now)) step(raft::ReadIndex{*round});
  }
}

void Replica::end_turn() {
  const Now now = world_.now();
  if (chunk_waits()) {
    step(raft::ReceivedMessage{std::move(chunks_.front())});
    chunks_.pop_front();
  }
  if (raft_.next_deadline() <= now.monotonic) step(raft::Tick{});
  session_.tick(now);
  reads_.tick(now);
  lead_or_follow();
  gather_writes();
  propose_batches();
  propose_housekeeping();
  ask_for_reads();
  raft_.flush(now, effects_);
  carry_out();
  apply_committed();
  reads_.serve(state_);
  snapshot_if_due();
  const bool more = snapshots_.work(snapshot_bytes_a_turn);
  if (more || chunk_waits() || !to_apply_.empty() || !effects_.empty() || reads_.wants_turn() ||
      (last_leader_ && session_.wants_turn())) {
    world_.want_turn();
  }
}

// Frames leave before the disk works: the world sees to that.
void Replica::carry_out() {
  raft::Effects effects = std::exchange(effects_, {});
  for (const raft::Message& message : effects.messages) {
    world_.network().send(message.to_node, encode_frame(message));
  }
  for (raft::Write& write : effects.writes)
    log_.write(write.number, write.hard_state, write.entries);
  log_.flush(world_.now());
  for (Entry& entry : effects.committed) to_apply_.push_back(std::move(entry));
  for (const raft::ReadGrant& grant : effects.reads) {
    if (grant.granted) {
      reads_.granted(grant.number, grant.index, world_.now());
    } else {
      reads_.refused(grant.number, world_.now());
    }
  }
  for (const raft::SnapshotRead& wanted : effects.snapshot_reads) snapshots_.read(wanted);
  for (raft::SnapshotWrite& chunk : effects.snapshot_writes) snapshots_.write(std::move(chunk));
  for (raft::Note& note : effects.notes) {
    callbacks_.note(note.warning ? world::LogLevel::warning : world::LogLevel::info,
                    std::move(note.text));
  }
}

void Replica::apply_committed() {
  uint64_t bytes = 0;
  bool any = false;
  while (!to_apply_.empty() && bytes < options_.apply_bytes_a_turn) {
    const Entry entry = std::move(to_apply_.front());
    to_apply_.pop_front();
    bytes += entry.bytes.size();
    apply(entry);
    any = true;
  }
  if (any) return session_.advanced(state_, world_.now());
  if (state::reclaim_backlog() == 0) return;
  COTERIE_REACHED("replica: something freed while idle");
  state::reclaim_some();
}

void Replica::apply(const Entry& entry) {
  applied_.clear();
  if (COTERIE_MUTANT("expiry-by-own-clock")) {
    Entry restamped = entry;
    restamped.stamp_ms = world_.now().wall.ms;
    state_.apply(restamped, applied_);
  } else {
    state_.apply(entry, applied_);
  }
  if (entry.kind == EntryKind::membership) {
    if (auto membership = from_wire<raft::Membership>(entry.body()))
      applied_membership_ = *membership;
  }
  for (const state::SessionReply& reply : applied_.replies) session_.replied(reply, world_.now());
  for (SessionId closed : applied_.closed) session_.closed(closed);
  for (const state::SessionOpened& opened : applied_.opened) session_.opened(opened);
  for (const state::Published& published : applied_.published) {
    callbacks_.published(published.channel, published.message);
  }
}

void Replica::snapshot_if_due() {
  if (snapshots_.making() || snapshots_.receiving()) return;
  if (world_.now().monotonic < snapshot_from_) return;
  const uint64_t log_bytes = raft_.log_bytes();
  if (log_bytes < options_.snapshot_log_bytes || state_.applied() <= raft_.snapshot().index) return;
  // A follower that is being sent the present one would have to begin again: it is waited for,
  // within bounds.
  const auto& progress = raft_.progress();
  const bool sending = std::any_of(progress.begin(), progress.end(), [](const auto& peer) {
    return peer.second.snapshotting && peer.second.recently_active;
  });
  if (sending && log_bytes < 4 * options_.snapshot_log_bytes) return;
  snapshots_.make(state_, applied_membership_);
}

void Replica::on_snapshot_made(const raft::SnapshotPoint& point, const Result<void>& written) {
  if (!written) {
    COTERIE_REACHED("replica: a snapshot could not be made");
    snapshot_from_ = world_.now().monotonic + snapshot_retry;
    return;
  }
  Index keep_from = point.index.next();
  uint64_t kept_bytes = 0;
  while (keep_from > raft_.first_index() && kept_bytes < options_.keep_log_bytes) {
    const Entry* entry = raft_.entry_at(keep_from.previous());
    if (entry == nullptr) break;
    kept_bytes += entry->bytes.size();
    keep_from = keep_from.previous();
  }
  callbacks_.note(world::LogLevel::info,
                  "snapshot at " + std::to_string(point.index.value) + " made");
  step(raft::Compact{point, keep_from});
  log_.compact(keep_from);
}

void Replica::on_snapshot_received(const raft::SnapshotPoint& point,
                                   std::optional<state::State> state) {
  if (retired_) return;  // the next start finds it, and goes on from it
  if (!state) {
    chunks_from_ = world_.now().monotonic + receive_retry;
    return step(raft::SnapshotInstalled{point, false});
  }
  to_apply_.clear();
  std::erase_if(effects_.committed, [&](const Entry& entry) { return entry.index <= point.index; });
  state_ = *std::move(state);
  applied_membership_ = point.membership;
  log_.reset(point.index.next());
  session_.reconcile(state_, world_.now());
  callbacks_.note(world::LogLevel::info,
                  "snapshot at " + std::to_string(point.index.value) + " installed");
  step(raft::SnapshotInstalled{point, true});
  world_.want_turn();
}

std::vector<std::pair<Ticket, Reply>> Replica::take_answers() {
  auto answers = session_.take_answers();
  auto reads = reads_.take_answers();
  answers.insert(answers.end(), std::make_move_iterator(reads.begin()),
                 std::make_move_iterator(reads.end()));
  return answers;
}

Instant Replica::next_deadline() const {
  Instant next = std::min({raft_.next_deadline(), reads_.next_deadline(), probe_at_,
                           session_.next_deadline(bool{last_leader_})});
  if (state::reclaim_backlog() > 0)
    next = std::min(next, world_.now().monotonic + reclaim_interval);
  if (proposing()) {
    next = std::min(next, housekeeping_at_);
    const int64_t due_ms = state_.next_deadline_ms();
    if (due_ms != INT64_MAX && due_ms > newest_stamp_ms_) {
      const Now now = world_.now();
      // Log time follows the monotonic clock within 1 %; an early look costs a turn and no more.
      const int64_t away_ms = std::clamp<int64_t>(due_ms - log_time_.reading_ms(now), 1, 1'000);
      next = std::min(next, now.monotonic + milliseconds(away_ms));
    }
  }
  return next;
}

}  // namespace coterie::node
