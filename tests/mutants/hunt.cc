// See hunt.h. The child writes a line before each seed and one after it; what else it says is the
// message of an assertion.
#include "tests/mutants/hunt.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/trial/trial.h"

namespace coterie::trial {

namespace {

// Of real time; a run takes less than a second.
constexpr unsigned seconds_a_run_max = 120;
constexpr std::string_view begun = "begun ", failed = "failed ";

using Plans = std::function<std::optional<Plan>()>;  // the next; none: that was all

[[noreturn]] void run_plans(const std::string& mutant, const Plans& next, int out) {
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (!choose_mutant(mutant)) std::_Exit(2);
  while (const auto plan = next()) {
    fmt::print("{}{}\n", begun, plan->seed);
    std::fflush(nullptr);
    alarm(seconds_a_run_max);
    const TrialReport report = run_trial(*plan);
    if (report.passed()) continue;
    fmt::print("{}{} {} {}\n", failed, failure_word(report.failure), report.virtual_time.ns,
               report.reason);
    std::fflush(nullptr);
    std::_Exit(1);
  }
  std::_Exit(0);
}

std::string read_all(int from) {
  std::string text;
  char bytes[4096];
  for (ssize_t size; (size = read(from, bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<size_t>(size));
  return text;
}

// What the child said of the seed it came to last.
Found found_in(const std::string& said, int status) {
  Found found;
  const size_t last = said.rfind(begun);
  COTERIE_ASSERT(last != std::string::npos);
  found.seed = std::strtoull(said.c_str() + last + begun.size(), nullptr, 10);
  const size_t line = said.find('\n', last) + 1;
  std::string_view rest = std::string_view(said).substr(line);
  if (rest.starts_with(failed)) {
    rest.remove_prefix(failed.size());
    found.failure = rest.substr(0, rest.find(' '));
    rest.remove_prefix(found.failure.size() + 1);
    found.virtual_seconds = std::strtod(rest.data(), nullptr) / 1e9;
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  } else {
    found.failure = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "endless" : "assertion";
  }
  found.reason = rest.substr(0, rest.find('\n'));
  return found;
}

std::optional<Found> first_failing(const std::string& mutant, const Plans& next) {
  std::fflush(nullptr);
  int ends[2];
  COTERIE_ASSERT(pipe(ends) == 0);
  const pid_t child = fork();
  COTERIE_ASSERT(child >= 0);
  if (child == 0) {
    close(ends[0]);
    run_plans(mutant, next, ends[1]);
  }
  close(ends[1]);
  const std::string said = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return found_in(said, status);
}

}  // namespace

std::optional<Found> try_plan(const std::string& mutant, const Plan& plan) {
  return first_failing(mutant, [&, given = false]() mutable {
    return std::exchange(given, true) ? std::nullopt : std::optional(plan);
  });
}

std::optional<Found> hunt(const std::string& mutant, const std::vector<uint64_t>& seeds,
                          PlanOptions options) {
  const auto plan_of = [&](uint64_t seed) {
    options.seed = seed;
    return draw_plan(options);
  };
  for (size_t begin = 0; begin < seeds.size();) {
    const auto found = first_failing(mutant, [&, at = begin]() mutable {
      return at < seeds.size() ? std::optional(plan_of(seeds[at++])) : std::nullopt;
    });
    if (!found) return {};
    if (!try_plan("", plan_of(found->seed))) return found;
    while (seeds[begin++] != found->seed) continue;
  }
  return {};
}

}  // namespace coterie::trial
