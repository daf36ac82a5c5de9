// See promises.h.
#include "coterie/trial/promises.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "coterie/node/wire.h"
#include "coterie/trial/stall.h"

namespace coterie::trial {

void Promises::listen(sim::Simulation& simulation) {
  simulation.on_frame([this, &simulation](NodeId from, const std::vector<Payload>& parts) {
    // With more parts it is an append with entries, which promises nothing.
    if (parts.size() != 1) return;
    const auto message = node::decode_frame(parts[0]);
    if (!message || !std::holds_alternative<raft::Message>(*message)) return;
    said(std::get<raft::Message>(*message), raft_of(simulation, from));
  });
}

void Promises::said(const raft::Message& message, const raft::Raft* machine) {
  if (auto vote = votes_.said(message); !vote && !broken_) broken_ = vote.error().message;
  const auto* reply = std::get_if<raft::AppendReply>(&message.body);
  if (reply == nullptr || !reply->accepted || reply->damaged || machine == nullptr) return;
  Acknowledged& known = acknowledged_[message.from];
  // A message that waited may be of a term whose entries have gone since.
  if (message.term != machine->term() || reply->durable > machine->last_index()) return;
  if (message.term == known.said_in && reply->durable <= known.index) return;
  known = {machine->life(), message.term, reply->durable, machine->term_at(reply->durable)};
}

std::optional<std::string> Promises::observe(const std::vector<const raft::Raft*>& machines) {
  for (const raft::Raft* machine : machines) look_at(*machine);
  return broken_;
}

// What it held when it died it must hold when it is back, and what a leader was told in its own
// term stays.
void Promises::look_at(const raft::Raft& machine) {
  const auto at = acknowledged_.find(machine.replica());
  if (at == acknowledged_.end() || !at->second.index) return;
  Acknowledged& known = at->second;
  const bool held =
      known.index <= machine.snapshot().index ||
      (known.index <= machine.last_index() && machine.term_at(known.index) == known.term);
  const bool restarted = known.life != machine.life();
  if (held) {
    known.life = machine.life();
    return;
  }
  // To a newer leader a machine may give up entries: the invariants of Raft watch over that.
  const bool for_another = !restarted && machine.term() != known.said_in;
  if (!for_another && !machine.hard_state().damaged && !broken_) {
    broken_ = fmt::format("node {} acknowledged entry {} of term {} and lost it{}", machine.node(),
                          known.index, known.term, restarted ? " when it died" : "");
  }
  at->second = {};
}

}  // namespace coterie::trial
