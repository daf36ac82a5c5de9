// See guide.h.
#include "coterie/proof/guide.h"

#include <algorithm>

#include "coterie/proof/appended_texts.h"

namespace coterie::proof {

Guide::Guide(const Part& part, const ValuePool& pool, const Machine& machine)
    : part_(part), pool_(pool), machine_(machine) {
  bool append = false, other_kinds = false;
  on_ = part.keys.size() == 1;
  for (const Step& step : part.steps) {
    on_ = on_ && step.calls == 1 && !step.timer;
    if (!on_) return;
    const PartCall& call = *part.calls_of(step);
    append = append || call.word == Word::append;
    const bool text = info_of(call.word).kind == Kind::text;
    other_kinds = other_kinds || !text;
    numbers_shown_ = numbers_shown_ || call.word == Word::incr;
    if (!step.optional) continue;
    empties_ = empties_ || text;
    appends_ = appends_ || call.word == Word::append;
    counts_ = counts_ || call.word == Word::incr;
    sets_absent_ = sets_absent_ || call.word == Word::setnx;
    if (call.word == Word::cas) compared_.push_back(call.a);
  }
  empties_ = empties_ && other_kinds;
  std::sort(compared_.begin(), compared_.end());
  if (!append) return;
  for (const Step& step : part.steps) {
    const PartCall& call = *part.calls_of(step);
    if (call.expect == Expect::text && info_of(call.word).shape == Shape::text_or_null)
      shown_.push_back(pool.text(call.result));
    if (call.word == Word::cas) shown_.push_back(pool.text(call.a));
  }
  std::sort(shown_.begin(), shown_.end());
  find_bound();
}

void Guide::find_bound() {
  const AppendedTexts texts(part_, pool_);
  if (!texts.known() || numbers_shown_) return;
  std::vector<uint32_t> writers(pool_.values(), 0);
  for (const Step& step : part_.steps) {
    const PartCall& call = *part_.calls_of(step);
    if (call.word == Word::set || call.word == Word::setnx || call.word == Word::getset ||
        call.word == Word::append)
      ++writers[call.a];
  }
  bound_.assign(writers.size(), false);
  for (uint32_t value = 1; value < writers.size(); ++value)
    bound_[value] = writers[value] == 1 && texts.shows(pool_.text(value));
}

bool Guide::fits_what_is_shown(const Text& next, const PartCall& unknown) const {
  return unknown.a >= bound_.size() || !bound_[unknown.a] || is_shown(next.text);
}

bool Guide::needs_help(const Step& step, bool right) const {
  if (!right) return true;
  switch (part_.calls_of(step)->word) {
    case Word::append:
    case Word::rpush:
    case Word::lpush:
    case Word::lpop:
    case Word::rpop:
      return !step.pure;
    case Word::sadd:
    case Word::srem:
    case Word::hset:
    case Word::hdel:
      return empties_ && !step.pure;
    default:
      return false;
  }
}

bool Guide::may_help(State state, const Step& unknown, const Step& step, bool right) const {
  const PartCall& first = *part_.calls_of(unknown);
  const PartCall& call = *part_.calls_of(step);
  const Kind kind = info_of(call.word).kind;
  // Nothing is known of what changes the kind of a key.
  if (kind != info_of(first.word).kind) return true;
  if (kind == Kind::text) {
    if (!machine_.holds_text(state)) return true;
    Text held;
    held.value = machine_.text_value(state);
    held.there = held.value != 0;
    held.text = pool_.text(held.value);
    return text_helps(held, first, call, right);
  }
  if (kind == Kind::list) return list_helps(first, call, right);
  // What is right already needs no other member or field, and of its own only what it finds.
  if (right) return false;
  if (machine_.holds_text(state) && state != 0) return true;
  const SequenceTable::Sequence held = machine_.contents(state);
  if (kind == Kind::set) return set_helps(held, first, call);
  if (kind == Kind::hash) return hash_helps(held, first, call);
  return true;
}

bool Guide::text_helps(const Text& held, const PartCall& unknown, const PartCall& call,
                       bool right) const {
  const auto text = [&](uint32_t value) { return Text{true, pool_.text(value), value}; };
  const auto writes = [&](const Text& next) {
    return leads_to(next, call, right) && fits_what_is_shown(next, unknown);
  };
  switch (unknown.word) {
    case Word::set:
    case Word::getset:
      return writes(text(unknown.a));
    case Word::setnx:
      return !held.there && writes(text(unknown.a));
    case Word::cas:
      return held.value == unknown.a && leads_to(text(unknown.b), call, right);
    case Word::del:
    case Word::getdel:
      return held.there && leads_to(Text{}, call, right);
    case Word::append: {
      const std::string joined = std::string(held.text) + std::string(pool_.text(unknown.a));
      return writes(Text{true, joined, none});
    }
    default:
      // incr: what it gives is a number like any other.
      return true;
  }
}

bool Guide::leads_to(const Text& next, const PartCall& call, bool right) const {
  if (sets_absent_ && !next.there) return true;
  if (next.there && next.value != none &&
      std::binary_search(compared_.begin(), compared_.end(), next.value))
    return true;
  if (next.value == none && !compared_.empty()) return true;
  const bool yes = call.expect == Expect::text && pool_.text(call.result) == "1";
  switch (call.word) {
    case Word::get:
    case Word::getset:
    case Word::getdel:
      if (call.expect == Expect::null) return !next.there;
      return leads_to_text(next, pool_.text(call.result));
    case Word::cas:
      return yes ? leads_to_text(next, pool_.text(call.a)) : true;
    case Word::del:
    case Word::exists:
      return next.there == yes;
    case Word::setnx:
      return next.there != yes;
    case Word::incr: {
      const auto number = number_of(pool_.text(call.result));
      int64_t wanted = 0;
      if (!number || __builtin_sub_overflow(*number, call.number, &wanted)) return true;
      return leads_to_number(next, wanted);
    }
    case Word::append:
    case Word::strlen:
      return leads_to_length(next, call, right);
    default:
      return true;
  }
}

bool Guide::leads_to_text(const Text& next, std::string_view wanted) const {
  if (next.there && next.text == wanted) return true;
  if (appends_ && wanted.starts_with(next.text)) return true;
  return counts_ && number_of(wanted).has_value();
}

bool Guide::leads_to_number(const Text& next, int64_t wanted) const {
  if (counts_) return true;
  if (!next.there) return wanted == 0;
  if (number_of(next.text) == wanted) return true;
  return appends_;
}

bool Guide::leads_to_length(const Text& next, const PartCall& call, bool right) const {
  const auto length = number_of(pool_.text(call.result));
  if (!length || counts_) return true;
  const int64_t own =
      call.word == Word::append ? static_cast<int64_t>(pool_.text(call.a).size()) : 0;
  const auto held = static_cast<int64_t>(next.text.size());
  if (held > *length - own || (held < *length - own && !appends_)) return false;
  // It is right without help, so only what is shown later can tell the difference.
  return !right || numbers_shown_ || is_shown(next.text);
}

bool Guide::is_shown(std::string_view prefix) const {
  const auto place = std::lower_bound(shown_.begin(), shown_.end(), prefix);
  return place != shown_.end() && place->starts_with(prefix);
}

bool Guide::set_helps(SequenceTable::Sequence held, const PartCall& unknown,
                      const PartCall& call) const {
  const bool adds = unknown.word == Word::sadd;
  if (std::binary_search(held.begin(), held.end(), unknown.a) == adds) return false;
  switch (call.word) {
    case Word::smembers: {
      const auto wanted = part_.lists.begin() + call.result;
      return std::binary_search(wanted, wanted + call.count, unknown.a) == adds;
    }
    case Word::scard: {
      const auto count = number_of(pool_.text(call.result));
      const auto size = static_cast<int64_t>(held.size());
      return adds ? size < count : size > count;
    }
    default:
      return unknown.a == call.a;
  }
}

bool Guide::hash_helps(SequenceTable::Sequence held, const PartCall& unknown,
                       const PartCall& call) const {
  const auto find = [](auto first, auto end, uint32_t field) {
    while (first != end && *first != field) first += 2;
    return first;
  };
  const bool sets = unknown.word == Word::hset;
  const auto here = find(held.begin(), held.end(), unknown.a);
  const bool there = here != held.end();
  if (!sets && !there) return false;
  switch (call.word) {
    case Word::hgetall: {
      const auto first = part_.lists.begin() + call.result, end = first + call.count;
      const auto wanted = find(first, end, unknown.a);
      return sets ? wanted != end && wanted[1] == unknown.b : wanted == end;
    }
    case Word::hlen: {
      const auto count = number_of(pool_.text(call.result));
      const auto size = static_cast<int64_t>(held.size() / 2);
      return sets ? !there && size < count : size > count;
    }
    default:
      return unknown.a == call.a;
  }
}

bool Guide::list_helps(const PartCall& unknown, const PartCall& call, bool right) const {
  const bool pushes = unknown.word == Word::rpush || unknown.word == Word::lpush;
  if (!pushes) return true;
  const bool pops = call.word == Word::lpop || call.word == Word::rpop;
  if (pops && call.expect == Expect::null) return false;
  if (pops) return unknown.a == call.result && !(right && unknown.word == Word::rpush);
  if (call.word != Word::lrange) return true;
  const auto first = part_.lists.begin() + call.result;
  return std::find(first, first + call.count, unknown.a) != first + call.count;
}

}  // namespace coterie::proof
