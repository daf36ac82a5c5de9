// See http_post.h. RFC 9112.
#include "coterie/torture/http_post.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/process/process.h"

namespace coterie::torture {

namespace {

using process::monotonic_now;

constexpr Duration connect_patience = seconds(1);
constexpr Duration look_interval = milliseconds(100);  // how soon it is noticed that we stop
constexpr std::string_view line_end = "\r\n";

bool wait_for(int socket, int16_t events, Duration patience) {
  pollfd one{.fd = socket, .events = events, .revents = 0};
  return poll(&one, 1, static_cast<int>(std::max<int64_t>(0, patience.ms() + 1))) > 0;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_size(std::string_view text, int base, size_t& size) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, base);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(Fault::corrupt, fmt::format("this is no HTTP answer: {}", what));
}

}  // namespace

Result<bool> HttpAnswerParser::complete() {
  if (!head_read_) {
    const Result<bool> head = read_head();
    if (!head || !*head) return head;
  }
  if (chunked_) return read_chunks();
  if (bytes_.size() < length_) return false;
  answer_.body = bytes_.substr(0, length_);
  return true;
}

Result<bool> HttpAnswerParser::read_head() {
  const size_t end = bytes_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (bytes_.size() > head_bytes_max) return corrupt("its head does not end");
    return false;
  }
  std::string_view head = std::string_view(bytes_).substr(0, end);
  const std::string_view first = head.substr(0, head.find(line_end));
  size_t status = 0;
  if (!first.starts_with("HTTP/1.1 ") || !parse_size(first.substr(9, 3), 10, status))
    return corrupt("it begins otherwise");
  answer_.status = static_cast<int>(status);
  bool told = false;
  head.remove_prefix(first.size());
  while (!head.empty()) {
    head.remove_prefix(line_end.size());
    const std::string_view line = head.substr(0, head.find(line_end));
    head.remove_prefix(line.size());
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return corrupt("a line of its head has no colon");
    const std::string name = lower(line.substr(0, colon));
    const std::string value = lower(trimmed(line.substr(colon + 1)));
    if (name == "content-length") {
      told = parse_size(value, 10, length_) && length_ <= body_bytes_max;
    } else if (name == "transfer-encoding") {
      told = chunked_ = value == "chunked";
    } else if (name == "connection" && value == "close") {
      keeps_alive_ = false;
    }
  }
  if (!told) return corrupt("it does not say how long it is, or is too long");
  bytes_.erase(0, end + 4);
  head_read_ = true;
  return true;
}

// Each chunk is its size in hexadecimal digits, and its bytes; one of size 0 is the last.
Result<bool> HttpAnswerParser::read_chunks() {
  while (true) {
    const size_t end = bytes_.find(line_end);
    if (end == std::string::npos) {
      if (bytes_.size() > head_bytes_max) return corrupt("the size of a chunk does not end");
      return false;
    }
    size_t size = 0;
    const std::string_view line = std::string_view(bytes_).substr(0, end);
    if (!parse_size(line.substr(0, line.find(';')), 16, size))
      return corrupt("the size of a chunk");
    if (size > body_bytes_max - answer_.body.size()) return corrupt("it is too long");
    const size_t whole = end + line_end.size() + size + line_end.size();
    if (bytes_.size() < whole) return false;
    answer_.body += bytes_.substr(end + line_end.size(), size);
    bytes_.erase(0, whole);
    if (size == 0) return true;
  }
}

void HttpConnection::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

Result<void> HttpConnection::connect(Instant deadline) {
  if (socket_ >= 0) return {};
  const auto failed = [this] {
    const std::string why = std::strerror(errno);
    close();
    return fail(Fault::io, fmt::format("127.0.0.1:{}: {}", port_, why));
  };
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return failed();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return {};
  if (errno != EINPROGRESS) return failed();
  const Duration patience = std::min(connect_patience, deadline - monotonic_now());
  socklen_t size = sizeof errno;
  if (!wait_for(socket_, POLLOUT, patience)) {
    errno = ETIMEDOUT;
    return failed();
  }
  int error = 0;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  if (error != 0) return failed();
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

Result<void> HttpConnection::send(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail(Fault::outcome_unknown, std::strerror(errno));
    } else if (!wait_for(socket_, POLLOUT, deadline - monotonic_now())) {
      return fail(Fault::outcome_unknown, "the server takes no more bytes");
    }
  }
  return {};
}

Result<HttpAnswer> HttpConnection::receive(Instant deadline,
                                           const std::function<bool()>& stopping) {
  HttpAnswerParser parser;
  char bytes[16 << 10];
  while (!stopping()) {
    const Duration left = deadline - monotonic_now();
    if (left <= Duration{}) return fail(Fault::outcome_unknown, "no answer in time");
    if (!wait_for(socket_, POLLIN, std::min(left, look_interval))) continue;
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return fail(Fault::outcome_unknown, "the server closed the connection");
    parser.feed({bytes, static_cast<size_t>(count)});
    const Result<bool> complete = parser.complete();
    if (!complete) return fail(Fault::outcome_unknown, complete.error().message);
    if (!*complete) continue;
    if (!parser.keeps_alive()) close();
    return parser.answer();
  }
  return fail(Fault::outcome_unknown, "stopped");
}

Result<HttpAnswer> HttpConnection::post(std::string_view path, std::string_view json,
                                        Duration patience, const std::function<bool()>& stopping) {
  const Instant deadline = monotonic_now() + patience;
  COTERIE_CHECK(connect(deadline));
  const std::string request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      path, port_, json.size(), json);
  const Result<void> sent = send(request, deadline);
  Result<HttpAnswer> answer =
      sent ? receive(deadline, stopping) : Result<HttpAnswer>(tl::unexpected(sent.error()));
  if (!answer) close();
  return answer;
}

}  // namespace coterie::torture
