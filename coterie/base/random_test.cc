// A seed must mean the same run for ever and everywhere: the first numbers are pinned, and were
// computed by a second implementation. The statistics are at fixed seeds, so they either always
// hold or never.
#include "coterie/base/random.h"

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace coterie {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// Doubles between a and b.
uint64_t ulps_apart(double a, double b) {
  const auto place = [](double x) {
    const auto bits = std::bit_cast<int64_t>(x);
    return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
  };
  const int64_t apart = place(a) - place(b);
  return static_cast<uint64_t>(apart < 0 ? -apart : apart);
}

// Folds the bits of doubles into one number.
struct BitSum {
  uint64_t sum = 0;
  void add(double x) { sum = std::rotl(sum, 5) * 0x9e3779b97f4a7c15u + std::bit_cast<uint64_t>(x); }
};

TEST(Random, TheFirstNumbersNeverChange) {
  Random zero(0);
  for (const uint64_t expected : {0x99ec5f36cb75f2b4u, 0xbf6e1f784956452au, 0x1a5f849d4933e6e0u}) {
    EXPECT_EQ(zero.next(), expected);
  }
  Random seeded(42);
  for (const uint64_t expected : {0x15780b2e0c2ec716u, 0x6104d9866d113a7eu, 0xae17533239e499a1u}) {
    EXPECT_EQ(seeded.next(), expected);
  }
}

TEST(Random, TheFirstDrawsNeverChange) {
  Random below(42);
  for (const uint64_t expected : {0, 3, 6, 9, 9, 7, 7, 8}) EXPECT_EQ(below.below(10), expected);
  Random unit(42);
  EXPECT_EQ(unit.unit(), 0.08386297105988216);
  EXPECT_EQ(unit.unit(), 0.3789802506626686);
  EXPECT_EQ(mix_seed(0, 0), 0xc0e16b163a85a4dcu);
  EXPECT_EQ(mix_seed(42, 7), 0xe2e76c6a23263da9u);
}

TEST(Random, ACopyGoesOnWithTheSameNumbers) {
  Random original(7);
  original.next();
  Random copy = original;
  EXPECT_EQ(copy, original);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(copy.next(), original.next());
}

TEST(Random, AForkIsAStreamOfItsOwn) {
  Random parent(7);
  Random twin(7);
  Random child = parent.fork();
  twin.next();
  EXPECT_EQ(parent, twin) << "a fork advances its parent by exactly one number";
  std::set<uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(parent.next()), seen.insert(child.next());
  EXPECT_EQ(seen.size(), 2'000u);
}

TEST(Random, StreamsOfOneSeedDiffer) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    for (uint64_t stream = 0; stream < 64; ++stream) seeds.insert(mix_seed(seed, stream));
  }
  EXPECT_EQ(seeds.size(), 64u * 64u);
}

// Chi-square over `cells` equally likely cells; its mean is cells - 1 and its deviation sqrt(2
// (cells - 1)).
TEST(Random, BelowIsUniform) {
  for (const uint64_t cells : {2u, 3u, 10u, 1000u}) {
    Random random(99);
    std::vector<double> counts(cells);
    const uint64_t draws = cells * 1'000;
    for (uint64_t i = 0; i < draws; ++i) ++counts.at(random.below(cells));
    double chi_square = 0;
    for (const double count : counts) chi_square += (count - 1'000) * (count - 1'000) / 1'000;
    const double mean = static_cast<double>(cells - 1);
    EXPECT_NEAR(chi_square, mean, 4 * std::sqrt(2 * mean)) << cells << " cells";
  }
}

