// coterie torture: real processes that are killed, stopped and cut off from each other while
// clients work, or a store that is there already; the judges rule on what the clients saw.
#include "coterie/torture/torture.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "coterie/picture/space_time_html.h"
#include "coterie/process/process.h"
#include "coterie/proof/json_lines.h"
#include "coterie/proof/judge.h"
#include "coterie/proof/timeline.h"
#include "coterie/torture/drawing.h"
#include "coterie/torture/run_folder.h"

namespace coterie::cli {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t nodes_max = 9, clients_max = 100, seconds_max = 86'400;
constexpr const char* shim_name = "coterie-disk-shim.so";

struct TortureFlags {
  uint64_t nodes = 5, clients = 12, seconds = 60, seed = 0;
  std::string faults = "all", target, history, html, keep, disk_shim;
  bool flush = false, quiet = false;
};

int refuse(const std::string& why, int code) {
  fmt::print(stderr, "coterie torture: {}\n", why);
  return code;
}

// INT, TERM and HUP are not delivered but read from here, so that a run can be ended in order. The
// threads that are started meanwhile block them too.
class Interruptions {
 public:
  Interruptions() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
    socket_ = signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Interruptions() {
    take();  // or they would end the program now
    ::close(socket_);
    sigprocmask(SIG_UNBLOCK, &signals_, nullptr);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

  // Waits until then; true when one has come, now or earlier.
  bool before(Instant until) {
    while (!come_) {
      const Duration left = std::max(Duration{}, until - process::monotonic_now());
      pollfd one{.fd = socket_, .events = POLLIN, .revents = 0};
      poll(&one, 1, static_cast<int>((left.ns + 999'999) / 1'000'000));
      take();
      if (left <= Duration{}) break;
    }
    return come_;
  }

 private:
  void take() {
    signalfd_siginfo info{};
    while (::read(socket_, &info, sizeof info) == sizeof info) come_ = true;
  }

  sigset_t signals_{};
  int socket_ = -1;
  bool come_ = false;
};

// As the nodes write it into their logs.
std::string now_utc() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  gmtime_r(&time.tv_sec, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", text, time.tv_nsec / 1'000'000);
}

// What the run says: a line for each event, and on a terminal one that changes.
class Narration {
 public:
  Narration(bool quiet, Duration duration)
      : quiet_(quiet), changing_(is_terminal(stderr)), duration_(duration) {}
  ~Narration() { wipe(); }

  void note(const std::string& line) {
    lines_ += now_utc() + " " + line + "\n";
    if (quiet_) return;
    wipe();
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  void progress(const torture::Progress& progress) {
    if (!changing_) return;
    wipe();
    const std::string line =
        fmt::format("{:.0f} of {:.0f} s, {} operations acknowledged, {} unknown; {}",
                    progress.elapsed.seconds(), duration_.seconds(),
                    progress.operations.acknowledged, progress.operations.unknown, progress.doing);
    fmt::print(stderr, "{}", line);
    std::fflush(stderr);
    shown_ = line.size();
  }

  void wipe() {
    if (shown_ > 0) fmt::print(stderr, "\r{:{}}\r", "", std::exchange(shown_, 0));
  }

  // With the time of each.
  const std::string& lines() const { return lines_; }

 private:
  bool quiet_, changing_;
  Duration duration_;
  size_t shown_ = 0;
  std::string lines_;
};

std::string usual_disk_shim() {
  std::error_code error;
  const fs::path shim = fs::read_symlink("/proc/self/exe", error).parent_path() / shim_name;
  return !error && fs::exists(shim, error) ? shim.string() : "";
}

bool write_file(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  return !out.fail();
}

bool write_history(const std::string& path, const proof::History& history) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  proof::write_history(history, out);
  out.close();
  return !out.fail();
}

// "faults: 5 kill (3 at the leader), 2 cut"
void print_faults(const std::vector<torture::Struck>& struck) {
  struct Counts {
    uint64_t all = 0, at_the_leader = 0;
  };
  std::map<torture::FaultKind, Counts> counts;
  for (const torture::Struck& one : struck) {
    ++counts[one.fault.kind].all;
    if (one.fault.leader != 0) ++counts[one.fault.kind].at_the_leader;
  }
  std::string faults;
  for (const auto& [kind, count] : counts) {
    faults += fmt::format("{}{} {}", faults.empty() ? "" : ", ", count.all,
                          torture::fault_kind_name(kind));
    if (count.at_the_leader > 0) faults += fmt::format(" ({} at the leader)", count.at_the_leader);
  }
  if (!faults.empty()) fmt::print("faults: {}\n", faults);
}

void print_run(const torture::Run& run) {
  print_faults(run.chronicle.faults);
  fmt::print("{} operations acknowledged, {} unknown, {} not executed\n",
             run.operations.acknowledged, run.operations.unknown, run.operations.failed);
}

// Errors that a store answered with may hold any bytes.
std::string printable_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines += proof::printable(line) + (text.empty() ? "" : "\n");
  }
  return lines;
}

void print_violation(const proof::Ruling& ruling, const proof::History& history) {
  fmt::print("VIOLATED: {}\n\n{}\n", proof::printable(ruling.why),
             proof::timeline(history, ruling.operations));
}

// The verdict, printed, as an exit code.
int rule(const torture::Run& run, const proof::Ruling& ruling) {
  print_run(run);
  if (ruling.verdict == proof::Verdict::violated) print_violation(ruling, run.history);
  if (run.end == torture::RunEnd::stalled) fmt::print("STALLED: {}\n", printable_lines(run.why));
  if (ruling.verdict == proof::Verdict::violated || run.end == torture::RunEnd::stalled)
    return exit_no;
  if (ruling.verdict == proof::Verdict::bound_met) {
    fmt::print("no verdict: {}\n", proof::printable(ruling.why));
    return exit_bound;
  }
  if (run.vacuous) {
    fmt::print("VACUOUS: too few operations were acknowledged to say that anything holds\n");
    return exit_no;
  }
  fmt::print("holds\n");
  return exit_done;
}

// Without a ruling nothing is judged.
bool draw(const torture::Run& run, const proof::Ruling* ruling, const TortureFlags& flags,
          const std::string& again) {
  torture::Drawing drawing = torture::draw(run, ruling);
  drawing.run.title = fmt::format(
      "{}, {} s, seed {}",
      flags.target.empty() ? fmt::format("torture of {} nodes", flags.nodes) : flags.target,
      flags.seconds, flags.seed);
  drawing.run.command = again;
  if (!write_file(flags.html, picture::space_time_html(drawing.run))) return false;
  fmt::print("drawn in {}: {}\n", flags.html, drawing.drawn);
  return true;
}

// What is to be seen afterwards, and how the program ends.
int conclude(const torture::Run& run, const TortureFlags& flags, const std::string& again) {
  using torture::RunEnd;
  if (!flags.history.empty() && !write_history(flags.history, run.history))
    return refuse(fmt::format("--history: cannot write {}", flags.history), exit_cannot_create);
  if (run.end == RunEnd::unable) return refuse(run.why, exit_unavailable);
  std::optional<proof::Ruling> ruling;
  int code = exit_bound;
  if (run.end == RunEnd::interrupted) {
    fmt::print("interrupted: nothing was judged\n");
  } else {
    ruling = proof::judge(run.history, proof::Model::automatic, run.bounds);
    code = rule(run, *ruling);
    if (code != exit_done) fmt::print("the same again: {}\n", again);
  }
  if (!flags.html.empty() && !draw(run, ruling ? &*ruling : nullptr, flags, again))
    return refuse(fmt::format("--html: cannot write {}", flags.html), exit_cannot_create);
  return code;
}

int torture_our_own(const TortureFlags& flags, const torture::LoadOptions& load,
                    const std::set<torture::FaultKind>& kinds) {
  torture::remove_dead_run_folders();
  torture::RunFolder folder(flags.keep);
  if (const Result<void> made = folder.make(); !made)
    return refuse(made.error().message, exit_cannot_create);
  torture::ClusterTortureOptions options;
  options.load = load;
  options.nodes = flags.nodes;
  options.kinds = kinds;
  options.folder = folder.path();
  options.disk_shim = flags.disk_shim.empty() ? usual_disk_shim() : flags.disk_shim;
  Narration narration(flags.quiet, load.duration);
  torture::Run run;
  {
    Interruptions interruptions;
    run = torture::torture_cluster(
        options, {.interrupted_before = [&](Instant until) { return interruptions.before(until); },
                  .note = [&](const std::string& line) { narration.note(line); },
                  .progress = [&](const torture::Progress& now) { narration.progress(now); }});
    narration.wipe();
  }
  const std::string again =
      fmt::format("coterie torture --nodes {} --seconds {} --clients {} --faults {} --seed {}",
                  flags.nodes, flags.seconds, flags.clients, flags.faults, load.seed);
  const int code = conclude(run, flags, again);
  if (code == exit_no) folder.keep();
  if (folder.stays()) {
    write_file(folder.path() + "/run.log", narration.lines());
    write_history(folder.path() + "/history.jsonl", run.history);
    fmt::print("what the nodes have logged, and the history, is in {}\n", folder.path());
  }
  return code;
}

int torture_another(const TortureFlags& flags, const torture::LoadOptions& load) {
  const Result<torture::Target> target = torture::parse_target(flags.target);
  if (!target) return refuse("--target: " + target.error().message, exit_usage);
  if (const Result<void> prepared = torture::prepare_target(*target, flags.flush); !prepared)
    return refuse(prepared.error().message, exit_unavailable);
  Narration narration(flags.quiet, load.duration);
  narration.note(fmt::format("seed {}", load.seed));
  torture::Run run;
  {
    Interruptions interruptions;
    run = torture::torture_target(
        *target, load,
        {.interrupted_before = [&](Instant until) { return interruptions.before(until); },
         .note = [&](const std::string& line) { narration.note(line); },
         .progress = [&](const torture::Progress& now) { narration.progress(now); }});
    narration.wipe();
  }
  return conclude(run, flags,
                  fmt::format("coterie torture --target {} --seconds {} --clients {} --seed {}",
                              flags.target, flags.seconds, flags.clients, load.seed));
}

std::string fault_help() {
  std::string text = "Faults:\n";
  for (size_t i = 0; i < torture::fault_kinds; ++i) {
    const auto kind = static_cast<torture::FaultKind>(i);
    text +=
        fmt::format("  {:<10}{}\n", torture::fault_kind_name(kind), torture::fault_kind_help(kind));
  }
  return text +
         "\nExit codes: 0 what the clients saw holds; 1 it is violated, or nodes or clients did "
         "not come back, or too little happened; 3 a bound was met before the judges knew.";
}

}  // namespace

int torture_processes(Arguments arguments) {
  TortureFlags given;
  Flags flags("coterie torture",
              "Starts a cluster of real processes and kills, stops and cuts them off while clients "
              "work; judges rule on what the clients saw. Or judges a server that is there.");
  flags.number("--nodes", "N", given.nodes, "nodes of the cluster, 1 to 9");
  flags.number("--seconds", "N", given.seconds, "how long clients work and faults strike");
  flags.number("--clients", "N", given.clients, "clients, 1 to 100");
  flags.number("--seed", "N", given.seed, "which faults, and what the clients do; 0: a new one");
  flags.text("--faults", "LIST", given.faults, "all, none, kill,cut,... or all-but-kill,cut,...");
  flags.text("--target", "URL", given.target,
             "instead of a cluster of our own, without faults: redis://HOST:PORT[,HOST:PORT...] or "
             "etcd://HOST:PORT, on this machine");
  flags.on("--flush", given.flush, "empty the target first");
  flags.text("--history", "FILE", given.history, "write what the clients saw, for coterie check");
  flags.text("--html", "FILE", given.html,
             "draw the run: all of a short one, else around what is violated, or its end");
  flags.text("--keep", "FOLDER", given.keep, "where the nodes live; its logs are kept");
  flags.text("--disk-shim", "FILE", given.disk_shim,
             "the library that lets syncs fail, if it is not beside the program");
  flags.on("--quiet", given.quiet, "print the verdict alone");
  flags.epilogue(fault_help());
  if (const auto code = flags.parse(arguments)) return *code;
  if (given.nodes < 1 || given.nodes > nodes_max) return refuse("--nodes takes 1 to 9", exit_usage);
  if (given.clients < 1 || given.clients > clients_max)
    return refuse("--clients takes 1 to 100", exit_usage);
  if (given.seconds < 1 || given.seconds > seconds_max)
    return refuse("--seconds takes 1 to 86400", exit_usage);
  const Result<std::set<torture::FaultKind>> kinds = torture::parse_fault_kinds(given.faults);
  if (!kinds) return refuse("--faults: " + kinds.error().message, exit_usage);
  if (!given.disk_shim.empty() && !fs::exists(given.disk_shim))
    return refuse(fmt::format("--disk-shim: there is no {}", given.disk_shim), exit_no_input);
  if (given.seed == 0)
    given.seed = static_cast<uint64_t>(process::monotonic_now().ns / 1'000) % 1'000'000'000 + 1;
  const torture::LoadOptions load{.seed = given.seed,
                                  .clients = static_cast<uint32_t>(given.clients),
                                  .duration = seconds(static_cast<int64_t>(given.seconds))};
  if (!given.target.empty()) {
    for (const char* other : {"--nodes", "--faults", "--keep", "--disk-shim"}) {
      if (flags.given(other))
        return refuse(fmt::format("--target and {} exclude each other", other), exit_usage);
    }
    return torture_another(given, load);
  }
  if (given.flush) return refuse("--flush is for a --target", exit_usage);
  return torture_our_own(given, load, *kinds);
}

}  // namespace coterie::cli
