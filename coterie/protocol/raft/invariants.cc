// See invariants.h.
#include "coterie/protocol/raft/invariants.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/codec.h"

namespace coterie::raft {

namespace {

uint64_t check_of(const Entry& entry) { return load_le<uint64_t>(entry.bytes.data()); }

template <class... Args>
tl::unexpected<Error> broken(const Raft& machine, fmt::format_string<Args...> text,
                             Args&&... args) {
  return fail(Fault::corrupt,
              fmt::format("node {} ({} in term {}): {}", machine.node(), role_name(machine.role()),
                          machine.term(), fmt::format(text, std::forward<Args>(args)...)));
}

}  // namespace

Term Invariants::committed_term(Index index) const {
  if (!index || index > committed()) return Term();
  return committed_[index.value - 1].term;
}

Result<void> Invariants::observe(const std::vector<const Raft*>& machines) {
  for (const Raft* machine : machines) COTERIE_CHECK(observe(*machine));
  return {};
}

Result<void> Invariants::observe(const Raft& machine) {
  const auto at = seen_.find(machine.node());
  Seen& seen =
      at != seen_.end() && at->second.life == machine.life() ? at->second : begin_life(machine);
  COTERIE_CHECK(check_hard_state(machine, seen));
  COTERIE_CHECK(check_log(machine, seen));
  COTERIE_CHECK(check_commit(machine, seen));
  return check_leader(machine, seen);
}

Invariants::Seen& Invariants::begin_life(const Raft& machine) {
  Seen& seen = seen_[machine.node()];
  seen = Seen();
  seen.life = machine.life();
  seen.commit = machine.snapshot().index;
  seen.applied = seen.commit;
  seen.checked = machine.first_index().previous();
  seen.last = machine.last_index();
  seen.truncations = machine.log_truncations();
  return seen;
}

Result<void> Invariants::check_hard_state(const Raft& machine, Seen& seen) {
  const HardState now = machine.hard_state();
  if (now.term < seen.term) return broken(machine, "its term fell from {}", seen.term);
  if (now.term == seen.term && seen.vote && now.vote != seen.vote) {
    return broken(machine, "voted twice in a term");
  }
  seen.term = now.term;
  seen.vote = now.vote;
  return {};
}

Result<void> Invariants::check_leader(const Raft& machine, Seen& seen) {
  if (machine.role() != Role::leader || seen.led == machine.term()) return {};
  seen.led = machine.term();
  const auto [at, first] = leaders_.emplace(machine.term(), machine.replica());
  if (!first) return broken(machine, "election safety: the term had a leader already");
  // Leader completeness: what was committed in earlier terms is in its log. The last such entry
  // speaks for those before.
  Index last = committed();
  while (last && committed_[last.value - 1].by_term >= machine.term()) last = last.previous();
  if (!last || last < machine.first_index()) return {};
  if (machine.term_at(last) != committed_term(last)) {
    return broken(machine,
                  "leader completeness: entry {} of term {} was committed and is not in its log",
                  last, committed_term(last));
  }
  return {};
}

Result<void> Invariants::check_log(const Raft& machine, Seen& seen) {
  if (machine.log_truncations() != seen.truncations) {
    if (seen.led == machine.term() && machine.role() == Role::leader) {
      return broken(machine, "leader append-only: it cut its own log");
    }
    seen.truncations = machine.log_truncations();
    seen.checked = std::min(seen.checked, seen.commit);
    if (machine.last_index() < seen.commit)
      return broken(machine, "cut its log below its commit index {}", seen.commit);
  }
  seen.checked = std::max(seen.checked, machine.first_index().previous());
  while (seen.checked < machine.last_index()) {
    seen.checked = seen.checked.next();
    COTERIE_CHECK(check_content(machine, *machine.entry_at(seen.checked)));
  }
  if (machine.last_index() < seen.checked) return broken(machine, "its log shrank unseen");
  return {};
}

Result<void> Invariants::check_content(const Raft& machine, const Entry& entry) {
  const Content content{entry.term, machine.term_at(entry.index.previous()), check_of(entry)};
  if (slots_.size() < entry.index.value) slots_.resize(entry.index.value);
  Slot& slot = slots_[entry.index.value - 1];
  const Content* known = nullptr;
  if (slot.first.term == entry.term) known = &slot.first;
  for (const Content& other : slot.others) {
    if (other.term == entry.term) known = &other;
  }
  if (known == nullptr) {
    if (!slot.first.term) {
      slot.first = content;
    } else {
      slot.others.push_back(content);
    }
    return {};
  }
  if (known->check != content.check) {
    return broken(machine, "log matching: entry {} of term {} differs from another's", entry.index,
                  entry.term);
  }
  if (known->previous_term != content.previous_term) {
    return broken(machine, "log matching: entry {} of term {} follows another entry than elsewhere",
                  entry.index, entry.term);
  }
  return {};
}

Result<void> Invariants::check_commit(const Raft& machine, Seen& seen) {
  const Index commit = machine.commit();
  if (commit < seen.commit)
    return broken(machine, "its commit index fell from {} to {}", seen.commit, commit);
  if (commit == seen.commit) return {};
  if (commit > machine.last_index()) return broken(machine, "commits {}, behind its log", commit);
  if (machine.role() == Role::leader && machine.term_at(commit) != machine.term()) {
    return broken(machine, "counted entry {} of term {} by replicas (section 5.4.2)", commit,
                  machine.term_at(commit));
  }
  const Index point = machine.snapshot().index;
  if (point > seen.commit && point <= commit && committed_term(point) != machine.snapshot().term) {
    return broken(machine, "holds a snapshot at {} of term {} that nobody committed", point,
                  machine.snapshot().term);
  }
  for (Index i = std::max(seen.commit.next(), machine.first_index()); i <= commit; i = i.next()) {
    const Entry& entry = *machine.entry_at(i);
    if (i > committed().next())
      return broken(machine, "commits {} before anybody committed what is before it", i);
    if (i > committed()) {
      committed_.push_back({entry.term, check_of(entry), machine.term()});
      continue;
    }
    const Committed& known = committed_[i.value - 1];
    if (known.term != entry.term || known.check != check_of(entry)) {
      return broken(
          machine,
          "state machine safety: commits entry {} of term {}, where one of term {} was committed",
          i, entry.term, known.term);
    }
  }
  seen.commit = commit;
  return {};
}

Result<void> Invariants::said(const Message& message) {
  ReplicaId candidate;
  if (const auto* request = std::get_if<VoteRequest>(&message.body);
      request != nullptr && !request->pre_vote) {
    candidate = message.from;  // who stands has voted for itself
  }
  if (const auto* reply = std::get_if<VoteReply>(&message.body);
      reply != nullptr && !reply->pre_vote && reply->granted) {
    candidate = message.to;
  }
  if (!candidate) return {};
  const auto [vote, first] = votes_[message.from].emplace(message.term, candidate);
  if (first || vote->second == candidate) return {};
  return fail(Fault::corrupt,
              fmt::format("node {} gave two votes in term {}", message.from_node, message.term));
}

Result<void> Invariants::applied(const Raft& machine, const Entry& entry) {
  Seen& seen = seen_[machine.node()];
  if (seen.applied < machine.snapshot().index && entry.index == machine.snapshot().index.next()) {
    seen.applied = machine.snapshot().index;  // a snapshot was installed
  }
  if (entry.index != seen.applied.next()) {
    return broken(machine, "gave out entry {} after entry {}", entry.index, seen.applied);
  }
  seen.applied = entry.index;
  if (entry.index > committed())
    return broken(machine, "gave out entry {}, which nobody committed", entry.index);
  const Committed& known = committed_[entry.index.value - 1];
  if (known.term != entry.term || known.check != check_of(entry)) {
    return broken(machine, "state machine safety: gave out another entry {} than was committed",
                  entry.index);
  }
  return {};
}

}  // namespace coterie::raft
