// See part.h.
#include "coterie/proof/part.h"

#include <algorithm>
#include <cmath>

#include "coterie/base/assert.h"
#include "coterie/proof/ghosts.h"

namespace coterie::proof {

namespace {

// With this result the call leaves the state as it is, whatever the state.
bool changes_nothing(const PartCall& call, const ValuePool& pool) {
  if (info_of(call.word).reads_only) return true;
  switch (call.word) {
    case Word::setnx:
    case Word::cas:
    case Word::del:
    case Word::sadd:
    case Word::srem:
    case Word::hdel:
    case Word::release:
    case Word::use:
      return call.expect == Expect::text && pool.text(call.result) == "0";
    case Word::getdel:
    case Word::lpop:
    case Word::rpop:
    case Word::acquire:
      return call.expect == Expect::null;
    default:
      return false;
  }
}

uint64_t mix(uint64_t hash, uint64_t number) {
  hash = (hash ^ number) * 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 32);
}

bool same_call(const PartCall& a, const PartCall& b, const std::vector<uint32_t>& lists) {
  if (a.word != b.word || a.expect != b.expect || a.key != b.key || a.a != b.a || a.b != b.b ||
      a.count != b.count || a.lease != b.lease || a.number != b.number)
    return false;
  if (a.expect != Expect::list) return a.result == b.result;
  return std::equal(lists.begin() + a.result, lists.begin() + a.result + a.count,
                    lists.begin() + b.result);
}

uint64_t hash_call(const PartCall& call, const std::vector<uint32_t>& lists) {
  uint64_t hash = mix(static_cast<uint64_t>(call.word) << 8 | static_cast<uint64_t>(call.expect),
                      uint64_t{call.key} << 32 | call.count);
  hash = mix(hash, uint64_t{call.a} << 32 | call.b);
  hash = mix(hash, static_cast<uint64_t>(call.number) ^ uint64_t{call.lease} << 32);
  if (call.expect != Expect::list) return mix(hash, call.result);
  for (uint32_t i = 0; i < call.count; ++i) hash = mix(hash, lists[call.result + i]);
  return hash;
}

int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? std::numeric_limits<int64_t>::min() : never)
                                            : sum;
}

}  // namespace

std::string Part::key_text() const {
  std::string text;
  for (const std::string_view key : keys) {
    if (!text.empty()) text += ' ';
    text += key;
  }
  return text;
}

Part PartBuilder::build(std::span<const uint32_t> operations, ValuePool& pool) {
  pool_ = &pool;
  Part part;
  part.steps.reserve(operations.size());
  part.calls.reserve(operations.size());
  keys_.clear();
  bool timers = false;
  for (const uint32_t operation : operations) {
    add(operation, part);
    if (part.steps.empty()) continue;
    const Step& step = part.steps.back();
    if (step.operation != operation) continue;
    for (uint32_t i = 0; i < step.calls; ++i) {
      PartCall& call = part.calls[step.first_call + i];
      const bool ends = call.word == Word::setpx || (call.word == Word::acquire && call.number > 0);
      if (ends && call.expect != Expect::null) {
        call.lease = static_cast<uint32_t>(part.steps.size());
        timers = true;
      }
    }
  }
  if (timers) add_timers(part);
  const auto by_call = [](const Step& a, const Step& b) { return a.called < b.called; };
  if (!std::is_sorted(part.steps.begin(), part.steps.end(), by_call)) {
    // `after` and `lease` name steps by their place before sorting.
    std::vector<uint32_t> order(part.steps.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return part.steps[a].called < part.steps[b].called;
    });
    std::vector<uint32_t> place(order.size());
    std::vector<Step> sorted;
    sorted.reserve(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.push_back(part.steps[order[i]]);
    }
    part.steps = std::move(sorted);
    for (Step& step : part.steps) {
      if (step.after != none) step.after = place[step.after];
    }
  }
  replace_ghosts(part, pool);
  identify(part);
  return part;
}

void PartBuilder::add(uint32_t index, Part& part) {
  const Operation& operation = history_[index];
  Step step;
  step.called = operation.called_ns;
  step.optional = operation.outcome == Outcome::unknown;
  step.returned = step.optional ? never : operation.returned_ns;
  step.operation = index;
  step.first_call = static_cast<uint32_t>(part.calls.size());
  step.calls = static_cast<uint32_t>(operation.calls.size());
  step.pure = true;
  for (size_t i = 0; i < operation.calls.size(); ++i) {
    const Value* result = nullptr;
    if (!step.optional)
      result = operation.calls.size() == 1 ? &operation.result : &operation.result.list[i];
    part.calls.push_back(translate(operation.calls[i], result, part));
    step.pure = step.pure && changes_nothing(part.calls.back(), *pool_);
  }
  if (step.optional && step.pure) {
    part.calls.resize(step.first_call);
    return;
  }
  part.steps.push_back(step);
}

