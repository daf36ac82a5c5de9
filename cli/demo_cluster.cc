// See demo_cluster.h.
#include "cli/demo_cluster.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/supervisor.h"
#include "coterie/base/random.h"

namespace coterie::cli {

namespace {

constexpr Duration start_patience = seconds(60);
constexpr Duration answer_patience = seconds(1);
constexpr Duration request_patience =
    seconds(20);  // longer than a failover, so that it is seen and not guessed
constexpr int port_tries = 50;

// Below those that the kernel gives to clients.
constexpr uint16_t first_port = 20'000, last_port = 31'000;

}  // namespace

bool wait_until(Duration patience, const std::function<bool()>& holds) {
  const Instant deadline = process::monotonic_now() + patience;
  while (!holds()) {
    if (process::monotonic_now() >= deadline) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

Result<std::unique_ptr<DemoCluster>> DemoCluster::start() {
  std::string path = (std::filesystem::temp_directory_path() / "coterie-demo-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return fail(Fault::io, fmt::format("cannot make a temporary folder: {}", std::strerror(errno)));
  }
  std::unique_ptr<DemoCluster> cluster(new DemoCluster(path));
  COTERIE_CHECK(cluster->run_supervisor());
  return cluster;
}

Result<void> DemoCluster::run_supervisor() {
  Random random(mix_seed(static_cast<uint64_t>(getpid()),
                         static_cast<uint64_t>(process::monotonic_now().ns)));
  for (int i = 0; i < port_tries && port_ == 0; ++i) {
    const auto port = static_cast<uint16_t>(random.between(first_port, last_port));
    if (Supervisor(folder_, {.nodes = nodes, .port = port}).check_ports()) port_ = port;
  }
  if (port_ == 0) return fail(Fault::refused, "no free ports were found");
  const std::string said = folder_.root() + "/said";
  COTERIE_TRY(process, process::spawn({.arguments = {"coterie", "up", "--data", folder_.root(),
                                                     "--port", std::to_string(port_)},
                                       .output = said}));
  supervisor_ = process;
  const bool ready = wait_until(start_patience, [&] {
    return last_line(said) == "ready" || !process::is_alive(supervisor_);
  });
  if (ready && process::is_alive(supervisor_)) return {};
  keep_ = true;
  return fail(Fault::io, fmt::format("the cluster did not start: {} (its logs are in {})",
                                     last_line(said), folder()));
}

DemoCluster::~DemoCluster() {
  if (process::send_signal(supervisor_, SIGTERM)) {
    waitpid(static_cast<pid_t>(supervisor_.pid), nullptr, 0);
  }
  std::error_code ignored;
  if (!keep_) std::filesystem::remove_all(folder_.root(), ignored);
}

client::RedisUrl DemoCluster::url_of(uint64_t node) const {
  client::RedisUrl url;
  url.port = static_cast<uint16_t>(port_ + node - 1);
  return url;
}

Result<client::RedisLink> DemoCluster::connect(uint64_t node) const {
  return client::RedisLink::connect(url_of(node),
                                    {.connect = answer_patience, .reply = request_patience});
}

Result<client::ClusterView> DemoCluster::view(client::AskFor what) const {
  std::vector<client::RedisUrl> entries;
  for (uint64_t node = 1; node <= nodes; ++node) entries.push_back(url_of(node));
  return client::ask_cluster(entries, answer_patience, what);
}

Result<client::NodeView> DemoCluster::view_of(uint64_t node) const {
  return client::ask_node(url_of(node), answer_patience);
}

Result<uint64_t> DemoCluster::leader(uint64_t besides) const {
  std::optional<uint64_t> found;
  wait_until(seconds(15), [&] {
    const Result<client::ClusterView> now = view();
    if (now && now->leader != besides) found = now->leader;
    return found.has_value();
  });
  if (!found) return fail(Fault::timed_out, "no leader was agreed on");
  return *found;
}

Result<NodeRecord> DemoCluster::record_of(uint64_t node) const {
  COTERIE_TRY(record, folder_.read());
  for (const NodeRecord& one : record.nodes) {
    if (one.id == node) return one;
  }
  return fail(Fault::not_found, fmt::format("there is no node {}", node));
}

Result<process::ProcessId> DemoCluster::kill(uint64_t node) const {
  COTERIE_TRY(record, record_of(node));
  if (!process::send_signal(record.process, SIGKILL))
    return fail(Fault::io, fmt::format("node {} cannot be killed", node));
  return record.process;
}

}  // namespace coterie::cli
