// See machine.h. A call whose result is not known and which the key's kind does not allow leaves
// the state as it is: the store would have refused it.
#include "coterie/proof/machine.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::proof {

namespace {

constexpr uint32_t plain_text = 1;  // the lowest bit of the state of a key with a text
constexpr uint64_t memory_of_known = 16;

}  // namespace

Machine::Machine(const Part& part, ValuePool& pool)
    : part_(part), pool_(pool), zero_(pool.keep("0")), one_(pool.keep("1")) {
  if (part.initial_unknown) {
    const uint32_t only[] = {anything};
    initial_ = anything_ = table_.intern(only) << 1;
  }
  if (part.keys.size() > 1) {
    product_.assign(part.keys.size(), initial_);
    initial_ = products_.intern(product_);
  }
}

uint64_t Machine::bytes() const {
  return table_.bytes() + products_.bytes() + known_.bucket_count() * (memory_of_known + 1);
}

bool Machine::holds_text(State state) const {
  uint32_t value = 0, lease = 0;
  return text_of(state, value, lease);
}

uint32_t Machine::text_value(State state) const {
  uint32_t value = 0, lease = 0;
  text_of(state, value, lease);
  return value;
}

SequenceTable::Sequence Machine::contents(State state) const {
  if (state == 0 || (state & plain_text) != 0) return {};
  return table_[state >> 1].subspan(1);
}

Machine::State Machine::apply(State state, const Step& step) {
  const bool one_key = part_.keys.size() <= 1;
  const PartCall* calls = part_.calls_of(step);
  if (one_key && step.calls == 1 && ((state & plain_text) != 0 || state == 0))
    return apply_key(state, calls[0]);
  const uint64_t question = uint64_t{state} << 32 | step.identity;
  if (const auto found = known_.find(question); found != known_.end()) return found->second;
  State next = state;
  if (one_key) {
    for (uint32_t i = 0; i < step.calls && next != dead; ++i) next = apply_key(next, calls[i]);
  } else {
    const SequenceTable::Sequence keys = products_[state];
    product_.assign(keys.begin(), keys.end());
    for (uint32_t i = 0; i < step.calls && next != dead; ++i) {
      const State key = apply_key(product_[calls[i].key], calls[i]);
      if (key == dead) {
        next = dead;
      } else {
        product_[calls[i].key] = key;
      }
    }
    if (next != dead) next = products_.intern(product_);
  }
  known_.emplace(question, next);
  return next;
}

Machine::State Machine::apply_key(State state, const PartCall& call) {
  switch (info_of(call.word).kind) {
    case Kind::text:
      return call.word == Word::expire ? expire(state, call) : apply_text(state, call);
    case Kind::set:
      return apply_set(state, call);
    case Kind::hash:
      return apply_hash(state, call);
    case Kind::list:
      return apply_list(state, call);
    case Kind::lock:
      return apply_lock(state, call);
    case Kind::fence:
      return apply_use(state, call);
    case Kind::channel:
      return state;
  }
  return state;
}

bool Machine::matches(const PartCall& call, uint32_t value) const {
  if (call.expect == Expect::anything) return true;
  if (value == 0) return call.expect == Expect::null;
  return call.expect == Expect::text && call.result == value;
}

bool Machine::matches_number(const PartCall& call, int64_t number) {
  if (call.expect == Expect::anything) return true;
  return call.expect == Expect::text && number_of(pool_.text(call.result)) == number;
}

Machine::State Machine::text_state(uint32_t value, uint32_t lease) {
  if (lease == 0) return value << 1 | plain_text;
  scratch_ = {text_with_lease, value, lease};
  return table_.intern(scratch_) << 1;
}

bool Machine::text_of(State state, uint32_t& value, uint32_t& lease) const {
  value = lease = 0;
  if (state == 0) return true;
  if ((state & plain_text) != 0) {
    value = state >> 1;
    return true;
  }
  const SequenceTable::Sequence held = table_[state >> 1];
  if (held[0] != text_with_lease) return false;
  value = held[1], lease = held[2];
  return true;
}

