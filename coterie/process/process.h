// Starting, finding and stopping processes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie::process {

// A process for certain: its number may be given to another one when it has ended, its start time
// with it may not.
struct ProcessId {
  int64_t pid = 0;
  uint64_t started = 0;  // in clock ticks since the machine's start

  bool operator==(const ProcessId&) const = default;
};

struct SpawnOptions {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments{};  // the first is the name it sees itself under
  std::string output{};                  // the file that standard output and error are appended to
  std::vector<std::string> environment{};  // NAME=VALUE, before what this process has itself
  // Killed when the thread that started it ends.
  bool dies_with_parent = true;
};

// Starts a process in a process group of its own, so that Ctrl-C reaches its parent alone.
Result<ProcessId> spawn(const SpawnOptions& options);

// The process with that number as it is now; {0, 0} when there is none.
ProcessId identify(int64_t pid);
bool is_alive(const ProcessId& process);

// Sends the signal if it is still that process; false when it is not.
bool send_signal(const ProcessId& process, int signal);

// Waits until it has ended, up to `patience`; true when it has. Not for one's own children.
bool wait_for_end(const ProcessId& process, Duration patience);

// "KILL", "SIGKILL", "9".
Result<int> parse_signal(std::string_view text);

// "killed by signal 9 (Killed)", "ended with code 78", from what waitpid gave.
std::string describe_end(int wait_status);

Instant monotonic_now();

}  // namespace coterie::process
