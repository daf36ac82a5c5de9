// See conversation.h.
#include "coterie/workload/conversation.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"

namespace coterie::workload {

namespace {

// Errors that say the command was not executed, Coterie's and Redis'.
constexpr std::string_view not_executed[] = {"CLUSTERDOWN", "LOADING",  "UNBLOCKED",
                                             "DISKFULL",    "READONLY", "MASTERDOWN",
                                             "MISCONF",     "OOM",      "NOREPLICAS"};

bool says_not_executed(std::string_view error) {
  return std::any_of(std::begin(not_executed), std::end(not_executed),
                     [&](std::string_view start) { return error.starts_with(start); });
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + (word.size() > 40 ? word.substr(0, 40) + "..." : word);
  }
  return text;
}

}  // namespace

bool is_message(const resp::Value& value) {
  return value.kind == resp::Value::Kind::push && !value.elements.empty() &&
         value.elements[0].text == "message";
}

std::optional<Step> Conversation::next() {
  COTERIE_ASSERT(under_way_.empty());
  if (!follows_.empty()) {
    const Duration pause = pause_within();
    return step(std::exchange(follows_, {}), pause, same_connection());
  }
  if (!options_.starts.empty()) return next_by_the_clock();
  Duration pause;
  while (!finishing_ && begun_ < options_.conversations_max) {
    ++begun_;
    pause = pause + draw_pause();
    // What is left out takes its time all the same.
    if (!options_.left_out.contains(begun_)) return step(begin(), pause, false);
  }
  return {};
}

std::optional<Step> Conversation::next_by_the_clock() {
  const auto next = options_.starts.upper_bound(begun_);
  if (finishing_ || next == options_.starts.end()) return {};
  begun_ = next->first;
  draw_pause();  // which nobody waits for: what is said stays the same
  Step first = step(begin(), {}, false);
  first.start = next->second;
  return first;
}

// The first that the stream of a conversation gives.
Duration Conversation::draw_pause() {
  random_ = Random(mix_seed(options_.seed, begun_));
  values_ = 0;
  return nanoseconds(
      static_cast<int64_t>(random_.exponential(static_cast<double>(options_.pause_mean.ns))));
}

Step Conversation::step(Words words, Duration pause, bool same) {
  COTERIE_ASSERT(!words.empty());
  under_way_ = std::move(words);
  const bool hurried = random_.chance(options_.hurry);
  const Duration hurry = milliseconds(random_.between(1, 50));
  return {pause, {}, under_way_, hurried ? hurry : patience(), same};
}

void Conversation::answered(const Answer& answer, int64_t called_ns, int64_t returned_ns) {
  COTERIE_ASSERT(!under_way_.empty());
  Heard what;
  what.connection = answer.connection;
  what.called_ns = called_ns;
  what.returned_ns = returned_ns;
  what.pushed = answer.pushed;
  if (!answer.sent) {
    what.outcome = proof::Outcome::failed;
  } else if (answer.value && !(answer.value->is_error() && !expects_error(answer.value->text))) {
    what.outcome = proof::Outcome::ok;
    what.value = *answer.value;
  } else if (answer.value && !answer.value->text.starts_with("UNKNOWN")) {
    what.outcome = proof::Outcome::failed;
    if (!says_not_executed(answer.value->text) && !surprise_) {
      surprise_ = fmt::format("client {}: {} was answered: {}", options_.client, joined(under_way_),
                              answer.value->text);
    }
  }
  follows_ = heard(what);
  under_way_.clear();
}

void Conversation::abandon() {
  COTERIE_ASSERT(under_way_.empty());
  if (!follows_.empty()) broken_off();
  follows_.clear();
  finishing_ = true;
}

std::string Conversation::describe() const {
  return fmt::format("client {} ({}), conversation {}: {}", options_.client,
                     kind_name(options_.kind), begun_,
                     joined(under_way_.empty() ? follows_ : under_way_));
}

std::string Conversation::own_value() {
  std::string value = fmt::format("{}-{}", options_.client, begun_);
  if (values_++ > 0) value += fmt::format("-{}", values_);
  if (value.size() < options_.value_bytes) value += ' ';
  while (value.size() < options_.value_bytes) value += 'x';
  return value;
}

std::string Conversation::some_key(std::string_view prefix) {
  return fmt::format("{}{}", prefix, random_.below(options_.keys));
}

proof::Operation Conversation::operation(const Heard& heard, std::vector<proof::Call> calls,
                                         proof::Value result) const {
  proof::Operation operation;
  operation.client = options_.client;
  operation.calls = std::move(calls);
  operation.called_ns = heard.called_ns;
  operation.returned_ns = heard.returned_ns;
  operation.outcome = heard.outcome;
  if (heard.outcome == proof::Outcome::ok) operation.result = std::move(result);
  return operation;
}

Conversation::Words SingleCommand::begin() {
  draft_ = draw();
  return draft_.words;
}

Conversation::Words SingleCommand::heard(const Heard& heard) {
  record(operation(heard, {draft_.call}, draft_.reading(heard.value)));
  return {};
}

proof::Value as_text(const resp::Value& value) {
  if (value.is_null()) return {};
  if (value.kind == resp::Value::Kind::integer) return proof::Value::of(value.integer);
  return proof::Value::of(value.text);
}

proof::Value as_list(const resp::Value& value) {
  std::vector<proof::Value> list;
  for (const resp::Value& element : value.elements) list.push_back(as_text(element));
  return proof::Value::of(std::move(list));
}

proof::Value as_done(const resp::Value&) { return proof::Value::of(std::string("OK")); }

proof::Value as_flag(const resp::Value& value) {
  const bool zero = value.kind == resp::Value::Kind::integer && value.integer == 0;
  return proof::Value::of(std::string(value.is_null() || zero ? "0" : "1"));
}

proof::Value as_popped(const resp::Value& value) {
  if (value.elements.size() != 2) return {};
  return as_text(value.elements[1]);
}

}  // namespace coterie::workload
