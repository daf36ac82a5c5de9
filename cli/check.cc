// coterie check: a verdict on a recorded history, with the reason.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "coterie/picture/space_time_html.h"
#include "coterie/proof/json_lines.h"
#include "coterie/proof/judge.h"
#include "coterie/proof/timeline.h"

namespace coterie::cli {

namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int refuse(int code, const std::string& why) {
  fmt::print(stderr, "coterie check: {}\n", proof::printable(why));
  return code;
}

struct Given {
  std::string file;
  std::string model = "auto";
  bool as_json = false;
  std::string html;
  std::string initial = "empty";
  proof::Bounds bounds;
};

// Reads the file, or standard input; says how far it is, where a person looks.
Result<proof::History> read(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail(Fault::not_found, fmt::format("{} cannot be opened", path));
  }
  const bool tell = is_terminal(stderr);
  auto said = Clock::now();
  bool told = false;
  auto history = proof::read_history(path == "-" ? std::cin : file, {}, [&](uint64_t bytes) {
    if (!tell || seconds_since(said) < 0.5) return;
    said = Clock::now();
    told = true;
    fmt::print(stderr, "\r{} MiB read", bytes >> 20);
  });
  if (told) fmt::print(stderr, "\r{:40}\r", "");
  return history;
}

std::string_view word(proof::Verdict verdict) {
  switch (verdict) {
    case proof::Verdict::holds:
      return "holds";
    case proof::Verdict::violated:
      return "violated";
    case proof::Verdict::bound_met:
      return "bound met";
  }
  return "?";
}

void print_json(const proof::History& history, const proof::Ruling& ruling, const Given& given,
                double seconds) {
  json::object out;
  out["verdict"] = word(ruling.verdict);
  out["model"] = given.model;
  out["operations"] = history.size();
  out["seconds"] = seconds;
  if (ruling.verdict != proof::Verdict::holds) {
    // Keys and values may be any bytes.
    out["why"] = proof::printable(ruling.why);
    out["key"] = proof::printable(ruling.key);
  }
  if (ruling.verdict == proof::Verdict::bound_met) out["bound"] = proof::bound_name(ruling.bound);
  if (ruling.verdict == proof::Verdict::violated) {
    json::array shown;
    for (const size_t index : ruling.operations)
      shown.push_back(json::parse(proof::line_of(history[index])));
    out["shown_by"] = std::move(shown);
  }
  fmt::print("{}\n", json::serialize(out));
}

void print_text(const proof::History& history, const proof::Ruling& ruling, double seconds) {
  const Style style(is_terminal(stdout));
  const std::string counted = fmt::format("{} operations, {:.3f} s", history.size(), seconds);
  switch (ruling.verdict) {
    case proof::Verdict::holds:
      fmt::print("{} ({})\n", style.green("holds"), counted);
      return;
    case proof::Verdict::bound_met:
      fmt::print("{} ({}): {}\n", style.yellow("not decided"), counted,
                 proof::printable(ruling.why));
      fmt::print("bound: {}\n", proof::bound_name(ruling.bound));
      return;
    case proof::Verdict::violated:
      fmt::print("{} ({})\n{}\n\n", style.red("VIOLATED"), counted, proof::printable(ruling.why));
      fmt::print("{}", proof::timeline(history, ruling.operations));
      return;
  }
}

bool draw(const proof::History& history, const proof::Ruling& ruling, const Given& given) {
  picture::Run run = picture::run_of(history);
  run.title = given.file;
  run.time = "time of the history";
  run.command = fmt::format("coterie check {} --model {} --initial {}", given.file, given.model,
                            given.initial);
  run.verdict.kind = ruling.verdict == proof::Verdict::holds ? picture::Verdict::Kind::holds
                     : ruling.verdict == proof::Verdict::violated
                         ? picture::Verdict::Kind::violated
                         : picture::Verdict::Kind::bound_met;
  run.verdict.why = ruling.why;
  run.verdict.operations = ruling.operations;
  std::ofstream file(given.html, std::ios::binary | std::ios::trunc);
  file << picture::space_time_html(run);
  return static_cast<bool>(file.flush());
}

