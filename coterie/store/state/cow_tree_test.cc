// Counted trees against std::vector and std::map, with copies that must not change.
#include "coterie/store/state/cow_tree.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/reclaim.h"
#include "coterie/store/state/value.h"

namespace coterie::state {
namespace {

// Small leaves and few places make deep trees and many elements of one place.
struct SmallListTraits : ListTraits {
  static constexpr unsigned leaf_max = 4;
};
struct SmallSetTraits {
  using Element = Bytes;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 4;
  using Probe = std::string_view;
  static Probe probe(const Bytes& element) { return element.view(); }
  static uint64_t place(Probe text) { return hash_of(text) % 13; }
  static uint64_t digest(const Bytes& element) { return hash_of(element.view()); }
};
using SmallList = CowTree<SmallListTraits>;
using SmallSet = CowTree<SmallSetTraits>;

template <class Tree>
std::vector<std::string> contents(const Tree& tree, uint64_t first = 0) {
  std::vector<std::string> all;
  tree.visit(first, [&](const Bytes& element) { return all.push_back(element.text()), true; });
  return all;
}

std::string some_text(Random& random) {
  // Short ones lie in place, long ones behind a reference.
  return std::to_string(random.below(400)) + std::string(random.chance(0.3) ? 20 : 0, 'x');
}

TEST(CowTreeList, IsAVectorUnderRandomChanges) {
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    SmallList tree;
    std::vector<std::string> model;
    const double growth = round % 2 == 0 ? 0.6 : 0.45;
    for (int step = 0; step < 3'000; ++step) {
      if (model.empty() || random.chance(growth)) {
        const uint64_t at = random.chance(0.3) ? model.size() : random.below(model.size() + 1);
        const std::string text = some_text(random);
        const Bytes* placed = tree.insert_at(at, Bytes(text));
        ASSERT_EQ(placed->view(), text);
        model.insert(model.begin() + static_cast<long>(at), text);
      } else {
        const uint64_t at = random.chance(0.3) ? 0 : random.below(model.size());
        ASSERT_EQ(tree.erase_at(at).view(), model[at]);
        model.erase(model.begin() + static_cast<long>(at));
      }
      ASSERT_EQ(tree.size(), model.size());
      if (model.empty()) continue;
      const uint64_t at = random.below(model.size());
      ASSERT_EQ(tree.at(at)->view(), model[at]);
    }
    EXPECT_EQ(contents(tree), model);
    const uint64_t half = model.size() / 2;
    EXPECT_EQ(contents(tree, half),
              std::vector<std::string>(model.begin() + static_cast<long>(half), model.end()));
  }
}

TEST(CowTreeSet, IsASortedMapUnderRandomChanges) {
  Random random(2);
  SmallSet tree;
  std::map<std::pair<uint64_t, std::string>, int> model;
  const auto place = [](const std::string& text) { return SmallSetTraits::place(text); };
  for (int step = 0; step < 30'000; ++step) {
    const std::string text = some_text(random);
    if (random.chance(step % 4'000 < 2'000 ? 0.7 : 0.3)) {
      const auto [element, inserted] = tree.insert(Bytes(text));
      ASSERT_EQ(element->view(), text);
      ASSERT_EQ(inserted, model.emplace(std::pair(place(text), text), 0).second);
    } else {
      ASSERT_EQ(tree.erase(std::string_view(text)), model.erase({place(text), text}) > 0);
    }
    const std::string other = some_text(random);
    const bool there = model.contains({place(other), other});
    ASSERT_EQ(tree.find(std::string_view(other)) != nullptr, there);
    const auto bound = model.lower_bound({place(other), other});
    ASSERT_EQ(tree.rank_of(std::string_view(other)),
              static_cast<uint64_t>(std::distance(model.begin(), bound)));
    const uint64_t from = random.below(15);
    ASSERT_EQ(tree.rank_of_place(from),
              static_cast<uint64_t>(std::distance(model.begin(), model.lower_bound({from, ""}))));
  }
  std::vector<std::string> expected;
  for (const auto& [key, unused] : model) expected.push_back(key.second);
  EXPECT_EQ(contents(tree), expected);
}

TEST(CowTree, CopiesKeepTheirContentsWhileOthersChange) {
  Random random(3);
  std::vector<std::pair<SmallSet, std::vector<std::string>>> sets;
  std::vector<std::pair<SmallList, std::vector<std::string>>> lists;
  SmallSet set;
  SmallList list;
  for (int step = 0; step < 6'000; ++step) {
    if (step % 200 == 0) {
      sets.emplace_back(set, contents(set));
      lists.emplace_back(list, contents(list));
      ASSERT_TRUE(sets.back().first.shares_all_with(set));
    }
    const std::string text = some_text(random);
    if (random.chance(0.55)) {
      set.insert(Bytes(text));
      list.insert_at(random.below(list.size() + 1), Bytes(text));
    } else {
      set.erase(std::string_view(text));
      if (!list.empty()) list.erase_at(random.below(list.size()));
    }
    if (!list.empty() && random.chance(0.2))
      *list.at_for_write(random.below(list.size())) = Bytes("changed");
    if (random.chance(0.05)) {
      // Changing a copy must not change the original either.
      auto copy = list;
      const auto before = contents(list);
      for (int i = 0; i < 20 && !copy.empty(); ++i) copy.erase_at(random.below(copy.size()));
      ASSERT_EQ(contents(list), before);
    }
    if (random.chance(0.01) && !sets.empty()) {
      const size_t dropped = random.below(sets.size());
      sets.erase(sets.begin() + static_cast<long>(dropped));
      lists.erase(lists.begin() + static_cast<long>(dropped));
    }
  }
  for (const auto& [copy, expected] : sets) EXPECT_EQ(contents(copy), expected);
  for (const auto& [copy, expected] : lists) EXPECT_EQ(contents(copy), expected);
}

TEST(CowTreeDigest, DependsOnTheContentsAloneAndFollowsChanges) {
  Random random(4);
  SmallSet set;
  SmallList list;
  for (int step = 0; step < 2'000; ++step) {
    const std::string text = some_text(random);
    if (random.chance(0.6)) {
      set.insert(Bytes(text));
      list.insert_at(random.below(list.size() + 1), Bytes(text));
    } else {
      set.erase(std::string_view(text));
      if (!list.empty()) list.erase_at(random.below(list.size()));
    }
    if (step % 3 == 0) {
      static_cast<void>(
          set.digest());  // remembered in the nodes: must be forgotten where it becomes wrong
      static_cast<void>(list.digest());
    }
    if (step % 50 != 0) continue;
    SmallSet set_anew;
    std::vector<std::string> members = contents(set);
    for (size_t i = members.size(); i > 0; --i) set_anew.insert(Bytes(members[i - 1]));
    SmallList list_anew;
    for (const std::string& element : contents(list)) list_anew.push_back(Bytes(element));
    ASSERT_EQ(set.digest(), set_anew.digest());
    ASSERT_EQ(list.digest(), list_anew.digest());
  }
  const uint64_t before = list.digest();
  Bytes first = list.erase_at(0);
  list.push_back(first);
  EXPECT_NE(list.digest(), before) << "the order of a list counts";
}

TEST(CowTree, EmptiesFromBothEndsAsAQueueDoes) {
  CowTree<ListTraits> queue;
  uint64_t next_in = 0, next_out = 0;
  for (int round = 0; round < 2'000; ++round) {
    for (int i = 0; i < 7; ++i) queue.push_back(Bytes(std::to_string(next_in++)));
    for (int i = 0; i < 6; ++i) ASSERT_EQ(queue.erase_at(0).view(), std::to_string(next_out++));
  }
  while (!queue.empty()) ASSERT_EQ(queue.erase_at(0).view(), std::to_string(next_out++));
  EXPECT_EQ(next_in, next_out);
}

// Freeing a large tree takes many small steps, and all of it is freed in the end (the sanitizers
// see to that).
TEST(CowTree, LargeOnesAreFreedALittleAtATime) {
  reclaim_all();
  CowTree<ListTraits> tree;
  for (int i = 0; i < 500'000; ++i)
    tree.push_back(Bytes("an element that is long enough to be apart"));
  CowTree<ListTraits> copy = tree;
  tree.clear();
  EXPECT_EQ(reclaim_backlog(), 0u) << "the copy still needs it";
  copy.clear();
  EXPECT_EQ(reclaim_backlog(), 1u);
  int steps = 0;
  for (; reclaim_backlog() > 0; ++steps) reclaim_some();
  EXPECT_GT(steps, 40);
  EXPECT_LT(steps, 400);
}

TEST(Bytes, HoldShortAndLongOnesAndAppend) {
  for (size_t size : {0u, 1u, 14u, 15u, 16u, 17u, 127u, 128u, 5'000u}) {
    const std::string text(size, 'a');
    Bytes bytes{std::string_view(text)};
    EXPECT_EQ(bytes.view(), text);
    Bytes copy = bytes;
    copy.append("bc");
    EXPECT_EQ(copy.view(), text + "bc");
    EXPECT_EQ(bytes.view(), text) << "a copy is its own";
    copy.append(copy.view());
    EXPECT_EQ(copy.view(), text + "bc" + text + "bc");
    Bytes moved = std::move(copy);
    EXPECT_EQ(moved.size(), 2 * (size + 2));
    if (size > 0) {
      Bytes changed = bytes;
      changed.mutable_data()[0] = 'z';
      EXPECT_EQ(bytes.view(), text);
      EXPECT_EQ(changed.view()[0], 'z');
    }
  }
}

}  // namespace
}  // namespace coterie::state
