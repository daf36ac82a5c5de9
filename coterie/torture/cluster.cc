// See cluster.h.
#include "coterie/torture/cluster.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::torture {

namespace {

namespace fs = std::filesystem;

constexpr const char* small_disk_options = "size=128m,mode=0750";
constexpr size_t filler_block_bytes = 1u << 20, filler_rest_bytes = 4u << 10;

std::string reason() { return std::strerror(errno); }

// The last line of a file that is not empty.
std::string last_line(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line, last;
  while (std::getline(in, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

// Writes blocks of that size until there is no room.
void fill(int file, size_t block_bytes) {
  const std::string block(block_bytes, 'f');
  ssize_t count = 0;
  do {
    count = ::write(file, block.data(), block.size());
  } while (count > 0 || (count < 0 && errno == EINTR));
}

}  // namespace

Result<void> Cluster::allow_mounts() {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return fail(Fault::refused, fmt::format("a small disk cannot be mounted here: {}", reason()));
  }
  return {};
}

Result<std::unique_ptr<Cluster>> Cluster::start(const ClusterOptions& options) {
  COTERIE_TRY(proxy, Proxy::start(mix_seed(options.seed, 1)));
  std::unique_ptr<Cluster> cluster(new Cluster(options, std::move(proxy)));
  COTERIE_CHECK(cluster->choose_ports());
  COTERIE_CHECK(cluster->mount_small_disks());
  for (uint64_t node = 1; node <= options.nodes; ++node) COTERIE_CHECK(cluster->launch(node));
  return cluster;
}

Cluster::Cluster(const ClusterOptions& options, std::unique_ptr<Proxy> proxy)
    : options_(options),
      // Two runs with one seed may be side by side: ports are not the seed's.
      ports_(mix_seed(static_cast<uint64_t>(getpid()),
                      static_cast<uint64_t>(process::monotonic_now().ns))),
      proxy_(std::move(proxy)),
      nodes_(options.nodes) {}

Cluster::~Cluster() {
  for (uint64_t node = 1; node <= nodes(); ++node) kill(node);
  for (const uint64_t node : options_.small_disks) ::umount2(disk_of(node).c_str(), MNT_DETACH);
}

Result<void> Cluster::choose_ports() {
  for (Node& node : nodes_) {
    COTERIE_TRY(resp, ports_.free());
    COTERIE_TRY(peer, ports_.free());
    node.resp_port = resp;
    node.peer_port = peer;
  }
  for (uint64_t from = 1; from <= nodes(); ++from) {
    for (uint64_t to = 1; to <= nodes(); ++to) {
      uint16_t port = at(to).peer_port;
      if (from != to) {
        COTERIE_TRY(link, proxy_->add(ports_, port));
        port = link;
      }
      at(from).links.push_back(port);
    }
  }
  return {};
}

Result<void> Cluster::mount_small_disks() {
  for (uint64_t node = 1; node <= nodes(); ++node) {
    const std::string disk = disk_of(node);
    std::error_code error;
    fs::create_directories(disk, error);
    if (error) return fail(Fault::io, fmt::format("cannot make {}: {}", disk, error.message()));
    if (!options_.small_disks.contains(node)) continue;
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, small_disk_options) != 0)
      return fail(Fault::refused, fmt::format("cannot mount a small disk: {}", reason()));
  }
  return {};
}

std::string Cluster::disk_of(uint64_t node) const {
  return fmt::format("{}/{}", options_.folder, node);
}

std::string Cluster::log_of(uint64_t node) const {
  return fmt::format("{}/{}.log", options_.folder, node);
}

std::string Cluster::sync_switch_of(uint64_t node) const {
  return fmt::format("{}/{}.syncs-fail", options_.folder, node);
}

std::vector<client::RedisUrl> Cluster::urls() const {
  std::vector<client::RedisUrl> urls;
  for (const Node& node : nodes_) {
    client::RedisUrl url;
    url.port = node.resp_port;
    urls.push_back(url);
  }
  return urls;
}

Result<client::NodeView> Cluster::ask(uint64_t node, Duration patience) const {
  client::RedisUrl url;
  url.port = at(node).resp_port;
  return client::ask_node(url, patience);
}

