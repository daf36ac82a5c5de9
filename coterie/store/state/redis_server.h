// For tests only: a real redis-server in a folder of its own behind a Unix socket, so that our
// replies can be compared with its replies byte by byte. Stopped and removed with the object.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coterie::state {

class RedisConnection {
 public:
  explicit RedisConnection(int socket) : socket_(socket) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};  // a reply that never comes fails a test
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RedisConnection() { ::close(socket_); }
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // The reply's bytes; empty when the connection broke.
  std::string ask(const std::vector<std::string>& words) {
    send(words);
    return receive();
  }

  // Many commands in one go: what a round trip each would cost is most of a test's time.
  std::vector<std::string> ask_all(const std::vector<std::vector<std::string>>& commands) {
    std::vector<std::string> replies;
    constexpr size_t in_flight_max = 64;  // few enough for both sides' socket buffers
    for (size_t from = 0; from < commands.size(); from += in_flight_max) {
      const size_t to = std::min(commands.size(), from + in_flight_max);
      for (size_t i = from; i < to; ++i) send(commands[i]);
      for (size_t i = from; i < to; ++i) replies.push_back(receive());
    }
    return replies;
  }

  void send(const std::vector<std::string>& words) {
    std::string request = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }

  // The next reply, whole; waits for it.
  std::string receive() {
    size_t at = 0;
    if (!skip_value(at)) return {};
    std::string reply = received_.substr(0, at);
    received_.erase(0, at);
    return reply;
  }

 private:
  bool fill(size_t bytes) {
    char buffer[64 * 1024];
    while (received_.size() < bytes) {
      const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      received_.append(buffer, static_cast<size_t>(n));
    }
    return true;
  }

  bool skip_line(size_t& at, std::string& line) {
    size_t end;
    while ((end = received_.find("\r\n", at)) == std::string::npos) {
      if (!fill(received_.size() + 1)) return false;
    }
    line = received_.substr(at, end - at);
    at = end + 2;
    return true;
  }

  bool skip_value(size_t& at) {
    std::string line;
    if (!skip_line(at, line) || line.empty()) return false;
    const char type = line[0];
    if (type != '$' && type != '=' && type != '*' && type != '%' && type != '~' && type != '>')
      return true;
    const long long count = std::atoll(line.c_str() + 1);
    if (count < 0) return true;
    if (type == '$' || type == '=') {
      at += static_cast<size_t>(count) + 2;
      return fill(at);
    }
    for (long long i = 0; i < (type == '%' ? 2 * count : count); ++i) {
      if (!skip_value(at)) return false;
    }
    return true;
  }

  int socket_;
  std::string received_;
};

class RedisServer {
 public:
  static bool installed() { return ::access("/usr/bin/redis-server", X_OK) == 0; }

  // Null: it could not be started.
  static std::unique_ptr<RedisServer> start() {
    auto server = std::unique_ptr<RedisServer>(new RedisServer);
    return server->launch() && server->connect() != nullptr ? std::move(server) : nullptr;
  }

  ~RedisServer() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // A connection of its own, as soon as the server listens. Null: it does not.
  std::unique_ptr<RedisConnection> connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/socket";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    constexpr int tries_max = 1'000;
    for (int i = 0; i < tries_max; ++i) {
      const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        return std::make_unique<RedisConnection>(socket);
      }
      ::close(socket);
      if (::waitpid(process_, nullptr, WNOHANG) == process_) {
        process_ = 0;
        return nullptr;
      }
      ::poll(nullptr, 0, 10);
    }
    return nullptr;
  }

 private:
  RedisServer() = default;

  bool launch() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "coterie-redis-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return false;
    folder_ = pattern;
    const std::string path = folder_ + "/socket", log = folder_ + "/log";
    process_ = ::fork();
    if (process_ != 0) return process_ > 0;
    ::execl("/usr/bin/redis-server", "redis-server", "--port", "0", "--unixsocket", path.c_str(),
            "--save", "", "--appendonly", "no", "--dir", folder_.c_str(), "--logfile", log.c_str(),
            nullptr);
    ::_exit(127);
  }

  std::string folder_;
  pid_t process_ = 0;
};

}  // namespace coterie::state