bool Machine::load(State state, Tag tag) {
  scratch_.clear();
  if (state == 0) return true;
  if ((state & plain_text) != 0) return false;
  const SequenceTable::Sequence held = table_[state >> 1];
  if (held[0] != tag) return false;
  scratch_.assign(held.begin() + 1, held.end());
  return true;
}

Machine::State Machine::store(Tag tag) {
  const auto is_zero = [](uint32_t number) { return number == 0; };
  if (scratch_.empty()) return 0;
  if ((tag == lock || tag == fence) && std::all_of(scratch_.begin(), scratch_.end(), is_zero))
    return 0;
  scratch_.insert(scratch_.begin(), tag);
  return table_.intern(scratch_) << 1;
}

Machine::State Machine::expire(State state, const PartCall& call) {
  if (state == 0 || (state & plain_text) != 0) return state;
  const SequenceTable::Sequence held = table_[state >> 1];
  if (held[0] == text_with_lease) return held[2] == call.lease ? 0 : state;
  if (held[0] != lock || held[2] != call.lease) return state;
  scratch_.assign(held.begin() + 1, held.end());
  scratch_[0] = scratch_[1] = 0;
  return store(lock);
}

Machine::State Machine::count_on(State state, uint32_t value, const PartCall& call) {
  const auto held = value == 0 ? std::optional<int64_t>(0) : number_of(pool_.text(value));
  int64_t sum = 0;
  if (!held || __builtin_add_overflow(*held, call.number, &sum))
    return call.expect == Expect::anything ? state : dead;
  if (!matches_number(call, sum)) return dead;
  uint32_t ignored = 0, lease = 0;
  text_of(state, ignored, lease);
  return text_state(pool_.keep(std::to_string(sum)), lease);
}

// A key that may hold anything, one thing: the first result says what that was. Each of these
// operations, with its result, is right for exactly one thing or for all, so that nothing between
// the two has to be remembered (check_initial sees to that).
Machine::State Machine::apply_anything(const PartCall& call) {
  switch (call.word) {
    case Word::get:
      return call.expect == Expect::text ? text_state(call.result) : 0;
    case Word::set:
    case Word::getset:
      return text_state(call.a);
    case Word::incr: {
      // Unknown: it has made another of it, if it was a number.
      if (call.expect != Expect::text) return anything_;
      const auto sum = number_of(pool_.text(call.result));
      int64_t before = 0;
      if (!sum || __builtin_sub_overflow(*sum, call.number, &before)) return dead;
      return text_state(pool_.keep(std::to_string(*sum)));
    }
    default:  // del, getdel: whatever it was
      return 0;
  }
}

Machine::State Machine::apply_text(State state, const PartCall& call) {
  if (state == anything_) return apply_anything(call);
  uint32_t value = 0, lease = 0;
  if (!text_of(state, value, lease)) {
    // Not a text: what asks only whether there is anything, and what replaces all, is still right.
    switch (call.word) {
      case Word::set:
      case Word::setpx:
        return text_state(call.a, call.lease);
      case Word::del:
        return matches(call, one_) ? 0 : dead;
      case Word::exists:
        return matches(call, one_) ? state : dead;
      case Word::setnx:
        return matches(call, zero_) ? state : dead;
      default:
        return call.expect == Expect::anything ? state : dead;
    }
  }
  const uint32_t there = value == 0 ? zero_ : one_;
  switch (call.word) {
    case Word::get:
      return matches(call, value) ? state : dead;
    case Word::set:
    case Word::setpx:
      return text_state(call.a, call.lease);
    case Word::setnx:
      if (!matches(call, value == 0 ? one_ : zero_)) return dead;
      return value == 0 ? text_state(call.a) : state;
    case Word::cas:
      if (!matches(call, value == call.a ? one_ : zero_)) return dead;
      return value == call.a ? text_state(call.b) : state;
    case Word::del:
      return matches(call, there) ? 0 : dead;
    case Word::exists:
      return matches(call, there) ? state : dead;
    case Word::incr:
      return count_on(state, value, call);
    case Word::append: {
      const std::string text =
          std::string(value == 0 ? "" : pool_.text(value)) + std::string(pool_.text(call.a));
      if (!matches_number(call, static_cast<int64_t>(text.size()))) return dead;
      return text_state(pool_.keep(text), lease);
    }
    case Word::strlen:
      return matches_number(call, value == 0 ? 0 : static_cast<int64_t>(pool_.text(value).size()))
                 ? state
                 : dead;
    case Word::getset:
      return matches(call, value) ? text_state(call.a) : dead;
    case Word::getdel:
      return matches(call, value) ? 0 : dead;
    default:
      return state;
  }
}

