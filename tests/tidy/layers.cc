// See layers.h.
#include "tests/tidy/layers.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace coterie::tidy {

namespace {

constexpr std::string_view everything = "*";

// Levels by relaxation; empty when the arrows form a circle.
std::map<std::string, int> levels_of(const Layers& layers) {
  std::map<std::string, int> level;
  for (size_t round = 0; round <= layers.order.size(); ++round) {
    bool changed = false;
    for (const auto& [room, used] : layers.uses) {
      int least = 0;
      for (const std::string& other : used) {
        if (other != everything && other != room) least = std::max(least, level[other] + 1);
      }
      changed |= level[room] != least;
      level[room] = least;
    }
    if (!changed) return level;
  }
  return {};
}

bool reaches(const Layers& layers, const std::string& from, const std::string& to) {
  const auto used = layers.uses.find(from);
  if (used == layers.uses.end()) return false;
  return std::any_of(used->second.begin(), used->second.end(), [&](const std::string& next) {
    return next == to || reaches(layers, next, to);
  });
}

}  // namespace

std::string Layers::room_of(std::string_view path) const {
  constexpr std::string_view house = "coterie/";
  const std::string_view inside = path.starts_with(house) ? path.substr(house.size()) : path;
  std::string innermost;
  for (const std::string& room : order) {
    if (inside.starts_with(room + "/") && room.size() > innermost.size()) innermost = room;
  }
  return innermost;
}

bool Layers::allows(const std::string& from, const std::string& to) const {
  if (from == to) return true;
  const auto used = uses.find(from);
  return used != uses.end() &&
         (used->second.contains(to) || used->second.contains(std::string(everything)));
}

std::map<std::string, int> Layers::levels() const { return levels_of(*this); }

std::map<std::string, std::set<std::string>> Layers::arrows_to_draw() const {
  std::map<std::string, std::set<std::string>> arrows;
  for (const auto& [room, used] : uses) {
    for (const std::string& target : used) {
      const bool implied = std::any_of(used.begin(), used.end(), [&](const std::string& other) {
        return other != target && reaches(*this, other, target);
      });
      if (!implied && target != everything) arrows[room].insert(target);
    }
  }
  return arrows;
}

Result<Layers> parse_layers(std::string_view content) {
  Layers layers;
  std::istringstream lines{std::string(content)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string room, arrow;
    if (!(words >> room)) continue;
    if (!(words >> arrow) || arrow != "<-") {
      return fail(Fault::invalid, fmt::format("LAYERS: expected `room <- rooms`, got `{}`", line));
    }
    std::set<std::string> used;
    for (std::string word; words >> word;) used.insert(word);
    if (room == "*_test") {
      layers.tests_use = used;
      continue;
    }
    if (!layers.uses.emplace(room, used).second) {
      return fail(Fault::invalid, fmt::format("LAYERS: {} is listed twice", room));
    }
    layers.order.push_back(room);
  }
  for (const auto& [room, used] : layers.uses) {
    for (const std::string& other : used) {
      if (other != everything && !layers.uses.contains(other)) {
        return fail(Fault::invalid,
                    fmt::format("LAYERS: {} uses {}, which is not listed", room, other));
      }
    }
  }
  if (levels_of(layers).empty() && !layers.order.empty()) {
    return fail(Fault::invalid, "LAYERS: the arrows form a circle");
  }
  return layers;
}

std::vector<Finding> check_includes(const Layers& layers, const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  const std::set<std::string> tests = test_code(tree);
  for (const SourceFile& file : tree) {
    if (!file.is_cpp()) continue;
    const std::string room = layers.room_of(file.path);
    if (room.empty()) {
      findings.push_back(
          {file.path, 0, "lies in no room of coterie/LAYERS: list it there, or move it"});
      continue;
    }
    const bool test = tests.contains(file.path);
    for (size_t i = 0; i < file.code.size(); ++i) {
      const std::string_view included = quoted_include(file.code[i]);
      if (included.empty()) continue;
      const std::string target = layers.room_of(included);
      if (target.empty()) {
        findings.push_back(
            {file.path, i + 1, fmt::format("includes {}, which lies in no room", included)});
      } else if (!layers.allows(room, target) && !(test && layers.tests_use.contains(target))) {
        findings.push_back({file.path, i + 1,
                            fmt::format("includes {}: no arrow {} <- {} in coterie/LAYERS",
                                        included, room, target)});
      }
    }
  }
  return findings;
}

}  // namespace coterie::tidy
