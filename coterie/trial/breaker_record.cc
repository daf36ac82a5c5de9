// What lasting faults decide by chance, told as single faults. See decisions.h.
#include "coterie/base/assert.h"
#include "coterie/trial/breaker.h"
#include "coterie/trial/frame_summary.h"

namespace coterie::trial {

namespace {

FaultKind single_kind(sim::Fate::Kind kind) {
  switch (kind) {
    case sim::Fate::Kind::lost:
      return FaultKind::lose_frame;
    case sim::Fate::Kind::repeated:
      return FaultKind::repeat_frame;
    case sim::Fate::Kind::overtaken:
      return FaultKind::hold_frame;
    case sim::Fate::Kind::late:
      return FaultKind::delay_frame;
  }
  COTERIE_ASSERT(false);
  return FaultKind::lose_frame;
}

FaultKind weather_kind(sim::Fate::Kind kind) {
  switch (kind) {
    case sim::Fate::Kind::lost:
      return FaultKind::lossy;
    case sim::Fate::Kind::repeated:
      return FaultKind::twice;
    case sim::Fate::Kind::overtaken:
      return FaultKind::overtake;
    case sim::Fate::Kind::late:
      return FaultKind::late;
  }
  COTERIE_ASSERT(false);
  return FaultKind::lossy;
}

}  // namespace

sim::Fate Breaker::fate_of(const PlannedFault& fault) const {
  sim::Fate fate;
  fate.by = fault.length;
  fate.tag = static_cast<uint64_t>(&fault - plan_.faults.data());
  for (const auto kind : {sim::Fate::Kind::lost, sim::Fate::Kind::repeated,
                          sim::Fate::Kind::overtaken, sim::Fate::Kind::late}) {
    if (single_kind(kind) == fault.kind) fate.kind = kind;
  }
  return fate;
}

void Breaker::record(Decisions& decisions) {
  decisions_ = &decisions;
  for (NodeId from : nodes_) {
    for (NodeId to : nodes_) {
      if (from == to) continue;
      simulation_.link(from, to).on_moment(
          [this](const sim::LinkMoment& moment) { heard(moment); });
    }
  }
}

void Breaker::decided_now(const PlannedFault& of, PlannedFault single) {
  single.at = simulation_.now() - start_;
  decided(of, single);
}

void Breaker::decided(const PlannedFault& of, const PlannedFault& single, std::string about) {
  if (decisions_ == nullptr) return;
  if (decisions_->faults.size() >= Decisions::most) {
    decisions_->complete = false;
    return;
  }
  decisions_->faults.push_back({of, single, std::move(about)});
}

const PlannedFault* Breaker::weather_on(NodeId from, NodeId to, FaultKind kind,
                                        uint64_t seed) const {
  for (const Weather& weather : weather_) {
    const PlannedFault& fault = weather.fault;
    if (fault.kind != kind || fault.seed + 1 != seed) continue;
    if (!fault.node || (fault.node == from && fault.peer == to)) return &fault;
  }
  return nullptr;
}

// Frames are counted from the beginning of the millisecond in which they depart.
void Breaker::heard(const sim::LinkMoment& moment) {
  PlannedFault single;
  single.node = moment.from;
  single.peer = moment.to;
  if (moment.broken) {
    single.kind = FaultKind::cut_off;
    if (const PlannedFault* fault =
            weather_on(moment.from, moment.to, FaultKind::fragile, moment.break_seed))
      decided_now(*fault, single);
    return;
  }
  const int64_t ms = (moment.when - start_).ms();
  Departed& departed = departed_[{moment.from, moment.to}];
  if (departed.ms != ms) departed = {ms, moment.departures - 1};
  single.at = milliseconds(ms);
  single.frame = moment.departures - departed.before;
  const auto tell = [&](const PlannedFault& of, const sim::Fate& fate) {
    single.kind = single_kind(fate.kind);
    single.length = fate.by;
    decided(of, single, summarize_frame(*moment.parts).text);
  };
  for (const sim::Fate& fate : moment.drawn) {
    if (const PlannedFault* of =
            weather_on(moment.from, moment.to, weather_kind(fate.kind), fate.tag))
      tell(*of, fate);
  }
  for (const sim::Fate& fate : moment.given) {
    const PlannedFault& of = plan_.faults[fate.tag];
    decided(of, of, summarize_frame(*moment.parts).text);
  }
}

}  // namespace coterie::trial