Machine::State Machine::apply_set(State state, const PartCall& call) {
  if (!load(state, set)) return call.expect == Expect::anything ? state : dead;
  const auto place = std::lower_bound(scratch_.begin(), scratch_.end(), call.a);
  const bool there = place != scratch_.end() && *place == call.a;
  switch (call.word) {
    case Word::sadd:
      if (!matches(call, there ? zero_ : one_)) return dead;
      if (there) return state;
      scratch_.insert(place, call.a);
      return store(set);
    case Word::srem:
      if (!matches(call, there ? one_ : zero_)) return dead;
      if (!there) return state;
      scratch_.erase(place);
      return store(set);
    case Word::sismember:
      return matches(call, there ? one_ : zero_) ? state : dead;
    case Word::scard:
      return matches_number(call, static_cast<int64_t>(scratch_.size())) ? state : dead;
    default:  // smembers
      return call.expect == Expect::list &&
                     std::equal(scratch_.begin(), scratch_.end(), part_.lists.begin() + call.result,
                                part_.lists.begin() + call.result + call.count)
                 ? state
                 : dead;
  }
}

Machine::State Machine::apply_hash(State state, const PartCall& call) {
  if (!load(state, hash)) return call.expect == Expect::anything ? state : dead;
  size_t at = 0;
  while (at < scratch_.size() && scratch_[at] < call.a) at += 2;
  const bool there = at < scratch_.size() && scratch_[at] == call.a;
  const auto place = scratch_.begin() + static_cast<std::ptrdiff_t>(at);
  switch (call.word) {
    case Word::hset:
      if (!matches(call, there ? zero_ : one_)) return dead;
      if (there) {
        place[1] = call.b;
      } else {
        const uint32_t pair[] = {call.a, call.b};
        scratch_.insert(place, pair, pair + 2);
      }
      return store(hash);
    case Word::hdel:
      if (!matches(call, there ? one_ : zero_)) return dead;
      if (!there) return state;
      scratch_.erase(place, place + 2);
      return store(hash);
    case Word::hget:
      return matches(call, there ? place[1] : 0) ? state : dead;
    case Word::hexists:
      return matches(call, there ? one_ : zero_) ? state : dead;
    case Word::hlen:
      return matches_number(call, static_cast<int64_t>(scratch_.size() / 2)) ? state : dead;
    default:  // hgetall
      return call.expect == Expect::list &&
                     std::equal(scratch_.begin(), scratch_.end(), part_.lists.begin() + call.result,
                                part_.lists.begin() + call.result + call.count)
                 ? state
                 : dead;
  }
}

Machine::State Machine::apply_list(State state, const PartCall& call) {
  if (!load(state, list)) return call.expect == Expect::anything ? state : dead;
  const auto length = static_cast<int64_t>(scratch_.size());
  switch (call.word) {
    case Word::rpush:
    case Word::lpush:
      if (!matches_number(call, length + 1)) return dead;
      scratch_.insert(call.word == Word::rpush ? scratch_.end() : scratch_.begin(), call.a);
      return store(list);
    case Word::lpop:
    case Word::rpop: {
      if (scratch_.empty()) return matches(call, 0) ? state : dead;
      const auto place = call.word == Word::lpop ? scratch_.begin() : scratch_.end() - 1;
      if (!matches(call, *place)) return dead;
      scratch_.erase(place);
      return store(list);
    }
    case Word::llen:
      return matches_number(call, length) ? state : dead;
    default:  // lrange
      return call.expect == Expect::list &&
                     std::equal(scratch_.begin(), scratch_.end(), part_.lists.begin() + call.result,
                                part_.lists.begin() + call.result + call.count)
                 ? state
                 : dead;
  }
}

