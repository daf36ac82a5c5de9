// coterie logs: what the nodes of a folder have logged, one or all of them, and on request what
// they log from now on.
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cli/cluster_folder.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"

namespace coterie::cli {

namespace {

// Prints the whole lines that a log has got since the last time.
class LogReader {
 public:
  LogReader(std::string path, std::string prefix)
      : path_(std::move(path)), prefix_(std::move(prefix)) {}

  void print_new() {
    std::ifstream in(path_, std::ios::binary);
    in.seekg(0, std::ios::end);
    const std::streamoff size = in.tellg();
    if (size < at_) at_ = 0;  // it was begun anew
    in.seekg(at_);
    for (std::string line; std::getline(in, line) && !in.eof();) {
      fmt::print("{}{}\n", prefix_, line);
      at_ += static_cast<std::streamoff>(line.size()) + 1;
    }
    std::fflush(stdout);
  }

 private:
  std::string path_;
  std::string prefix_;
  std::streamoff at_ = 0;
};

// Returns only when the folder cannot be watched; a signal ends the program.
void follow(const std::string& folder, std::vector<LogReader>& readers) {
  const int watch = inotify_init1(IN_CLOEXEC);
  if (watch < 0 || inotify_add_watch(watch, folder.c_str(), IN_MODIFY | IN_CREATE) < 0) return;
  char events[4'096];
  while (read(watch, events, sizeof events) > 0) {
    for (LogReader& reader : readers) reader.print_new();
  }
}

}  // namespace

int logs(Arguments arguments) {
  std::string data = "./coterie-data", node;
  bool following = false;
  Flags flags("coterie logs", "Prints what the nodes of `coterie up` have logged.");
  flags.argument("node", node, "one node's number; otherwise all, each line with its node", false);
  flags.on("-f,--follow", following, "go on with what they log from now on");
  flags.text("--data", "FOLDER", data, "the folder given to `coterie up`");
  if (const auto code = flags.parse(arguments)) return *code;
  const ClusterFolder folder(data);
  const Result<ClusterRecord> record = folder.read();
  if (!record) {
    fmt::print(stderr, "coterie logs: {}\n", record.error().message);
    return exit_no_input;
  }
  std::vector<LogReader> readers;
  for (const NodeRecord& one : record->nodes) {
    if (node.empty()) readers.emplace_back(folder.log_of(one.id), fmt::format("{} | ", one.id));
    if (node == std::to_string(one.id)) readers.emplace_back(folder.log_of(one.id), "");
  }
  if (readers.empty()) {
    fmt::print(stderr, "coterie logs: there is no node '{}': 1 to {}\n", node,
               record->nodes.size());
    return exit_usage;
  }
  for (LogReader& reader : readers) reader.print_new();
  if (following) follow(folder.root() + "/logs", readers);
  return exit_done;
}

}  // namespace coterie::cli