PartCall PartBuilder::translate(const Call& given, const Value* result, Part& part) {
  const WordInfo& info = *word_of(given.name);
  PartCall call;
  call.word = info.word;
  if (part.keys.empty() || part.keys.back() != given.key) {
    const auto [place, added] =
        keys_.try_emplace(given.key, static_cast<uint16_t>(part.keys.size()));
    if (added) part.keys.push_back(given.key);
    call.key = place->second;
  } else {
    call.key = static_cast<uint16_t>(part.keys.size() - 1);
  }
  if (info.word == Word::incr || info.word == Word::decr) {
    const int64_t by = given.args.empty() ? 1 : *number_of(given.args[0]);
    call.number = info.word == Word::incr ? by : -by;
    call.word = Word::incr;
  } else if (!given.args.empty() && info.number_arg != 0) {
    call.a = pool_->intern(given.args[0]);
  }
  if (given.args.size() > 1) {
    if (info.number_arg == 1) {
      call.number = *number_of(given.args[1]);
    } else {
      call.b = pool_->intern(given.args[1]);
    }
  }
  if (info.word == Word::use) call.number = *number_of(given.args[0]);
  if (result != nullptr) expect(info, *result, call, part);
  return call;
}

void PartBuilder::expect(const WordInfo& info, const Value& result, PartCall& call, Part& part) {
  if (info.shape == Shape::done) return;
  switch (result.kind) {
    case Value::Kind::null:
      call.expect = Expect::null;
      return;
    case Value::Kind::text:
      call.expect = Expect::text;
      call.result = pool_->intern(result.text);
      return;
    case Value::Kind::list:
      return expect_list(info, result, call, part);
  }
}

void PartBuilder::expect_list(const WordInfo& info, const Value& result, PartCall& call,
                              Part& part) {
  call.expect = Expect::list;
  call.result = static_cast<uint32_t>(part.lists.size());
  call.count = static_cast<uint32_t>(result.list.size());
  for (const Value& value : result.list) part.lists.push_back(pool_->intern(value.text));
  const auto first = part.lists.begin() + call.result;
  if (info.shape == Shape::unordered) std::sort(first, part.lists.end());
  if (info.shape == Shape::pairs) {
    std::vector<std::pair<uint32_t, uint32_t>> pairs;
    for (uint32_t i = 0; i + 1 < call.count; i += 2) pairs.emplace_back(first[i], first[i + 1]);
    std::sort(pairs.begin(), pairs.end());
    for (uint32_t i = 0; i < pairs.size(); ++i)
      first[2 * i] = pairs[i].first, first[2 * i + 1] = pairs[i].second;
  }
}

void PartBuilder::add_timers(Part& part) {
  const size_t steps = part.steps.size();
  for (uint32_t i = 0; i < steps; ++i) {
    const Step step = part.steps[i];
    for (uint32_t c = 0; c < step.calls; ++c) {
      const PartCall call = part.calls[step.first_call + c];
      if (call.lease == 0) continue;
      const int64_t ttl = call.number > never / 1'000'000 ? never : call.number * 1'000'000;
      const auto drift =
          static_cast<int64_t>(static_cast<double>(ttl) * static_cast<double>(slack_.ppm) / 1e6);
      const int64_t slack = plus(drift, slack_.absolute_ns);
      Step timer;
      timer.called = std::max(step.called, plus(plus(step.called, ttl), -slack));
      timer.optional = step.optional || !slack_.ends;
      timer.returned = timer.optional ? never : plus(plus(step.returned, ttl), slack);
      if (timer.returned == never) timer.optional = true;
      timer.operation = step.operation;
      timer.first_call = static_cast<uint32_t>(part.calls.size());
      timer.after = i;
      timer.timer = true;
      PartCall expire;
      expire.word = Word::expire;
      expire.key = call.key;
      expire.lease = call.lease;
      part.calls.push_back(expire);
      part.steps.push_back(timer);
    }
  }
}

void PartBuilder::identify(Part& part) {
  seen_.clear();
  for (uint32_t i = 0; i < part.steps.size(); ++i) {
    Step& step = part.steps[i];
    uint64_t hash = step.calls;
    for (uint32_t c = 0; c < step.calls; ++c)
      hash = mix(hash, hash_call(part.calls[step.first_call + c], part.lists));
    const auto [place, added] = seen_.try_emplace(hash, i);
    const Step& first = part.steps[place->second];
    bool same = !added && first.calls == step.calls;
    for (uint32_t c = 0; same && c < step.calls; ++c)
      same =
          same_call(part.calls[first.first_call + c], part.calls[step.first_call + c], part.lists);
    // Two that differ under one hash: the second is like no other. That costs time, no truth.
    step.identity = same ? first.identity : part.identities++;
  }
}

}  // namespace coterie::proof