// A lock is its holder, the lease by which it is held, and the highest token given (low, high).
Machine::State Machine::apply_lock(State state, const PartCall& call) {
  if (!load(state, lock)) return call.expect == Expect::anything ? state : dead;
  if (scratch_.empty()) scratch_.assign(4, 0);
  const bool held = scratch_[0] != 0;
  if (call.word == Word::release) {
    const bool mine = held && scratch_[0] == call.a;
    if (!matches(call, mine ? one_ : zero_)) return dead;
    if (!mine) return state;
    scratch_[0] = scratch_[1] = 0;
    return store(lock);
  }
  if (held) return call.expect == Expect::text ? dead : state;
  if (call.expect == Expect::null) return dead;
  scratch_[0] = call.a;
  scratch_[1] = call.lease;
  if (call.expect == Expect::text) {
    // "OK" is no number: a lock without tokens.
    if (const auto token = number_of(pool_.text(call.result))) {
      const uint64_t highest = uint64_t{scratch_[3]} << 32 | scratch_[2];
      if (static_cast<uint64_t>(*token) <= highest) return dead;
      scratch_[2] = static_cast<uint32_t>(*token);
      scratch_[3] = static_cast<uint32_t>(static_cast<uint64_t>(*token) >> 32);
    }
  }
  return store(lock);
}

Machine::State Machine::apply_use(State state, const PartCall& call) {
  if (!load(state, fence)) return call.expect == Expect::anything ? state : dead;
  if (scratch_.empty()) scratch_.assign(2, 0);
  const uint64_t highest = uint64_t{scratch_[1]} << 32 | scratch_[0];
  const auto token = static_cast<uint64_t>(call.number);
  const bool accepted = token >= highest;
  if (!matches(call, accepted ? one_ : zero_)) return dead;
  if (!accepted || token == highest) return state;
  scratch_[0] = static_cast<uint32_t>(token);
  scratch_[1] = static_cast<uint32_t>(token >> 32);
  return store(fence);
}

std::string Machine::describe_key(State state) const {
  if (state == 0) return "nothing";
  if ((state & plain_text) != 0) return std::string(pool_.text(state >> 1));
  const SequenceTable::Sequence held = table_[state >> 1];
  const auto texts = [&](size_t first, size_t end) {
    std::string text;
    for (size_t i = first; i < std::min(end, first + 8); ++i) {
      if (!text.empty()) text += ", ";
      text += pool_.text(held[i]);
    }
    return text + (end > first + 8 ? ", ..." : "");
  };
  switch (held[0]) {
    case anything:
      return "what it held at the start";
    case text_with_lease:
      return texts(1, 2);
    case lock:
      return held[1] == 0 ? "held by nobody" : "held by " + texts(1, 2);
    case fence:
      return "token " + std::to_string(uint64_t{held[2]} << 32 | held[1]);
    default:
      return "[" + texts(1, held.size()) + "]";
  }
}

std::string Machine::describe(State state) const {
  if (part_.keys.size() <= 1) return describe_key(state);
  std::string text;
  const SequenceTable::Sequence keys = products_[state];
  for (size_t i = 0; i < std::min<size_t>(keys.size(), 8); ++i) {
    if (!text.empty()) text += ", ";
    text += std::string(part_.keys[i]) + " = " + describe_key(keys[i]);
  }
  return text + (keys.size() > 8 ? ", ..." : "");
}

}  // namespace coterie::proof
