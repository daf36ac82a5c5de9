// Stands for `coterie serve` where the supervisor is tested: takes the same flags, answers every
// request with its status, and behaves badly when it is told to with --fake:
//   exit-78       says why and ends at once
//   ignore-term   does not stop when asked to
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/process/loopback.h"
#include "coterie/server/resp/request_parser.h"
#include "coterie/world/net/address.h"

namespace {

int listen_on(uint16_t port) {
  const auto socket = coterie::process::listen_on_loopback(port, 16);
  if (socket) return *socket;
  fmt::print(stderr, "fake node: {}\n", socket.error().message);
  std::exit(69);
}

// Answers what has arrived; false when the client is gone.
bool answer(int socket, coterie::resp::RequestParser& parser, const std::string& status) {
  char bytes[4'096];
  const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  parser.feed({bytes, static_cast<size_t>(count)});
  while (parser.next() == coterie::resp::RequestParser::Outcome::complete) {
    const std::string reply = fmt::format("${}\r\n{}\r\n", status.size(), status);
    if (::send(socket, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return false;
    parser.consume();
  }
  parser.settle();
  return true;
}

}  // namespace

int main(int count, char** words) {
  std::map<std::string, std::string> flags;
  for (int i = 2; i + 1 < count; i += 2) flags[words[i]] = words[i + 1];
  fmt::print("node {} lives\n", flags["--node"]);
  std::fflush(stdout);
  if (flags["--fake"] == "exit-78") {
    fmt::print(stderr, "this folder belongs to another cluster\n");
    return 78;
  }
  if (flags["--fake"] == "ignore-term") std::signal(SIGTERM, SIG_IGN);
  const auto address = coterie::world::parse_host_port(flags["--listen"]);
  if (!address) return 64;
  const std::string status = fmt::format(
      R"({{"id":{},"pid":{},"leader":1,"role":"follower","ready":true,"resp":"{}","members":[]}})",
      flags["--node"], getpid(), flags["--listen"]);
  const int listener = listen_on(address->port);
  std::map<int, coterie::resp::RequestParser> clients;
  while (true) {
    std::vector<pollfd> sockets{{.fd = listener, .events = POLLIN, .revents = 0}};
    for (const auto& [socket, parser] : clients)
      sockets.push_back({.fd = socket, .events = POLLIN, .revents = 0});
    poll(sockets.data(), sockets.size(), -1);
    for (const pollfd& one : sockets) {
      if (one.revents == 0) continue;
      if (one.fd == listener) {
        clients.try_emplace(::accept(listener, nullptr, nullptr));
      } else if (!answer(one.fd, clients.at(one.fd), status)) {
        clients.erase(one.fd);
        ::close(one.fd);
      }
    }
  }
}