std::vector<std::string> Cluster::arguments_of(uint64_t node) const {
  std::string cluster;
  for (uint64_t peer = 1; peer <= nodes(); ++peer)
    cluster +=
        fmt::format("{}{}=127.0.0.1:{}", peer == 1 ? "" : ",", peer, at(node).links[peer - 1]);
  std::vector<std::string> arguments{"coterie",  "serve",
                                     "--node",   std::to_string(node),
                                     "--listen", fmt::format("127.0.0.1:{}", at(node).resp_port),
                                     "--http",   "off",
                                     "--data",   data_of(node)};
  if (nodes() > 1) arguments.insert(arguments.end(), {"--cluster", cluster});
  return arguments;
}

void Cluster::remember(uint64_t node, NodeEvent::Kind kind, std::string how) {
  events_.push_back(
      {.node = node, .kind = kind, .at = process::monotonic_now(), .how = std::move(how)});
}

Result<void> Cluster::launch(uint64_t node) {
  if (running(node)) return {};
  process::SpawnOptions options{
      .program = options_.program, .arguments = arguments_of(node), .output = log_of(node)};
  if (!options_.disk_shim.empty()) {
    options.environment = {"LD_PRELOAD=" + options_.disk_shim,
                           "COTERIE_SHIM_SYNC_FAILS_FILE=" + sync_switch_of(node)};
  }
  COTERIE_TRY(process, process::spawn(options));
  at(node).process = process;
  remember(node, NodeEvent::Kind::started);
  return {};
}

void Cluster::kill(uint64_t node) {
  if (!running(node)) return;
  // It is our child and not yet waited for: the number is still its own.
  const auto pid = static_cast<pid_t>(at(node).process.pid);
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  at(node).process = {};
  remember(node, NodeEvent::Kind::killed);
}

void Cluster::pause(uint64_t node) {
  if (!running(node)) return;
  ::kill(static_cast<pid_t>(at(node).process.pid), SIGSTOP);
  remember(node, NodeEvent::Kind::paused);
}

void Cluster::resume(uint64_t node) {
  if (!running(node)) return;
  ::kill(static_cast<pid_t>(at(node).process.pid), SIGCONT);
  remember(node, NodeEvent::Kind::resumed);
}

std::vector<Ending> Cluster::ended() {
  std::vector<Ending> all;
  for (uint64_t node = 1; node <= nodes(); ++node) {
    if (!running(node)) continue;
    int wait_status = 0;
    if (::waitpid(static_cast<pid_t>(at(node).process.pid), &wait_status, WNOHANG) <= 0) continue;
    at(node).process = {};
    all.push_back(
        {node, fmt::format("{}: {}", process::describe_end(wait_status), last_line(log_of(node)))});
    remember(node, NodeEvent::Kind::ended, all.back().how);
  }
  return all;
}

Result<void> Cluster::empty_folder(uint64_t node) {
  COTERIE_ASSERT(!running(node));
  std::error_code error;
  fs::remove_all(data_of(node), error);
  remember(node, NodeEvent::Kind::wiped);
  if (!error) return {};
  return fail(Fault::io, fmt::format("cannot empty {}: {}", data_of(node), error.message()));
}

Result<void> Cluster::let_syncs_fail(uint64_t node, bool failing) {
  COTERIE_ASSERT(!options_.disk_shim.empty());
  std::error_code error;
  const std::string path = sync_switch_of(node);
  if (failing) {
    std::ofstream out(path);
    if (!out) return fail(Fault::io, fmt::format("cannot write {}", path));
  } else {
    fs::remove(path, error);
  }
  return {};
}

Result<void> Cluster::fill_disk(uint64_t node) {
  COTERIE_ASSERT(options_.small_disks.contains(node));
  const std::string path = filler_of(node);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(Fault::io, fmt::format("cannot write {}: {}", path, reason()));
  fill(file, filler_block_bytes);
  fill(file, filler_rest_bytes);
  ::close(file);
  return {};
}

Result<void> Cluster::free_disk(uint64_t node) {
  std::error_code error;
  fs::remove(filler_of(node), error);
  if (!error) return {};
  return fail(Fault::io, fmt::format("cannot remove {}: {}", filler_of(node), error.message()));
}

void Cluster::set_link(uint64_t from, uint64_t to, const LinkFaults& faults) {
  COTERIE_ASSERT(from != to);
  proxy_->set(at(from).links[to - 1], faults);
}

void Cluster::kill_link(uint64_t from, uint64_t to) {
  COTERIE_ASSERT(from != to);
  proxy_->kill_connections(at(from).links[to - 1]);
}

}  // namespace coterie::torture
