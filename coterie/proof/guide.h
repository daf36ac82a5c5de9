// Which operations of unknown outcome are worth a try. Hundreds may be open, but one is only needed
// right before an operation that would not be right without it; anywhere else it can be left out,
// or come later. The guide says when it cannot be so: it may say yes too often, never no too often.
//
// An operation that is right already and leaves the same state whatever the key held before needs
// no help. Otherwise the unknown one must bring the state nearer to what the other's result
// shows, by itself or together with further unknown ones.
#pragma once

#include <string_view>
#include <vector>

#include "coterie/proof/machine.h"

namespace coterie::proof {

class Guide {
 public:
  using State = Machine::State;

  Guide(const Part& part, const ValuePool& pool, const Machine& machine);

  // Whether it has anything to say about this part: one key, no leases, no transactions.
  bool on() const { return on_; }
  // Whether unknown operations might be needed before `step`, which is right (or not) in a state.
  bool needs_help(const Step& step, bool right) const;
  // Whether `unknown` may be needed right before `step`, perhaps with others in between.
  bool may_help(State state, const Step& unknown, const Step& step, bool right) const;

 private:
  // What a key holds that holds a text, or nothing.
  struct Text {
    bool there = false;
    std::string_view text;
    uint32_t value = 0;  // none: a text that the pool may not have
  };

  bool text_helps(const Text& held, const PartCall& unknown, const PartCall& call,
                  bool right) const;
  bool leads_to(const Text& next, const PartCall& call, bool right) const;
  bool leads_to_text(const Text& next, std::string_view wanted) const;
  bool leads_to_number(const Text& next, int64_t wanted) const;
  bool leads_to_length(const Text& next, const PartCall& call, bool right) const;
  bool set_helps(SequenceTable::Sequence held, const PartCall& unknown, const PartCall& call) const;
  bool hash_helps(SequenceTable::Sequence held, const PartCall& unknown,
                  const PartCall& call) const;
  bool list_helps(const PartCall& unknown, const PartCall& call, bool right) const;
  bool is_shown(std::string_view prefix) const;
  bool fits_what_is_shown(const Text& next, const PartCall& unknown) const;
  void find_bound();

  const Part& part_;
  const ValuePool& pool_;
  const Machine& machine_;
  bool on_ = true;
  // What unknown operations there are that build on what others have left.
  bool appends_ = false, counts_ = false, sets_absent_ = false;
  bool numbers_shown_ = false;      // incr, known or not: its result tells of the text before it
  bool empties_ = false;            // del and its like, of what is no text
  std::vector<uint32_t> compared_;  // values that an unknown cas waits for; sorted
  // Values that one operation alone writes and that some result shows: that operation has happened,
  // where it is shown and nowhere else. Only with append, where texts are made of such values.
  std::vector<bool> bound_;
  std::vector<std::string_view> shown_;  // texts that results show; sorted; with append only
};

}  // namespace coterie::proof
