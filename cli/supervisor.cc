// See supervisor.h.
#include "cli/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/exit_codes.h"
#include "cli/terminal.h"
#include "coterie/client/node_view.h"
#include "coterie/process/loopback.h"

namespace coterie::cli {

namespace {

constexpr Duration readiness_patience = milliseconds(300);
constexpr Duration readiness_interval = milliseconds(50);
constexpr Duration complaint_interval = seconds(10);

bool port_is_free(uint16_t port) {
  const auto socket = process::listen_on_loopback(port, 1);
  if (socket) ::close(*socket);
  return socket.has_value();
}

// A socket from which the signals that matter here can be read; they are blocked otherwise.
int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Reads what has come; true when one of them asks us to stop.
bool take_signals(int signal_socket) {
  bool stop = false;
  signalfd_siginfo info{};
  while (::read(signal_socket, &info, sizeof info) == sizeof info)
    stop |= info.ssi_signo != SIGCHLD;
  return stop;
}

void wait_readable(int socket, int milliseconds) {
  pollfd one{.fd = socket, .events = POLLIN, .revents = 0};
  poll(&one, 1, milliseconds);
}

// The codes of sysexits: a node that ends so will not do better the next time.
bool says_why_it_cannot_start(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) >= exit_usage &&
         WEXITSTATUS(wait_status) <= exit_config;
}

}  // namespace

Supervisor::Supervisor(const ClusterFolder& folder, SupervisorOptions options)
    : folder_(folder), options_(std::move(options)), children_(options_.nodes) {}

uint16_t Supervisor::port_of(size_t child, uint16_t offset) const {
  return static_cast<uint16_t>(options_.port + child + offset);
}

std::string Supervisor::address_of(size_t child, uint16_t offset) const {
  return fmt::format("127.0.0.1:{}", port_of(child, offset));
}

Result<void> Supervisor::check_ports() const {
  for (size_t i = 0; i < children_.size(); ++i) {
    for (const uint16_t offset : {uint16_t{0}, http_port_offset, peer_port_offset}) {
      if (port_is_free(port_of(i, offset))) continue;
      return fail(Fault::refused, fmt::format("port {} is in use; choose others with --port (it "
                                              "takes PORT to PORT+{}, and as many 100 and "
                                              "200 above)",
                                              port_of(i, offset), children_.size() - 1));
    }
  }
  return {};
}

std::vector<std::string> Supervisor::arguments_of(size_t child) const {
  std::string cluster;
  for (size_t i = 0; i < children_.size(); ++i) {
    cluster += fmt::format("{}{}={}", i == 0 ? "" : ",", i + 1, address_of(i, peer_port_offset));
  }
  std::vector<std::string> arguments{"coterie",  "serve",
                                     "--node",   std::to_string(child + 1),
                                     "--listen", address_of(child, 0),
                                     "--http",   address_of(child, http_port_offset),
                                     "--data",   folder_.data_of(child + 1)};
  if (children_.size() > 1) arguments.insert(arguments.end(), {"--cluster", cluster});
  arguments.insert(arguments.end(), options_.serve_arguments.begin(),
                   options_.serve_arguments.end());
  return arguments;
}

void Supervisor::note(const std::string& line) const {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void Supervisor::start(size_t child) {
  Child& one = children_[child];
  one.start_at = Instant::never();
  one.started = process::monotonic_now();
  one.answered = false;
  const Result<process::ProcessId> process =
      process::spawn({.program = options_.program,
                      .arguments = arguments_of(child),
                      .output = folder_.log_of(child + 1),
                      .dies_with_parent = options_.nodes_die_with_us});
  if (process) {
    one.process = *process;
  } else {
    note(fmt::format("node {}: {}", child + 1, process.error().message));
    one.start_at = process::monotonic_now() + one.policy.after_death({});
  }
  write_record(true);
}

void Supervisor::bury(size_t child, int wait_status) {
  Child& one = children_[child];
  const int64_t pid = one.process.pid;
  one.process = {};
  write_record(true);
  if (stopping_) return;
  const std::string end =
      fmt::format("node {} (pid {}) {}", child + 1, pid, process::describe_end(wait_status));
  if (!ready_ && says_why_it_cannot_start(wait_status)) {
    fmt::print(stderr, "coterie up: {}: {}\n", end, last_line(folder_.log_of(child + 1)));
    failure_code_ = WEXITSTATUS(wait_status);
    return;
  }
  if (!options_.restart) return note(end);
  const Instant now = process::monotonic_now();
  const Duration delay = one.policy.after_death(now - one.started);
  one.start_at = now + delay;
  if (one.policy.in_a_loop()) {
    note(fmt::format("{}: it keeps dying; next try in {:.1f} s. Its last words, in {}:\n  {}", end,
                     delay.seconds(), folder_.log_of(child + 1),
                     last_line(folder_.log_of(child + 1))));
  } else {
    note(fmt::format("{}; starting it again in {:.1f} s", end, delay.seconds()));
  }
}

void Supervisor::reap() {
  int wait_status = 0;
  for (pid_t pid = waitpid(-1, &wait_status, WNOHANG); pid > 0;
       pid = waitpid(-1, &wait_status, WNOHANG)) {
    for (size_t i = 0; i < children_.size(); ++i) {
      if (children_[i].process.pid == pid) bury(i, wait_status);
    }
  }
}

void Supervisor::start_what_is_due() {
  const Instant now = process::monotonic_now();
  for (size_t i = 0; i < children_.size(); ++i) {
    if (children_[i].start_at > now) continue;
    ++children_[i].restarts;
    start(i);
    note(fmt::format("node {} was started again (pid {})", i + 1, children_[i].process.pid));
  }
}

void Supervisor::look_for_readiness(const std::function<void()>& on_ready) {
  if (ready_) return;
  std::string missing;
  for (size_t i = 0; i < children_.size(); ++i) {
    Child& one = children_[i];
    if (one.answered) continue;
    client::RedisUrl url;
    url.port = port_of(i, 0);
    url.password = options_.password;
    const Result<client::NodeView> view = client::ask_node(url, readiness_patience);
    one.answered = view && view->ready;
    if (!one.answered && missing.empty()) {
      missing =
          fmt::format("node {}: {}", i + 1, view ? view->not_ready_reason : view.error().message);
    }
  }
  if (missing.empty()) {
    ready_ = true;
    write_record(true);
    note("ready");
    on_ready();
  } else if (process::monotonic_now() >= complain_at_) {
    note(fmt::format("not ready after {:.0f} s: {}", (process::monotonic_now() - begun_).seconds(),
                     missing));
    complain_at_ = process::monotonic_now() + complaint_interval;
  }
}

bool Supervisor::any_running() const {
  return std::any_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.process.pid != 0; });
}

