// The objects that operations work on, as a machine over numbered states: what a key holds after a
// call, if the call can have had its result there. This is the sequential specification; the
// searches know nothing else of it.
//
// A state is a number: equal states have equal numbers. A key that is absent is 0; one that holds a
// text is that text's number, shifted, with the lowest bit set; all else (and what has a time to
// live) is a sequence kept once. The state of several keys is the sequence of theirs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/proof/part.h"
#include "coterie/proof/sequence_table.h"

namespace coterie::proof {

class Machine {
 public:
  using State = uint32_t;
  static constexpr State dead = std::numeric_limits<State>::max();  // the result cannot be

  Machine(const Part& part, ValuePool& pool);

  State initial() const { return initial_; }
  // The state after `step`, or dead.
  State apply(State state, const Step& step);
  uint64_t bytes() const;
  // For one key: whether it holds a text or nothing; that text, 0 for nothing; the members of a
  // set, the fields and values of a hash.
  bool holds_text(State state) const;
  uint32_t text_value(State state) const;
  SequenceTable::Sequence contents(State state) const;
  // For messages: what the keys hold.
  std::string describe(State state) const;

 private:
  State apply_key(State state, const PartCall& call);
  State apply_text(State state, const PartCall& call);
  State apply_anything(const PartCall& call);
  State apply_set(State state, const PartCall& call);
  State apply_hash(State state, const PartCall& call);
  State apply_list(State state, const PartCall& call);
  State apply_lock(State state, const PartCall& call);
  State apply_use(State state, const PartCall& call);
  State expire(State state, const PartCall& call);
  State count_on(State state, uint32_t value, const PartCall& call);

  // What kind a state other than an absent key or a plain text is: the first number of its
  // sequence.
  enum Tag : uint32_t { text_with_lease, set, hash, list, lock, fence, anything };
  bool load(State state, Tag tag);  // its rest into scratch_; nothing for an absent key
  State store(Tag tag);             // from scratch_; an empty one is an absent key
  State text_state(uint32_t value, uint32_t lease = 0);
  bool text_of(State state, uint32_t& value, uint32_t& lease) const;  // false: holds no text
  bool matches(const PartCall& call, uint32_t value) const;           // 0: nothing
  bool matches_number(const PartCall& call, int64_t number);
  std::string describe_key(State state) const;

  const Part& part_;
  ValuePool& pool_;
  uint32_t zero_;
  uint32_t one_;
  SequenceTable table_;                               // states of one key
  SequenceTable products_;                            // of several
  boost::unordered_flat_map<uint64_t, State> known_;  // (state, step's identity) -> next
  std::vector<uint32_t> scratch_;
  std::vector<uint32_t> product_;
  State initial_ = 0;
  State anything_ = dead;  // of one key of which nothing is known yet
};

}  // namespace coterie::proof
