// Blocked links become statements: "1 | 2 3". A partition of five nodes is twelve blocked links;
// what a reader wants to see is the wall. See layout.h.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "coterie/picture/layout.h"

namespace coterie::picture {

namespace {

using Links = std::set<std::pair<size_t, size_t>>;  // from lane, to lane
using Side = std::set<size_t>;

class Wall {
 public:
  explicit Wall(const Run& run) : run_(run) {
    for (size_t i = 0; i < run.nodes.size(); ++i) lanes_[run.nodes[i].id] = i;
  }

  size_t lane(uint32_t node) const { return lanes_.at(node); }

  // The statements for what is blocked at one time.
  std::vector<Cut> say(const Links& links, const Span& span) const {
    if (auto cut = sides(links)) return {with_span(*cut, span)};
    if (auto cut = one_way(links)) return {with_span(*cut, span)};
    std::vector<Cut> cuts;
    for (const auto& [from, to] : links) {
      if (links.contains({to, from})) {
        if (from < to) cuts.push_back(between({from}, {to}, "|", span));
      } else {
        cuts.push_back(between({from}, {to}, ">", span));
      }
    }
    return cuts;
  }

 private:
  static Cut with_span(Cut cut, const Span& span) {
    cut.span = span;
    return cut;
  }

  std::string names(const Side& side) const {
    std::string text;
    for (const size_t lane : side) {
      text += fmt::format("{}{}", text.empty() ? "" : " ", run_.nodes[lane].id);
    }
    return text;
  }

  // Both sides need not be all nodes: the wall stands between the lanes of its ends.
  Cut between(const Side& a, const Side& b, const char* sign, const Span& span) const {
    Cut cut{span, fmt::format("{} {} {}", names(a), sign, names(b)), *sign == '>', {}};
    const size_t low = std::min(*a.begin(), *b.begin());
    const size_t high = std::max(*a.rbegin(), *b.rbegin());
    for (size_t gap = low; gap < high; ++gap) {
      const bool same =
          (a.contains(gap) && a.contains(gap + 1)) || (b.contains(gap) && b.contains(gap + 1));
      if (!same) cut.gaps.push_back(gap);
    }
    return cut;
  }

  // Groups with nothing passing between any two of them, in either direction.
  std::optional<Cut> sides(const Links& links) const {
    std::vector<Side> groups;
    std::map<size_t, size_t> group_of;
    for (size_t lane = 0; lane < run_.nodes.size(); ++lane) {
      const auto found = std::find_if(groups.begin(), groups.end(), [&](const Side& group) {
        return !links.contains({lane, *group.begin()});
      });
      group_of[lane] = static_cast<size_t>(found - groups.begin());
      if (found == groups.end()) groups.emplace_back();
      groups[group_of[lane]].insert(lane);
    }
    for (size_t a = 0; a < run_.nodes.size(); ++a) {
      for (size_t b = 0; b < run_.nodes.size(); ++b) {
        if (a != b && links.contains({a, b}) != (group_of[a] != group_of[b])) return std::nullopt;
      }
    }
    Cut cut;
    for (const Side& group : groups)
      cut.text += fmt::format("{}{}", cut.text.empty() ? "" : " | ", names(group));
    for (size_t gap = 0; gap + 1 < run_.nodes.size(); ++gap) {
      if (group_of[gap] != group_of[gap + 1]) cut.gaps.push_back(gap);
    }
    return cut;
  }

  // From all of one side to all of the other, and not back.
  std::optional<Cut> one_way(const Links& links) const {
    Side from, to;
    for (const auto& [a, b] : links) {
      from.insert(a);
      to.insert(b);
    }
    if (links.size() != from.size() * to.size()) return std::nullopt;
    for (const size_t lane : from) {
      if (to.contains(lane)) return std::nullopt;
    }
    return between(from, to, ">", {});
  }

  const Run& run_;
  std::map<uint32_t, size_t> lanes_;
};

}  // namespace

std::vector<Cut> cuts_of(const Run& run) {
  const Wall wall(run);
  struct Change {
    int64_t at_ns;
    bool begins;
    std::pair<size_t, size_t> link;
  };
  std::vector<Change> changes;
  for (const Blocked& blocked : run.blocked) {
    if (blocked.from == blocked.to || blocked.span.start_ns >= blocked.span.end_ns) continue;
    const std::pair link{wall.lane(blocked.from), wall.lane(blocked.to)};
    changes.push_back({blocked.span.start_ns, true, link});
    changes.push_back({blocked.span.end_ns, false, link});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.at_ns < b.at_ns; });
  std::vector<Cut> cuts;
  std::map<std::pair<size_t, size_t>, int> depth;  // spans of one link may overlap
  Links links;
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    int& count = depth[change.link];
    count += change.begins ? 1 : -1;
    if (count > 0) links.insert(change.link);
    if (count == 0) links.erase(change.link);
    const int64_t next_ns = i + 1 < changes.size() ? changes[i + 1].at_ns : change.at_ns;
    if (links.empty() || next_ns == change.at_ns) continue;
    for (Cut& cut : wall.say(links, {change.at_ns, next_ns})) {
      const bool goes_on = !cuts.empty() && cuts.back().text == cut.text &&
                           cuts.back().span.end_ns == cut.span.start_ns;
      if (goes_on) {
        cuts.back().span.end_ns = cut.span.end_ns;
      } else {
        cuts.push_back(std::move(cut));
      }
    }
  }
  return cuts;
}

}  // namespace coterie::picture