int Supervisor::wait_milliseconds() const {
  Instant until = ready_ ? Instant::never() : process::monotonic_now() + readiness_interval;
  for (const Child& child : children_) until = std::min(until, child.start_at);
  if (until == Instant::never()) return -1;
  return static_cast<int>(std::max<int64_t>(0, (until - process::monotonic_now()).ms() + 1));
}

// TERM for all, and KILL for those that are still there after the grace, or after a second signal.
int Supervisor::stop_all(int signal_socket) {
  stopping_ = true;
  if (any_running()) note("stopping the nodes");
  for (const Child& child : children_) {
    if (child.process.pid == 0) continue;
    ::kill(static_cast<pid_t>(child.process.pid), SIGTERM);
    ::kill(static_cast<pid_t>(child.process.pid), SIGCONT);  // a stopped process hears nothing else
  }
  const Instant deadline = process::monotonic_now() + options_.grace;
  bool killed = false;
  reap();
  while (any_running()) {
    const Duration left = deadline - process::monotonic_now();
    wait_readable(signal_socket,
                  killed ? -1 : static_cast<int>(std::max<int64_t>(0, left.ms() + 1)));
    const bool impatient = take_signals(signal_socket);
    reap();
    if (killed || (!impatient && process::monotonic_now() < deadline)) continue;
    for (size_t i = 0; i < children_.size(); ++i) {
      if (children_[i].process.pid == 0) continue;
      note(fmt::format("node {} has not stopped: killing it", i + 1));
      ::kill(static_cast<pid_t>(children_[i].process.pid), SIGKILL);
    }
    killed = true;
  }
  write_record(false);
  return failure_code_;
}

int Supervisor::run(const std::function<void()>& on_ready) {
  const int signal_socket = open_signals();
  begun_ = process::monotonic_now();
  complain_at_ = begun_ + complaint_interval;
  for (size_t i = 0; i < children_.size(); ++i) start(i);
  print_table();
  bool stop = false;
  while (!stop && failure_code_ == 0) {
    look_for_readiness(on_ready);
    wait_readable(signal_socket, wait_milliseconds());
    stop = take_signals(signal_socket);
    reap();
    if (stop || failure_code_ != 0) break;
    start_what_is_due();
    if (!options_.restart && !any_running()) {
      fmt::print(stderr, "coterie up: all nodes have died\n");
      failure_code_ = exit_no;
    }
  }
  const int code = stop_all(signal_socket);
  ::close(signal_socket);
  return code;
}

void Supervisor::print_table() const {
  const Style style(is_terminal(stdout));
  std::string table = style.bold(
      fmt::format("{:<6}{:<18}{:<18}{:<9}{}\n", "node", "clients", "http", "pid", "data"));
  for (size_t i = 0; i < children_.size(); ++i) {
    table += fmt::format("{:<6}{:<18}{:<18}{:<9}{}\n", i + 1, address_of(i, 0),
                         address_of(i, http_port_offset), children_[i].process.pid,
                         folder_.data_of(i + 1));
  }
  note(table + fmt::format("The data stay in {}, the logs are in {}/logs.", folder_.root(),
                           folder_.root()));
}

void Supervisor::write_record(bool running) const {
  ClusterRecord record;
  record.detached = !options_.nodes_die_with_us;
  if (running) record.supervisor = process::identify(getpid());
  for (size_t i = 0; i < children_.size(); ++i) {
    record.nodes.push_back({.id = i + 1,
                            .process = children_[i].process,
                            .restarts = children_[i].restarts,
                            .resp = address_of(i, 0),
                            .http = address_of(i, http_port_offset),
                            .peer = address_of(i, peer_port_offset)});
  }
  if (const Result<void> written = folder_.write(record); !written) {
    fmt::print(stderr, "coterie up: {}\n", written.error().message);
  }
}

}  // namespace coterie::cli
