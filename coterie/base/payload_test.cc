#include "coterie/base/payload.h"

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie {
namespace {

TEST(Payload, NothingIsEmptyAndOwnsNothing) {
  const Payload none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.slab_bytes(), 0u);
  EXPECT_EQ(none, Payload::copy_of(""));
  EXPECT_EQ(none.slice(0, 0), none);
}

TEST(Payload, ACopySharesTheBytes) {
  const Payload original = Payload::copy_of("entry");
  const Payload copy = original;
  EXPECT_EQ(copy.data(), original.data());
  EXPECT_EQ(copy.text(), "entry");
}

TEST(Payload, AMoveLeavesNothingBehind) {
  Payload original = Payload::copy_of("entry");
  const Payload moved = std::move(original);
  EXPECT_EQ(moved.view(), "entry");
  EXPECT_TRUE(original.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(original.slab_bytes(), 0u);
}

TEST(Payload, ASliceKeepsTheSlabAlive) {
  Payload middle;
  {
    const Payload whole = Payload::copy_of("leader and followers");
    middle = whole.slice(7, 3);
    EXPECT_EQ(middle.data(), whole.data() + 7);
  }
  EXPECT_EQ(middle.view(), "and");
  EXPECT_EQ(middle.slab_bytes(), 20u);
  EXPECT_EQ(middle.slice(1, 1).view(), "n");
}

TEST(Payload, AnEmptySliceHoldsNoSlab) {
  const Payload whole = Payload::copy_of("abc");
  EXPECT_EQ(whole.slice(3, 0).slab_bytes(), 0u);
  EXPECT_EQ(whole.slice_of(whole.view().substr(1, 0)).slab_bytes(), 0u);
}

TEST(Payload, SliceOfFindsThePart) {
  const Payload whole = Payload::copy_of("abcdef");
  EXPECT_EQ(whole.slice_of(whole.view().substr(2, 3)).view(), "cde");
  EXPECT_EQ(whole.slice_of(whole.view()).view(), "abcdef");
}

TEST(Payload, SelfAssignmentKeepsTheBytes) {
  Payload payload = Payload::copy_of("same");
  const Payload& same = payload;
  payload = same;
  EXPECT_EQ(payload.view(), "same");
}

TEST(Payload, ComparesByBytes) {
  const Payload whole = Payload::copy_of("abab");
  EXPECT_EQ(whole.slice(0, 2), whole.slice(2, 2));
  EXPECT_LT(Payload::copy_of("a"), Payload::copy_of("b"));
  EXPECT_LT(Payload::copy_of("a"), Payload::copy_of("aa"));
  EXPECT_LT(Payload(), Payload::copy_of(""
                                        "a"));
}

TEST(PayloadDeathTest, SlicesStayWithin) {
  const Payload whole = Payload::copy_of("abc");
  EXPECT_DEATH((void)whole.slice(2, 2), "offset");
  EXPECT_DEATH((void)whole.slice(4, 0), "offset");
  EXPECT_DEATH((void)whole.slice(1, SIZE_MAX), "offset");
  EXPECT_DEATH((void)whole.slice_of("abc"), "part");
}

// Copies, moves, slices and drops at random against plain strings; the sanitizer sees a wrong count
// at once.
TEST(Payload, ManyHoldersOfFewSlabs) {
  Random random(4);
  std::deque<std::pair<Payload, std::string>> held;
  for (int step = 0; step < 20'000; ++step) {
    if (held.empty() || random.chance(0.1)) {
      const std::string bytes(random.below(50), static_cast<char>('a' + random.below(26)));
      held.emplace_back(Payload::copy_of(bytes + std::to_string(step)),
                        bytes + std::to_string(step));
    }
    auto& [payload, bytes] = held[random.below(held.size())];
    switch (random.below(4)) {
      case 0: {
        const size_t offset = random.below(payload.size() + 1);
        const size_t count = random.below(payload.size() - offset + 1);
        held.emplace_back(payload.slice(offset, count), bytes.substr(offset, count));
        break;
      }
      case 1: {
        auto& other = held[random.below(held.size())];
        other.first = payload;
        other.second = bytes;
        break;
      }
      case 2:
        std::swap(held.front(), held.back());
        break;
      default:
        if (held.size() > 20)
          held.erase(held.begin() + static_cast<ptrdiff_t>(random.below(held.size())));
    }
    ASSERT_EQ(held.back().first.view(), held.back().second);
  }
  for (const auto& [payload, bytes] : held) EXPECT_EQ(payload.view(), bytes);
}

TEST(PayloadBuilder, GrowsFromNothing) {
  PayloadBuilder out;
  EXPECT_EQ(out.view(), "");
  std::string expected;
  Random random(9);
  for (int i = 0; i < 2'000; ++i) {
    const std::string part(random.below(40), static_cast<char>('a' + i % 26));
    out.append(part);
    out.push('.');
    expected += part + ".";
  }
  EXPECT_EQ(out.view(), expected);
  EXPECT_EQ(out.take().view(), expected);
}

TEST(PayloadBuilder, TakeDoesNotCopyAndLeavesItReadyForMore) {
  PayloadBuilder out(100);
  out.append("first");
  const char* where = out.view().data();
  const Payload first = out.take();
  EXPECT_EQ(first.data(), where);
  EXPECT_EQ(first.slab_bytes(), 100u);
  EXPECT_EQ(out.size(), 0u);
  EXPECT_TRUE(out.take().empty());
  out.append("second");
  EXPECT_EQ(out.take().view(), "second");
  EXPECT_EQ(first.view(), "first");
}

TEST(PayloadBuilder, OverwriteChangesWhatIsThere) {
  PayloadBuilder out;
  out.extend(4);
  out.append("body");
  out.overwrite(0, "head");
  EXPECT_EQ(out.view(), "headbody");
  out.overwrite(4, "BODY");
  EXPECT_EQ(out.take().view(), "headBODY");
}

TEST(PayloadBuilder, ClearKeepsTheRoom) {
  PayloadBuilder out(64);
  out.append("abc");
  const char* where = out.view().data();
  out.clear();
  out.append("xyz");
  EXPECT_EQ(out.view().data(), where);
  EXPECT_EQ(out.view(), "xyz");
}

TEST(PayloadBuilderDeathTest, OverwritePastTheEnd) {
  PayloadBuilder out;
  out.append("abc");
  EXPECT_DEATH(out.overwrite(1, "abc"), "offset");
}

TEST(PayloadBuilderDeathTest, ASlabHasALimit) {
  EXPECT_DEATH(PayloadBuilder out(payload_bytes_max + 1), "payload_bytes_max");
  PayloadBuilder out;
  out.push('a');
  EXPECT_DEATH(out.extend(payload_bytes_max), "payload_bytes_max");
}

}  // namespace
}  // namespace coterie
