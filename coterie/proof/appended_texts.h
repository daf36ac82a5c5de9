// Texts that append has made of written values can be taken apart again when every written value
// begins with one and the same byte that is nowhere else in them. Then it is known which values a
// result shows.
#pragma once

#include <optional>
#include <string_view>

#include <boost/unordered/unordered_flat_set.hpp>

#include "coterie/proof/part.h"

namespace coterie::proof {

class AppendedTexts {
 public:
  AppendedTexts(const Part& part, const ValuePool& pool);

  // Whether they can be taken apart.
  bool known() const { return mark_.has_value(); }
  // REQUIRES: known(). Whether some result shows the value.
  bool shows(std::string_view value) const { return shown_.contains(value); }

 private:
  bool find_mark(const Part& part, const ValuePool& pool);
  void take_apart(std::string_view text);

  std::optional<char> mark_;
  boost::unordered_flat_set<std::string_view> shown_;
};

}  // namespace coterie::proof
