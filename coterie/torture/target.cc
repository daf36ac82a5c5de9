// See target.h.
#include "coterie/torture/target.h"

#include <algorithm>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "coterie/client/redis_link.h"
#include "coterie/torture/etcd_driver.h"
#include "coterie/torture/register_script.h"

namespace coterie::torture {

namespace {

constexpr std::string_view redis_scheme = "redis://", etcd_scheme = "etcd://";
constexpr Duration answer_patience = seconds(5);

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

Result<void> prepare_redis(const client::RedisUrl& url, bool flush) {
  COTERIE_TRY(link, client::RedisLink::connect(url));
  if (flush) {
    COTERIE_TRY(flushed, link.command({"FLUSHALL"}));
    // A replica takes no writes; it follows its primary.
    if (flushed.is_error() && !flushed.text.starts_with("READONLY"))
      return fail(Fault::refused, fmt::format("{}: FLUSHALL: {}", url.address(), flushed.text));
  }
  COTERIE_TRY(size, link.command({"DBSIZE"}));
  if (size.is_error())
    return fail(Fault::refused, fmt::format("{}: DBSIZE: {}", url.address(), size.text));
  if (size.integer == 0) return {};
  return fail(Fault::refused, fmt::format("{} holds {} keys, and torture begins with none: name an "
                                          "empty server, or say --flush to remove them all",
                                          url.address(), size.integer));
}

Result<void> prepare_etcd(const Target& target, bool flush) {
  EtcdDriver driver({target.nodes.front().port}, 1);
  for (uint32_t n = 0; n < register_keys; ++n) {
    const std::string key = register_key(n);
    workload::Step step;
    step.patience = answer_patience;
    step.words = {flush ? "DEL" : "GET", key};
    const workload::Answer answer = driver.perform(step);
    if (!answer.value)
      return fail(Fault::io,
                  fmt::format("{} does not answer as etcd does", target.nodes.front().address()));
    if (answer.value->is_error()) return fail(Fault::refused, answer.value->text);
    if (!flush && !answer.value->is_null()) {
      return fail(Fault::refused,
                  fmt::format("the key {} is there from an earlier run: say --flush "
                              "to remove it and its like",
                              key));
    }
  }
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  Target target;
  if (text.starts_with(redis_scheme)) {
    text.remove_prefix(redis_scheme.size());
  } else if (text.starts_with(etcd_scheme)) {
    target.protocol = Target::Protocol::etcd;
    text.remove_prefix(etcd_scheme.size());
  } else {
    return fail(Fault::invalid, fmt::format("'{}' begins with neither redis:// nor etcd://", text));
  }
  do {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    COTERIE_TRY(url, client::parse_redis_url(std::string(redis_scheme) + std::string(one)));
    if (!is_loopback(url.host)) {
      return fail(Fault::invalid, fmt::format("{} is not of this machine: torture takes loopback "
                                              "addresses only, such as 127.0.0.1",
                                              url.host));
    }
    target.nodes.push_back(url);
  } while (!text.empty());
  return target;
}

Result<void> prepare_target(const Target& target, bool flush) {
  if (target.protocol == Target::Protocol::etcd) return prepare_etcd(target, flush);
  for (const client::RedisUrl& url : target.nodes) COTERIE_CHECK(prepare_redis(url, flush));
  return {};
}

}  // namespace coterie::torture
