// A thousand seeds of everything that may go wrong, judged after every event and at the end.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft_chaos.h"

namespace coterie::raft {
namespace {

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A broken assertion ends the process: the seed must be known then too.
volatile std::sig_atomic_t running_seed = 0;
void name_seed(int) { std::fprintf(stderr, "seed %ld\n", static_cast<long>(running_seed)); }

// COTERIE_SEEDS and COTERIE_FIRST_SEED choose others.
TEST(RaftSeeds, KeepEveryPromiseAndRecover) {
  const uint64_t first = number_from_environment("COTERIE_FIRST_SEED", 1);
  const uint64_t count = number_from_environment("COTERIE_SEEDS", 1000);
  std::signal(SIGABRT, name_seed);
  uint64_t events = 0;
  uint64_t committed = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    running_seed = static_cast<std::sig_atomic_t>(seed);
    ChaosOptions options;
    options.seed = seed;
    const Result<ChaosReport> report = run_chaos(options);
    ASSERT_TRUE(report.has_value()) << "seed " << seed << ": " << report.error().message;
    events += report->events;
    committed += report->committed;
  }
  std::printf("%llu seeds, %llu events, %llu entries committed\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(committed));
  EXPECT_GT(committed, count * 10) << "the seeds do nothing";
  if (count < 1000) return;
  for (const ReachedSite& site : reached_sites()) {
    const bool ours = std::string_view(site.file).find("protocol/raft/") != std::string_view::npos;
    if (!ours) continue;
    EXPECT_GT(site.count->load(), 0U) << "no seed reached: " << site.name;
  }
}

TEST(RaftSeeds, MeanTheSameRunAgain) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    ChaosOptions options;
    options.seed = seed;
    const Result<ChaosReport> once = run_chaos(options);
    const Result<ChaosReport> again = run_chaos(options);
    ASSERT_TRUE(once && again);
    EXPECT_EQ(once->digest, again->digest) << "seed " << seed;
  }
}

}  // namespace
}  // namespace coterie::raft