int judge(const Given& given) {
  const proof::Model model = *proof::model_of(given.model);
  const auto history = read(given.file);
  if (!history) {
    const Fault fault = history.error().fault;
    return refuse(fault == Fault::invalid ? exit_data : exit_no_input,
                  fault == Fault::invalid ? given.file + ": " + history.error().message
                                          : history.error().message);
  }
  if (const auto known = proof::check_vocabulary(*history, model); !known)
    return refuse(exit_data, given.file + ": " + known.error().message);
  if (const auto known = proof::check_initial(*history); given.bounds.initial_unknown && !known)
    return refuse(exit_data, given.file + ": " + known.error().message);
  const auto start = Clock::now();
  if (is_terminal(stderr)) fmt::print(stderr, "judging {} operations ...\r", history->size());
  const proof::Ruling ruling = proof::judge(*history, model, given.bounds);
  if (is_terminal(stderr)) fmt::print(stderr, "{:50}\r", "");
  const double seconds = seconds_since(start);
  if (given.as_json) {
    print_json(*history, ruling, given, seconds);
  } else {
    print_text(*history, ruling, seconds);
  }
  if (!given.html.empty() && !draw(*history, ruling, given))
    return refuse(exit_cannot_create, fmt::format("cannot write {}", given.html));
  return ruling.verdict == proof::Verdict::holds      ? exit_done
         : ruling.verdict == proof::Verdict::violated ? exit_no
                                                      : exit_bound;
}

}  // namespace

int check(Arguments arguments) {
  Given given;
  proof::Bounds& bounds = given.bounds;
  uint64_t memory_mib = bounds.memory_bytes_max >> 20;
  auto slack_ms = static_cast<uint64_t>(bounds.slack.absolute_ns / 1'000'000);
  bool ends_any_time = false;
  const auto names = proof::model_names();
  Flags flags("coterie check",
              "Judges a recorded history: can the results that clients saw come from one copy of "
              "the data, each operation at one instant between its call and its return?");
  flags.argument("FILE", given.file, "JSON lines; - reads standard input", true);
  flags.choice("--model", {names.begin(), names.end()}, given.model,
               "what the keys are; auto takes each key for what its operations make it");
  flags.choice("--initial", {"empty", "unknown"}, given.initial,
               "what the keys held before the first operation; unknown: the first result tells");
  flags.on("--json", given.as_json, "print the verdict as one JSON object");
  flags.text("--html", "FILE", given.html, "draw the history and what is violated in it");
  flags.number("--max-steps", "N", bounds.steps_max, "give up after so many steps of the search");
  flags.number("--max-memory", "MIB", memory_mib, "give up when the search holds more");
  flags.number("--max-open", "N", bounds.open_max,
               "give up when more operations than that overlap on one key, 1 to 1024");
  flags.number("--slack-ppm", "N", bounds.slack.ppm,
               "by how much the store's time may run faster or slower, where things expire");
  flags.number("--slack-ms", "N", slack_ms, "and by how much it may be off besides");
  flags.on("--late-expiry", ends_any_time, "what expires may be seen for any time after it");
  flags.epilogue(
      "Exit codes: 0 it holds, 1 it is violated, 3 a bound was met (the output says which), 65 the "
      "input is bad. The format is docs/formats/history.md.");
  if (const auto code = flags.parse(arguments)) return *code;
  if (bounds.open_max < 1 || bounds.open_max > 1'024)
    return refuse(exit_usage, "--max-open takes 1 to 1024");
  if (bounds.steps_max < 1) return refuse(exit_usage, "--max-steps takes 1 or more");
  if (memory_mib < 1 || memory_mib > (uint64_t{1} << 24))
    return refuse(exit_usage, "--max-memory takes 1 to 16777216 MiB");
  if (bounds.slack.ppm > 1'000'000) return refuse(exit_usage, "--slack-ppm takes 0 to 1000000");
  if (slack_ms > 86'400'000) return refuse(exit_usage, "--slack-ms takes 0 to 86400000");
  bounds.memory_bytes_max = memory_mib << 20;
  bounds.slack.absolute_ns = static_cast<int64_t>(slack_ms) * 1'000'000;
  bounds.slack.ends = !ends_any_time;
  bounds.initial_unknown = given.initial == "unknown";
  return judge(given);
}

}  // namespace coterie::cli
