// One run: told, drawn, written down, made small. See sim_run.h.
#include "cli/sim_run.h"

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/terminal.h"
#include "coterie/picture/space_time_html.h"
#include "coterie/picture/text.h"
#include "coterie/proof/json_lines.h"
#include "coterie/trial/recording.h"
#include "coterie/trial/shrink.h"

namespace coterie::cli {

namespace {

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (file.flush()) return true;
  fmt::print(stderr, "coterie sim: cannot write {}\n", path);
  return false;
}

picture::Run picture_of(trial::Recording& recording, const trial::TrialReport& report,
                        const trial::Plan& plan, const OneRun& what) {
  std::vector<picture::ClientOperation> operations;
  for (size_t i = 0; i < report.history.size(); ++i)
    operations.push_back({report.history[i], static_cast<uint32_t>(report.nodes[i].value)});
  picture::Verdict verdict;
  verdict.kind = report.passed()                               ? picture::Verdict::Kind::holds
                 : report.failure == trial::Failure::bound_met ? picture::Verdict::Kind::bound_met
                                                               : picture::Verdict::Kind::violated;
  verdict.why = report.reason;
  verdict.operations = report.operations;
  picture::Run run = recording.finish(std::move(operations), std::move(verdict));
  run.title = fmt::format("SIMULATED: seed {}, {} nodes, {}", plan.seed, plan.nodes, report.faults);
  run.command = what.command;
  run.narrow = what.command + " --html FILE --from MS --to MS";
  return run;
}

void tell_run(const trial::TrialReport& report, uint64_t seed) {
  fmt::print("\nseed {}: {}\n", seed,
             report.passed()
                 ? std::string(report.vacuous ? "VACUOUS: too little happened" : "passed")
                 : fmt::format("FAILED ({}): {}", failure_word(report.failure), report.reason));
  for (size_t index : report.operations)
    fmt::print("    {}\n", proof::describe(report.history[index]));
  fmt::print("faults: {} ({} struck); {} operations acknowledged, {} unknown, {} not executed\n",
             report.faults, report.struck, report.acknowledged, report.unknown, report.refused);
  fmt::print("{} events in {:.1f} s of virtual time, {} leaders; digest {:016x}\n", report.events,
             report.virtual_time.seconds(), report.leaders, report.digest);
}

// The run, watched for its picture when one is wanted, and what is to be written of it.
std::optional<trial::TrialReport> carry_out(const trial::Plan& plan, const OneRun& what) {
  trial::TrialOptions options;
  if (!what.quiet) options.narrate = [](const std::string& line) { fmt::print("{}\n", line); };
  std::optional<trial::Recording> recording;
  std::optional<picture::Run> run;
  if (!what.html_path.empty() || what.text_picture) {
    options.watch = [&](sim::Simulation& simulation) {
      trial::RecordingOptions window;
      if (what.to_ms != 0) {
        window.from = Instant{0} + milliseconds(static_cast<int64_t>(what.from_ms));
        window.to = Instant{0} + milliseconds(static_cast<int64_t>(what.to_ms));
      }
      recording.emplace(simulation, window);
    };
    options.ended = [&](const trial::TrialReport& report) {
      run = picture_of(*recording, report, plan, what);
      recording.reset();
    };
  }
  trial::TrialReport report = trial::run_trial(plan, options);
  bool written = true;
  std::optional<picture::Span> window;
  if (what.to_ms != 0) {
    window = {static_cast<int64_t>(what.from_ms) * 1'000'000,
              static_cast<int64_t>(what.to_ms) * 1'000'000};
  }
  if (what.text_picture) fmt::print("\n{}\n", picture::text_picture(*run, {.window = window}));
  if (!what.html_path.empty())
    written &= write_file(what.html_path, picture::space_time_html(*run, {.window = window}));
  if (!what.history_path.empty()) {
    std::ostringstream text;
    proof::write_history(report.history, text);
    written &= write_file(what.history_path, text.str());
  }
  if (!written) return {};
  return report;
}

}  // namespace

int run_one(const trial::Plan& plan, const OneRun& what) {
  if (!what.scenario_path.empty()) {
    trial::Scenario scenario;
    scenario.plan = plan;
    scenario.mutant = what.mutant;
    scenario.comment = what.command + "\n";
    if (!write_file(what.scenario_path, write_scenario(scenario))) return exit_cannot_create;
  }
  const auto report = carry_out(plan, what);
  if (!report) return exit_cannot_create;
  tell_run(*report, plan.seed);
  return report->passed() ? exit_done : exit_no;
}

int shrink_one(const trial::Plan& plan, const OneRun& what, uint64_t runs_max) {
  OneRun before = what;
  before.html_path = before.history_path = "";
  before.text_picture = false;
  before.quiet = true;
  const auto report = carry_out(plan, before);
  tell_run(*report, plan.seed);
  if (report->passed()) {
    fmt::print("nothing to shrink: this run passes\n");
    return exit_done;
  }
  trial::ShrinkOptions options;
  options.runs_max = runs_max;
  options.progress = [&](uint64_t runs, const trial::Plan& smallest) {
    if (is_terminal(stderr)) {
      fmt::print(stderr, "\r{} runs: {} faults, {} clients, {} nodes, {} ms ", runs,
                 smallest.faults.size(), smallest.clients.size(), smallest.nodes,
                 smallest.duration.ms());
    }
    return true;
  };
  const trial::Shrunk shrunk = trial::shrink(plan, options);
  if (is_terminal(stderr)) fmt::print(stderr, "\n");
  trial::Scenario scenario;
  scenario.plan = shrunk.plan;
  scenario.expected = shrunk.report.failure;
  scenario.mutant = what.mutant;
  constexpr size_t reason_bytes_max = 200;  // long values are no use to a reader
  scenario.comment =
      fmt::format("{}\n{}\n", shrunk.report.reason.substr(0, reason_bytes_max), what.command);
  const std::string text =
      write_scenario(scenario, remarks_of(shrunk.plan, options.record(shrunk.plan)));
  fmt::print("\nshrunk in {} runs{}:\n\n{}", shrunk.runs,
             shrunk.to_the_end ? "" : " (a bound was met: it may get smaller yet)", text);
  if (!what.scenario_path.empty() && !write_file(what.scenario_path, text))
    return exit_cannot_create;
  OneRun drawn = what;
  drawn.quiet = true;
  if (!what.scenario_path.empty()) drawn.command = "coterie sim --scenario " + what.scenario_path;
  const auto again = carry_out(shrunk.plan, drawn);
  if (!again) return exit_cannot_create;
  tell_run(*again, shrunk.plan.seed);
  return exit_no;
}

int run_scenario(const trial::Scenario& scenario, const OneRun& what) {
  const auto report = carry_out(scenario.plan, what);
  if (!report) return exit_cannot_create;
  tell_run(*report, scenario.plan.seed);
  // Without its planted bug nothing may fail.
  const bool with_bug = !scenario.mutant.empty() && scenario.mutant == what.mutant;
  const trial::Failure expected =
      with_bug || scenario.mutant.empty() ? scenario.expected : trial::Failure::none;
  if (report->failure == expected) return exit_done;
  fmt::print("expected: {}\n", failure_word(expected));
  return exit_no;
}

}  // namespace coterie::cli
