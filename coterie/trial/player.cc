// See player.h.
#include "coterie/trial/player.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace coterie::trial {

Player::Player(sim::Simulation& simulation, Seen& seen, std::unique_ptr<workload::Script> script,
               uint32_t number, const std::vector<NodeId>& nodes, uint64_t seed)
    : simulation_(simulation),
      seen_(seen),
      script_(std::move(script)),
      number_(number),
      client_(simulation, number, nodes, seed) {}

void Player::start() {
  started_ = simulation_.now();
  go_on();
}

std::string Player::describe() const {
  return fmt::format("{} at node {}", script_->describe(), client_.at());
}

void Player::go_on() {
  if (done_) return;
  const std::optional<workload::Step> step = script_->next();
  if (!step) {
    done_ = true;
    return;
  }
  chosen_ = true;
  Duration pause = step->pause;
  if (step->start) pause = std::max(started_ + *step->start - simulation_.now(), Duration());
  if (pause.ns == 0) return send(*step);
  simulation_.after(pause, [this, step = *step, pause = ++pauses_] {
    if (!done_ && pause == pauses_) send(step);
  });
}

void Player::finish() {
  script_->finish();
  if (done_ || !chosen_ || client_.busy()) return;
  // It pauses before a command: that is not sent any more.
  ++pauses_;
  take({{}, false, 0, {}}, simulation_.now());
  go_on();
}

// The first command of a conversation is about to be sent.
void Player::begin(const workload::Step& first) {
  conversation_ = script_->conversations();
  const auto planned = held_.find(conversation_);
  client_.begin(conversation_, planned == held_.end() ? NodeId() : planned->second.node);
  if (decisions_ == nullptr) return;
  if (decisions_->conversations.size() >= Decisions::most) {
    decisions_->complete = false;
    return;
  }
  std::string words;
  for (const std::string& word : first.words) words += (words.empty() ? "" : " ") + word;
  constexpr size_t shown_bytes = 60;
  if (words.size() > shown_bytes) words = words.substr(0, shown_bytes) + "...";
  decisions_->conversations.push_back(
      {number_, conversation_, simulation_.now() - started_, client_.at(), std::move(words)});
}

void Player::send(const workload::Step& step) {
  if (script_->conversations() != conversation_) begin(step);
  client_.command(step, [this, called = simulation_.now()](const workload::Answer& answer) {
    if (done_) return;
    take(answer, called);
    go_on();
  });
}

void Player::take(const workload::Answer& answer, Instant called) {
  chosen_ = false;
  script_->answered(answer, called.ns, simulation_.now().ns);
  collect();
  if (seen_.surprise.empty()) seen_.surprise = script_->surprise().value_or("");
}

void Player::collect() {
  for (proof::Operation& operation : script_->take()) {
    seen_.acknowledged += operation.outcome == proof::Outcome::ok ? 1 : 0;
    seen_.unknown += operation.outcome == proof::Outcome::unknown ? 1 : 0;
    seen_.refused += operation.outcome == proof::Outcome::failed ? 1 : 0;
    seen_.history.push_back(std::move(operation));
    seen_.nodes.push_back(client_.asked());
  }
}

void Player::abandon() {
  if (done_) return;
  done_ = true;
  if (chosen_)
    take({{}, client_.busy(), 0, {}}, client_.busy() ? client_.since() : simulation_.now());
  script_->abandon();
  collect();
}

}  // namespace coterie::trial
