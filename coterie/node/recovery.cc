// See recovery.h.
#include "coterie/node/recovery.h"

#include <utility>

#include "coterie/base/codec.h"
#include "coterie/node/router.h"
#include "coterie/node/snapshots.h"
#include "coterie/node/wire.h"

namespace coterie::node {

raft::Membership newest_membership(const store::Recovery& recovery, const store::Papers& papers) {
  raft::Membership membership;
  if (auto record = from_wire<FoundingRecord>(Payload::copy_of(papers.founding)))
    membership = record->membership;
  if (recovery.snapshot) {
    if (auto point = snapshot_point(*recovery.snapshot)) membership = point->membership;
  }
  for (const Entry& entry : recovery.entries) {
    if (entry.kind != EntryKind::membership) continue;
    if (auto changed = from_wire<raft::Membership>(entry.body())) membership = *changed;
  }
  return membership;
}

Survivor::Survivor(world::World& world) : world_(world) {}
Survivor::~Survivor() = default;

Result<void> Survivor::open() {
  log_ = std::make_unique<store::Log>(
      world_.disk(), store::LogOptions{},
      [this](uint64_t) { log_->close([this] { std::exchange(done_, nullptr)({}); }); },
      [this](Error error) { std::exchange(done_, nullptr)(tl::unexpected(std::move(error))); });
  StateTaker taker;  // a snapshot that a start could not use is none
  COTERIE_TRY(recovery, log_->open(&taker));
  recovery_ = std::move(recovery);
  return {};
}

Result<SurvivorReport> Survivor::look() {
  COTERIE_CHECK(open());
  SurvivorReport report;
  report.lost_term = !recovery_.papers && recovery_.former;
  if (!recovery_.papers && !recovery_.former) {
    return fail(Fault::not_found,
                recovery_.orphaned
                    ? "whose data these are is lost with the file `identity`: put a copy of it back"
                    : "this directory holds no replica: nothing can be recovered from it");
  }
  papers_ = recovery_.papers ? *recovery_.papers : *recovery_.former;
  if (!papers_.cluster)
    return fail(Fault::not_found, "this replica has never been in a cluster: start it as usual");
  report.node = papers_.node;
  report.cluster = papers_.cluster;
  report.replica = papers_.replica;
  report.term = recovery_.hard_state.term;
  report.damaged = recovery_.hard_state.damaged;
  if (recovery_.snapshot) {
    report.snapshot = report.last = recovery_.snapshot->index;
    report.last_term = recovery_.snapshot->term;
  }
  if (!recovery_.entries.empty()) {
    report.last = recovery_.entries.back().index;
    report.last_term = recovery_.entries.back().term;
  }
  for (const raft::Member& member : newest_membership(recovery_, papers_).members) {
    report.members += (report.members.empty() ? "" : " ") + std::to_string(member.node.value);
  }
  return report;
}

void Survivor::go_on_alone(Done done) {
  done_ = std::move(done);
  if (recovery_.papers) return write_papers();
  // Term and vote are lost: the data are kept under papers written anew, and are read again.
  log_->write_papers(papers_, [this](Result<void> written) {
    if (written) written = open();
    if (!written) return std::exchange(done_, nullptr)(std::move(written));
    write_papers();
  });
}

void Survivor::write_papers() {
  FoundingRecord record;
  record.cluster.high = world_.entropy();
  record.cluster.low = world_.entropy();
  record.membership.members = {{papers_.node, papers_.replica, true}};
  papers_.cluster = record.cluster;
  papers_.founding = to_wire(record).text();
  log_->write_papers(papers_, [this](Result<void> written) {
    if (!written) return std::exchange(done_, nullptr)(std::move(written));
    write_membership();
  });
}

void Survivor::write_membership() {
  Index last = recovery_.snapshot ? recovery_.snapshot->index : Index(0);
  Term term = recovery_.hard_state.term;
  int64_t stamp_ms = 0;
  for (const Entry& entry : recovery_.entries) {
    last = std::max(last, entry.index);
    term = std::max(term, entry.term);
    stamp_ms = std::max(stamp_ms, entry.stamp_ms);
  }
  if (recovery_.snapshot) {
    term = std::max(term, recovery_.snapshot->term);
    if (auto point = snapshot_point(*recovery_.snapshot))
      stamp_ms = std::max(stamp_ms, point->stamp_ms);
  }
  const raft::Membership alone{{{papers_.node, papers_.replica, true}}};
  const Entry entry = make_entry({.group = only_group,
                                  .kind = EntryKind::membership,
                                  .feature_level = 1,
                                  .term = term.next(),
                                  .index = last.next(),
                                  .stamp_ms = stamp_ms,
                                  .bytes = {}},
                                 to_wire(alone).view());
  log_->write(1, HardState{term.next(), {}, false}, {entry});
  world_.want_turn();
}

void Survivor::end_turn() {
  if (!done_) return;
  log_->flush(world_.now());
  world_.wake_at(world_.now().monotonic + milliseconds(5));
}

}  // namespace coterie::node
