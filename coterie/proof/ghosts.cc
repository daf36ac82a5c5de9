// See ghosts.h.
#include "coterie/proof/ghosts.h"

#include <optional>
#include <string>

#include "coterie/proof/appended_texts.h"

namespace coterie::proof {

namespace {

// Looking for one text within another is not worth more than this.
constexpr uint64_t compared_bytes_max = 64 << 20;

class Ghosts {
 public:
  Ghosts(Part& part, ValuePool& pool) : part_(part), pool_(pool), shown_(pool.values(), false) {}

  void run() {
    bool unknown = false;
    for (const Step& step : part_.steps) unknown = unknown || (step.optional && !step.timer);
    if (!unknown) return;
    for (const Step& step : part_.steps) {
      for (uint32_t i = 0; i < step.calls; ++i) note(part_.calls[step.first_call + i]);
    }
    if (counts_) return;
    if (appends_) {
      // Ghosts become parts of texts, which must not look like one of the history's.
      for (uint32_t value = 1; value < pool_.values(); ++value) {
        if (pool_.text(value).find(ghost_byte) != std::string_view::npos) return;
      }
      texts_.emplace(part_, pool_);
      if (!texts_->known()) gather_shown();
    }
    for (const Step& step : part_.steps) {
      if (!step.optional || step.timer) continue;
      for (uint32_t i = 0; i < step.calls; ++i) replace(part_.calls[step.first_call + i]);
    }
  }

 private:
  void note(const PartCall& call) {
    if (call.expect == Expect::text) shown_[call.result] = true;
    if (call.expect == Expect::list) {
      for (uint32_t i = 0; i < call.count; ++i) shown_[part_.lists[call.result + i]] = true;
    }
    if (call.word == Word::cas) shown_[call.a] = true;
    counts_ = counts_ || call.word == Word::incr;
    appends_ = appends_ || call.word == Word::append || call.word == Word::strlen;
  }

  void gather_shown() {
    for (uint32_t value = 1; value < shown_.size(); ++value) {
      if (!shown_[value]) continue;
      all_shown_ += pool_.text(value);
      all_shown_ += '\n';
    }
  }

  bool is_shown(uint32_t value) {
    if (shown_[value]) return true;
    if (!appends_) return false;
    if (texts_->known()) return texts_->shows(pool_.text(value));
    compared_bytes_ += all_shown_.size();
    return compared_bytes_ > compared_bytes_max ||
           all_shown_.find(pool_.text(value)) != std::string::npos;
  }

  void replace(PartCall& call) {
    uint32_t* written = nullptr;
    switch (call.word) {
      case Word::set:
      case Word::setnx:
      case Word::setpx:
      case Word::getset:
      case Word::append:
      case Word::rpush:
      case Word::lpush:
        written = &call.a;
        break;
      case Word::hset:
      case Word::cas:
        written = &call.b;
        break;
      default:
        return;
    }
    if (is_shown(*written)) return;
    *written = pool_.ghost(appends_ ? pool_.text(*written).size() : 1);
    if (shown_.size() <= *written) shown_.resize(*written + 1, false);
  }

  Part& part_;
  ValuePool& pool_;
  std::vector<bool> shown_;  // by value
  bool counts_ = false;
  bool appends_ = false;
  std::optional<AppendedTexts> texts_;
  std::string all_shown_;
  uint64_t compared_bytes_ = 0;
};

}  // namespace

void replace_ghosts(Part& part, ValuePool& pool) { Ghosts(part, pool).run(); }

}  // namespace coterie::proof
