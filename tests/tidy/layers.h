// The rooms and arrows of coterie/LAYERS: which room may include from which. A line of the file is
// `room <- room room`;
// `*` stands for every room; the line of `*_test` names what the tests that sit beside the code may
// enter besides.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/result.h"
#include "tests/tidy/source_tree.h"

namespace coterie::tidy {

struct Layers {
  std::vector<std::string> order;                     // as the file has them
  std::map<std::string, std::set<std::string>> uses;  // room -> rooms it may enter; {"*"}: all
  std::set<std::string> tests_use;

  // The room a path lies in, the innermost that is listed; empty if none.
  // "coterie/world/sim/disk.cc" -> "world/sim"
  std::string room_of(std::string_view path) const;
  bool allows(const std::string& from, const std::string& to) const;
  // Rooms from which no chain of arrows is needed: 0 for those that use none, else one more than
  // the highest used.
  std::map<std::string, int> levels() const;
  // The arrows that no chain of other arrows implies: what a picture needs to show.
  std::map<std::string, std::set<std::string>> arrows_to_draw() const;
};

// Refuses a room that is listed twice or uses an unlisted one, and arrows that form a circle.
Result<Layers> parse_layers(std::string_view content);

// Includes that go against the arrows, and sources below coterie/ that lie in no room.
std::vector<Finding> check_includes(const Layers& layers, const std::vector<SourceFile>& tree);

}  // namespace coterie::tidy
