// See appended_texts.h.
#include "coterie/proof/appended_texts.h"

#include <algorithm>

namespace coterie::proof {

AppendedTexts::AppendedTexts(const Part& part, const ValuePool& pool) {
  if (!find_mark(part, pool)) {
    mark_.reset();
    return;
  }
  for (const Step& step : part.steps) {
    const PartCall& call = *part.calls_of(step);
    if (call.expect == Expect::text && info_of(call.word).shape == Shape::text_or_null)
      take_apart(pool.text(call.result));
  }
}

bool AppendedTexts::find_mark(const Part& part, const ValuePool& pool) {
  for (const Step& step : part.steps) {
    // Transactions would not be told apart.
    if (step.calls > 1) return false;
    const PartCall& call = *part.calls_of(step);
    switch (call.word) {
      case Word::set:
      case Word::setnx:
      case Word::getset:
      case Word::append:
        break;
      case Word::cas:
      case Word::incr:
      case Word::setpx:
        return false;
      default:
        continue;
    }
    const std::string_view value = pool.text(call.a);
    if (pool.is_ghost(call.a)) continue;
    if (value.empty() || value.rfind(value[0]) != 0 || mark_.value_or(value[0]) != value[0])
      return false;
    mark_ = value[0];
  }
  return mark_.has_value();
}

void AppendedTexts::take_apart(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(*mark_, 1), text.size());
    shown_.insert(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace coterie::proof
