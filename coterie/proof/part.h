// A part is what one judge rules on: the operations of one key (or of keys joined by transactions,
// or of one member of a set), with texts replaced by numbers, in the order of their calls.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/base/result.h"
#include "coterie/proof/history.h"
#include "coterie/proof/words.h"

namespace coterie::proof {

inline constexpr uint32_t none = std::numeric_limits<uint32_t>::max();
inline constexpr char ghost_byte = '\x1a';  // of what no result shows (ghosts.h)
inline constexpr int64_t never = std::numeric_limits<int64_t>::max();

// Texts, each kept once. Those that are not added with keep() belong to the history, which
// outlives the pool.
class ValuePool {
 public:
  // A number for the text; the first is 1, so that 0 can stand for "absent".
  uint32_t intern(std::string_view text) {
    const auto [place, added] = numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (added) texts_.push_back(text);
    return place->second;
  }
  uint32_t keep(std::string_view text) {
    if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
    kept_bytes_ += text.size() + sizeof(std::string);
    return intern(kept_.emplace_back(text));
  }
  // A value that equals none of the history, but has a length; the same for the same length.
  uint32_t ghost(size_t length) {
    const auto [place, added] = ghosts_.try_emplace(length, static_cast<uint32_t>(texts_.size()));
    if (added) texts_.push_back(kept_.emplace_back(length, ghost_byte));
    return place->second;
  }
  bool is_ghost(uint32_t value) const {
    const auto found = ghosts_.find(texts_[value].size());
    return found != ghosts_.end() && found->second == value;
  }
  size_t values() const { return texts_.size(); }
  std::string_view text(uint32_t value) const { return texts_[value]; }
  uint64_t bytes() const { return kept_bytes_ + texts_.size() * 40; }

 private:
  std::vector<std::string_view> texts_ = {""};
  boost::unordered_flat_map<std::string_view, uint32_t> numbers_;
  std::deque<std::string> kept_;
  boost::unordered_flat_map<size_t, uint32_t> ghosts_;
  uint64_t kept_bytes_ = 0;
};

// What the history says of the result of a call.
enum class Expect : uint8_t {
  anything,  // the outcome is not known, or the result says nothing
  null,
  text,  // the value in `result`
  list,  // the values in lists[result .. result + count)
};

struct PartCall {
  Word word = Word::get;
  Expect expect = Expect::anything;
  uint16_t key = 0;  // which of the part's keys
  uint32_t a = 0;    // arguments, as values of the pool
  uint32_t b = 0;
  uint32_t result = 0;
  uint32_t count = 0;
  uint32_t lease = 0;  // of what ends by time: 1 + its step; of expire: the lease that ends
  int64_t number = 0;  // the argument that is a number; of a lock's result: the token
};

struct Step {
  int64_t called = 0;
  int64_t returned = 0;    // never: not known whether it happens at all
  uint32_t operation = 0;  // in the history; of an expire: the operation that set the time
  uint32_t first_call = 0;
  uint32_t calls = 1;
  uint32_t identity = 0;  // equal for steps with equal calls and expectations
  uint32_t after = none;  // a step that must come before this one, whatever the times say
  bool optional = false;  // its outcome is not known
  bool pure = false;      // changes no state in which its result is right
  bool timer = false;     // what time does: no operation of a client
};

struct Part {
  std::vector<std::string_view> keys;
  std::vector<Step> steps;  // by call
  std::vector<PartCall> calls;
  std::vector<uint32_t> lists;
  uint32_t identities = 0;
  bool initial_unknown = false;  // each key holds one thing, not known which, at the start

  const PartCall* calls_of(const Step& step) const { return calls.data() + step.first_call; }
  std::string key_text() const;
};

// Builds parts. Holds buffers, so that many small parts cost little.
class PartBuilder {
 public:
  PartBuilder(const History& history, const ExpirySlack& slack)
      : history_(history), slack_(slack) {}

  // REQUIRES: check_vocabulary has passed the history; none of `operations` has failed. Unknown
  // reads are left out. What has a time to live is followed by an expire.
  Part build(std::span<const uint32_t> operations, ValuePool& pool);

 private:
  void add(uint32_t operation, Part& part);
  PartCall translate(const Call& call, const Value* result, Part& part);
  void expect(const WordInfo& info, const Value& result, PartCall& call, Part& part);
  void expect_list(const WordInfo& info, const Value& result, PartCall& call, Part& part);
  void add_timers(Part& part);
  void identify(Part& part);

  const History& history_;
  const ExpirySlack& slack_;
  ValuePool* pool_ = nullptr;
  boost::unordered_flat_map<std::string_view, uint16_t> keys_;
  boost::unordered_flat_map<uint64_t, uint32_t> seen_;
};

}  // namespace coterie::proof
