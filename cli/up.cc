// coterie up: a cluster of real processes on this machine.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cluster_folder.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/supervisor.h"

namespace coterie::cli {

namespace {

struct UpOptions {
  uint64_t nodes = 3;
  bool nodes_given = false;
  uint64_t port = 7379;
  std::string data = "./coterie-data";
  bool fresh = false, no_restart = false, detach = false;
  std::vector<std::string> serve_arguments;
};

int refuse(const std::string& why, int code) {
  fmt::print(stderr, "coterie up: {}\n", why);
  return code;
}

// The number of nodes was decided when the cluster was founded.
Result<void> settle_number_of_nodes(const ClusterFolder& folder, UpOptions& options) {
  const Result<ClusterRecord> before = folder.read();
  if (!before)
    return before.error().fault == Fault::not_found ? Result<void>()
                                                    : tl::unexpected(before.error());
  const size_t founded = before->nodes.size();
  if (options.nodes_given && options.nodes != founded) {
    return fail(Fault::invalid, fmt::format("{} holds a cluster of {} nodes: leave --nodes out, or "
                                            "begin anew with --fresh (which removes "
                                            "its data)",
                                            folder.root(), founded));
  }
  options.nodes = founded;
  return {};
}

// The password that the nodes are started with, if any.
std::string password_in(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    if (name != "--requirepass" && name != "--requirepass-file") continue;
    std::string value;
    if (name.size() < arguments[i].size()) {
      value = arguments[i].substr(name.size() + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[i + 1];
    }
    if (name == "--requirepass") return value;
    std::ifstream in(value);
    std::getline(in, value);
    return value;
  }
  return "";
}

int supervise(const ClusterFolder& folder, const UpOptions& options,
              const std::function<void()>& on_ready) {
  Supervisor supervisor(folder, {.nodes = options.nodes,
                                 .port = static_cast<uint16_t>(options.port),
                                 .restart = !options.no_restart,
                                 .nodes_die_with_us = !options.detach,
                                 .serve_arguments = options.serve_arguments,
                                 .password = password_in(options.serve_arguments)});
  if (const Result<void> free = supervisor.check_ports(); !free)
    return refuse(free.error().message, exit_unavailable);
  return supervisor.run(on_ready);
}

// The supervisor goes on in a process of its own session. Until the cluster is ready we print what
// it says.
int supervise_detached(const ClusterFolder& folder, const UpOptions& options) {
  int words[2];
  if (pipe2(words, O_CLOEXEC) != 0) return refuse("no pipe can be made", exit_software);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return refuse("no process can be started", exit_software);
  if (child == 0) {
    setsid();
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int log =
        open(folder.supervisor_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    dup2(nothing, STDIN_FILENO);
    dup2(words[1], STDOUT_FILENO);
    close(words[0]);
    close(words[1]);
    const int code = supervise(folder, options, [log] {
      dup2(log, STDOUT_FILENO);
      dup2(log, STDERR_FILENO);
    });
    std::fflush(stdout);
    _exit(code);
  }
  close(words[1]);
  std::string said;
  char bytes[512];
  for (ssize_t count = read(words[0], bytes, sizeof bytes); count > 0;
       count = read(words[0], bytes, sizeof bytes)) {
    std::fwrite(bytes, 1, static_cast<size_t>(count), stdout);
    std::fflush(stdout);
    said.append(bytes, static_cast<size_t>(count));
  }
  close(words[0]);
  if (said.ends_with("\nready\n")) return exit_done;
  int wait_status = 0;
  waitpid(child, &wait_status, 0);
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : exit_software;
}

}  // namespace

int up(Arguments arguments) {
  UpOptions options;
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  if (separator != arguments.end()) options.serve_arguments.assign(separator + 1, arguments.end());
  arguments = arguments.first(static_cast<size_t>(separator - arguments.begin()));

  Flags flags(
      "coterie up",
      "Starts a cluster of real processes on this machine. Ctrl-C stops it; its data stay.");
  flags.number("--nodes", "N", options.nodes,
               fmt::format("how many nodes, 1 to {}", supervised_nodes_max));
  flags.number("--port", "PORT", options.port,
               "where node 1 serves clients; the others follow, HTTP is 100 above, peers 200");
  flags.text("--data", "FOLDER", options.data, "where the cluster's data and logs are kept");
  flags.on("--fresh", options.fresh, "remove the data of an earlier cluster there first");
  flags.on("--no-restart", options.no_restart, "leave dead what dies");
  flags.on("--detach", options.detach,
           "come back when the cluster is ready; `coterie down` stops it");
  flags.epilogue(
      "What follows -- is given to every `coterie serve`: coterie up -- --fsync interval");
  if (const auto code = flags.parse(arguments)) return *code;
  options.nodes_given = flags.given("--nodes");
  if (options.nodes < 1 || options.nodes > supervised_nodes_max) {
    return refuse(
        fmt::format("--nodes: {} is not from 1 to {}", options.nodes, supervised_nodes_max),
        exit_usage);
  }
  if (options.port < 1 || options.port + peer_port_offset + options.nodes > 65'536) {
    return refuse(fmt::format("--port: {} leaves no room for the ports above it, up to 200 more",
                              options.port),
                  exit_usage);
  }

  ClusterFolder folder(options.data);
  if (const Result<void> opened = folder.open(); !opened) {
    return refuse(opened.error().message,
                  opened.error().fault == Fault::refused ? exit_try_later : exit_cannot_create);
  }
  if (options.fresh) {
    if (const Result<void> removed = folder.remove_data(); !removed)
      return refuse(removed.error().message, exit_cannot_create);
  }
  if (const Result<void> settled = settle_number_of_nodes(folder, options); !settled) {
    return refuse(settled.error().message, exit_usage);
  }
  return options.detach ? supervise_detached(folder, options) : supervise(folder, options, [] {});
}

}  // namespace coterie::cli
