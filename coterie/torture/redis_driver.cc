// See redis_driver.h.
#include "coterie/torture/redis_driver.h"

#include <algorithm>
#include <string_view>

#include "coterie/base/assert.h"
#include "coterie/process/process.h"

namespace coterie::torture {

namespace {

using process::monotonic_now;

constexpr Duration connect_patience = seconds(1);
constexpr Duration look_interval = milliseconds(100);  // how soon stop() is noticed
constexpr size_t pushed_max = 10'000;                  // messages kept until the next answer

}  // namespace

RedisDriver::RedisDriver(std::vector<client::RedisUrl> nodes, uint64_t seed)
    : nodes_(std::move(nodes)), random_(seed) {
  COTERIE_ASSERT(!nodes_.empty());
  at_ = random_.below(nodes_.size());
}

bool RedisDriver::connect() {
  auto link = client::RedisLink::connect(nodes_[at_], {.connect = connect_patience});
  if (!link) return false;
  link_ = std::move(*link);
  ++connection_;
  return true;
}

workload::Answer RedisDriver::lost(bool sent) {
  link_.reset();
  at_ = random_.below(nodes_.size());
  return {.value = std::nullopt, .sent = sent, .connection = connection_, .pushed = {}};
}

workload::Answer RedisDriver::perform(const workload::Step& step) {
  const Instant deadline = monotonic_now() + step.patience;
  if (link_ && link_->broken()) link_.reset();
  if (!link_ && (step.same_connection || stopping() || !connect())) return lost(false);
  const std::vector<std::string_view> words(step.words.begin(), step.words.end());
  if (!link_->send(words)) return lost(true);
  workload::Answer answer{.value = {}, .sent = true, .connection = connection_, .pushed = {}};
  answer.value = receive(deadline, answer.pushed);
  if (answer.value) return answer;
  workload::Answer nothing = lost(true);
  nothing.pushed = std::move(answer.pushed);
  return nothing;
}

std::optional<resp::Value> RedisDriver::receive(Instant deadline,
                                                std::vector<resp::Value>& pushed) {
  while (!stopping()) {
    const Duration left = deadline - monotonic_now();
    if (left <= Duration{}) return std::nullopt;
    Result<resp::Value> value = link_->receive(std::min(left, look_interval));
    if (!value) {
      if (value.error().fault == Fault::timed_out) continue;
      return std::nullopt;
    }
    if (!workload::is_message(*value)) return *std::move(value);
    if (pushed.size() < pushed_max) pushed.push_back(*std::move(value));
  }
  return std::nullopt;
}

}  // namespace coterie::torture
