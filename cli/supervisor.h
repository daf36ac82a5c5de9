// Runs the nodes of a cluster as processes of this machine, each a `coterie serve`, and starts
// again what dies. One thread; it waits for signals (a child's death is one) and for the next thing
// to do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/cluster_folder.h"
#include "cli/restart_policy.h"

namespace coterie::cli {

struct SupervisorOptions {
  std::string program = "/proc/self/exe";
  uint64_t nodes = 3;
  uint16_t port = 7379;  // RESP of node 1; the next ports are those of the others, HTTP is 100 and
                         // peers are 200 above
  bool restart = true;
  bool nodes_die_with_us = true;
  std::vector<std::string> serve_arguments{};  // given to every node besides
  std::string password{};        // that they make the nodes ask for, to look whether they are ready
  Duration grace = seconds(10);  // between TERM and KILL
};

inline constexpr uint16_t http_port_offset = 100;
inline constexpr uint16_t peer_port_offset = 200;
inline constexpr uint64_t supervised_nodes_max = 9;

class Supervisor {
 public:
  // `folder` is open and outlives the supervisor.
  Supervisor(const ClusterFolder& folder, SupervisorOptions options);

  // Checks before anything starts: Fault::refused when a port is in use.
  Result<void> check_ports() const;
  // Starts the nodes, prints the table, calls on_ready once when all of them are, and watches over
  // them until INT, TERM or HUP; then stops them. Returns the exit code: 0 after a signal; a node's
  // own when it would not even start; 1 when all have died and none is to be restarted. Blocks
  // those signals and SIGCHLD in this thread.
  int run(const std::function<void()>& on_ready);

 private:
  struct Child {
    process::ProcessId process;
    RestartPolicy policy;
    Instant started;
    Instant start_at = Instant::never();  // when it is to be started again
    uint64_t restarts = 0;
    bool answered = false;  // is ready, since its last start
  };

  uint16_t port_of(size_t child, uint16_t offset) const;
  std::string address_of(size_t child, uint16_t offset) const;
  std::vector<std::string> arguments_of(size_t child) const;
  void start(size_t child);
  void bury(size_t child, int wait_status);
  void reap();
  void start_what_is_due();
  void look_for_readiness(const std::function<void()>& on_ready);
  int stop_all(int signal_socket);
  bool any_running() const;
  void note(const std::string& line) const;
  void print_table() const;
  void write_record(bool running) const;
  int wait_milliseconds() const;

  const ClusterFolder& folder_;
  SupervisorOptions options_;
  std::vector<Child> children_;
  bool ready_ = false;
  bool stopping_ = false;
  Instant begun_;
  Instant complain_at_;
  int failure_code_ = 0;  // a node refused to start
};

}  // namespace coterie::cli
