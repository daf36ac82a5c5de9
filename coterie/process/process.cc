// See process.h.
#include "coterie/process/process.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coterie::process {

namespace {

constexpr int exit_not_begun = 70;  // sysexits: EX_SOFTWARE, the program could not be run

// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment,
                         int output, pid_t parent, bool dies_with_parent) {
  setpgid(0, 0);
  if (dies_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(exit_not_begun);  // it died before we asked
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execve(program, arguments, environment);
  _exit(exit_not_begun);
}

// As execve takes them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<ProcessId> spawn(const SpawnOptions& options) {
  const int output = open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (output < 0)
    return fail(Fault::io, fmt::format("{}: {}", options.output, std::strerror(errno)));
  const std::vector<char*> arguments = pointers(options.arguments);
  std::vector<char*> environment = pointers(options.environment);
  environment.pop_back();
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  environment.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0)
    become(options.program.c_str(), arguments.data(), environment.data(), output, parent,
           options.dies_with_parent);
  const std::string reason = std::strerror(errno);
  close(output);
  if (child < 0) return fail(Fault::io, fmt::format("cannot start a process: {}", reason));
  return identify(child);
}

ProcessId identify(int64_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(in, text);
  // "PID (NAME) STATE ...": the name may hold anything, so count behind its closing parenthesis.
  const size_t name_end = text.rfind(')');
  if (pid <= 0 || name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  const bool ended = text.substr(name_end + 2, 1) == "Z";
  if (ended) return {};
  ProcessId process{.pid = pid, .started = 0};
  std::from_chars(field.data(), field.data() + field.size(), process.started);
  return process;
}

bool is_alive(const ProcessId& process) {
  return process.pid > 0 && identify(process.pid) == process;
}

bool send_signal(const ProcessId& process, int signal) {
  return is_alive(process) && kill(static_cast<pid_t>(process.pid), signal) == 0;
}

bool wait_for_end(const ProcessId& process, Duration patience) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  if (handle < 0) return !is_alive(process);
  if (!is_alive(process)) {
    close(handle);
    return true;
  }
  pollfd one{.fd = handle, .events = POLLIN, .revents = 0};
  const int count = poll(&one, 1, static_cast<int>(patience.ms()));
  close(handle);
  return count > 0;
}

Result<int> parse_signal(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  if (name.starts_with("SIG")) name.erase(0, 3);
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size() && number > 0 && number < NSIG)
    return number;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return fail(Fault::invalid,
              fmt::format("'{}' is no signal: KILL, TERM, STOP, CONT or a number", text));
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)));
  }
  return fmt::format("ended with code {}", WEXITSTATUS(wait_status));
}

Instant monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return {time.tv_sec * 1'000'000'000LL + time.tv_nsec};
}

}  // namespace coterie::process