// With a bound of 3/4 of the range, taking the remainder would give the lower third twice as often
// as the rest.
TEST(Random, BelowHasNoBiasForLargeBounds) {
  Random random(5);
  const uint64_t bound = uint64_t{3} << 62;
  int lower_third = 0;
  for (int i = 0; i < 30'000; ++i) lower_third += random.below(bound) < bound / 3 ? 1 : 0;
  EXPECT_NEAR(lower_third, 10'000, 400);
}

TEST(Random, BetweenIncludesBothEndsAndTheWholeRange) {
  Random random(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.between(-2, 2));
  EXPECT_EQ(seen, (std::set<int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(random.between(5, 5), 5);
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) {
    const int64_t drawn = random.between(INT64_MIN, INT64_MAX);
    negative |= drawn<0, positive |= drawn> 0;
  }
  EXPECT_TRUE(negative && positive);
}

TEST(Random, UnitStaysBelowOneAndHasTheRightMoments) {
  Random random(3);
  double sum = 0, squares = 0;
  const int draws = 100'000;
  for (int i = 0; i < draws; ++i) {
    const double x = random.unit();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x, squares += x * x;
  }
  EXPECT_NEAR(sum / draws, 0.5, 0.005);
  EXPECT_NEAR(squares / draws, 1.0 / 3, 0.005);
}

TEST(Random, ChanceKeepsItsPromiseAtTheEnds) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(random.chance(0));
    ASSERT_FALSE(random.chance(-1));
    ASSERT_TRUE(random.chance(1));
    ASSERT_TRUE(random.chance(2));
    hits += random.chance(0.25) ? 1 : 0;
  }
  EXPECT_NEAR(hits, 2'500, 180);
}

TEST(Random, ExponentialHasItsMeanAndItsTail) {
  Random random(11);
  double sum = 0;
  int beyond_three_means = 0;
  const int draws = 100'000;
  for (int i = 0; i < draws; ++i) {
    const double x = random.exponential(5);
    ASSERT_GE(x, 0);
    sum += x;
    beyond_three_means += x > 15 ? 1 : 0;
  }
  EXPECT_NEAR(sum / draws, 5, 0.06);
  EXPECT_NEAR(beyond_three_means, draws * std::exp(-3.0), 300);
}

TEST(Random, ParetoHasItsScaleMedianAndTail) {
  Random random(12);
  const double scale = 2, shape = 1.5;
  int below_median = 0, beyond_ten = 0;
  const int draws = 100'000;
  for (int i = 0; i < draws; ++i) {
    const double x = random.pareto(scale, shape);
    ASSERT_GE(x, scale * 0.999999999);
    below_median += x < scale * std::pow(2, 1 / shape) ? 1 : 0;
    beyond_ten += x > 10 * scale ? 1 : 0;
  }
  EXPECT_NEAR(below_median, draws / 2, 700);
  EXPECT_NEAR(beyond_ten, draws * std::pow(10, -shape), 250);
}

TEST(RandomDeathTest, EmptyRangesAreBrokenPromises) {
  Random random(1);
  EXPECT_DEATH(random.below(0), "bound > 0");
  EXPECT_DEATH(random.between(2, 1), "low <= high");
}

TEST(PortableMath, LogIsWithinFourUlpOfLibm) {
  Random random(21);
  for (int i = 0; i < 200'000; ++i) {
    // Any positive finite double, subnormal ones included, and then one near 1.
    const double wide = std::bit_cast<double>(random.below(0x7ff0000000000000u - 1) + 1);
    EXPECT_LE(ulps_apart(portable_log(wide), std::log(wide)), 4u) << wide;
    const double near = 0.5 + random.unit() * 1.5;
    if (near == 1) continue;
    EXPECT_LE(ulps_apart(portable_log(near), std::log(near)), 4u) << near;
    if (HasFailure()) return;
  }
}

TEST(PortableMath, ExpIsWithinFourUlpOfLibm) {
  Random random(22);
  for (int i = 0; i < 200'000; ++i) {
    const double wide = random.unit() * 1'415 - 706;
    EXPECT_LE(ulps_apart(portable_exp(wide), std::exp(wide)), 4u) << wide;
    const double small = random.unit() * 2 - 1;
    EXPECT_LE(ulps_apart(portable_exp(small), std::exp(small)), 4u) << small;
    if (HasFailure()) return;
  }
}

TEST(PortableMath, PowIsAsAccurateAsItsHeaderSays) {
  Random random(23);
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.exponential(10) + 1e-9;
    const double y = random.unit() * 20 - 10;
    const double bound = 8 + 4 * std::abs(y * std::log(x));
    EXPECT_LE(static_cast<double>(ulps_apart(portable_pow(x, y), std::pow(x, y))), bound)
        << x << "^" << y;
    if (HasFailure()) return;
  }
}

TEST(PortableMath, Ends) {
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_log(infinite), infinite);
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(710), infinite);
  EXPECT_EQ(portable_exp(infinite), infinite);
  EXPECT_LT(portable_exp(709.7), infinite);
  EXPECT_EQ(portable_exp(-746), 0);
  EXPECT_EQ(portable_exp(-infinite), 0);
  EXPECT_GT(portable_exp(-745), 0);
  EXPECT_TRUE(std::isnan(portable_exp(std::nan(""))));
  EXPECT_EQ(portable_pow(0, 0), 1);
  EXPECT_EQ(portable_pow(0, 2), 0);
  EXPECT_EQ(portable_pow(0, -2), infinite);
  EXPECT_EQ(portable_pow(7, 0), 1);
}

TEST(PortableMath, TheBitsNeverChange) {
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_log(2)), 0x3fe62e42fefa39efu);
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_log(10)), 0x40026bb1bbb55516u);
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_log(0.3)), 0xbff34378fcbda721u);
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_exp(1)), 0x4005bf0a8b14576au);
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_exp(-3.7)), 0x3f99511fc6871044u);
  EXPECT_EQ(std::bit_cast<uint64_t>(portable_pow(1.5, 2.5)), 0x40060b9fd68a4555u);
  BitSum bits;
  Random random(77);
  for (int i = 0; i < 10'000; ++i) {
    bits.add(portable_log(random.unit() + 1e-300));
    bits.add(portable_exp(random.unit() * 1'400 - 700));
    bits.add(random.exponential(3));
    bits.add(random.pareto(1, 1.2));
  }
  EXPECT_EQ(bits.sum, 0x6c5cba76ed2a827au);
}

TEST(PortableMathDeathTest, LogOfNothing) { EXPECT_DEATH(portable_log(0), "x > 0"); }

}  // namespace
}  // namespace coterie
