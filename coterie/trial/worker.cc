// What a worker does next. See workload.h.
#include <charconv>

#include <fmt/format.h>

#include "coterie/trial/workload.h"

namespace coterie::trial {

namespace {
constexpr Duration patience = seconds(12);  // above the node's own request timeout
constexpr int string_keys = 6;

// An error reply that says the command was not executed.
bool not_executed(const resp::Value& value) {
  if (!value.is_error()) return false;
  for (std::string_view start : {"CLUSTERDOWN", "LOADING", "UNBLOCKED", "DISKFULL"}) {
    if (value.text.starts_with(start)) return true;
  }
  return false;
}

bool not_known(const SimClient::Answer& answer) {
  return answer.sent &&
         (!answer.value || (answer.value->is_error() && answer.value->text.starts_with("UNKNOWN")));
}

std::string text_of(const resp::Value& value) {
  if (value.kind == resp::Value::Kind::integer) return std::to_string(value.integer);
  return value.text;
}
}  // namespace

Worker::Worker(sim::Simulation& simulation, Books& books, Kind kind, uint32_t number,
               std::vector<NodeId> nodes, uint64_t seed)
    : simulation_(simulation),
      books_(books),
      kind_(kind),
      random_(seed),
      client_(simulation, number, std::move(nodes), mix_seed(seed, 1)) {}

void Worker::start() { think(); }

std::string Worker::describe() const {
  std::string words;
  for (const std::string& word : client_.words()) words += (words.empty() ? "" : " ") + word;
  return fmt::format("client {} at node {} waits for: {}", client_.number(), client_.at(), words);
}

void Worker::think() {
  if (stopping_ && !once_open_) return;
  thinking_ = true;
  simulation_.after(nanoseconds(static_cast<int64_t>(random_.exponential(20e6))), [this] {
    thinking_ = false;
    if (!stopping_ || once_open_) act();
  });
}

void Worker::act() {
  switch (kind_) {
    case Kind::strings:
      return act_on_strings();
    case Kind::once:
      return act_once();
    case Kind::queue:
      return act_on_queue();
    case Kind::lock:
      return act_on_lock();
  }
}

void Worker::done_with(const SimClient::Answer& answer) {
  if (not_known(answer)) {
    ++books_.unknown;
  } else if (!answer.value || not_executed(*answer.value)) {
    ++books_.refused;
  } else {
    ++books_.acknowledged;
  }
}

void Worker::act_on_strings() {
  const std::string key = fmt::format("k{}", random_.below(string_keys));
  const std::string counter = fmt::format("c{}", random_.below(2));
  proof::Operation operation;
  operation.client = client_.number();
  operation.called_ns = simulation_.now().ns;
  proof::Call& call = operation.calls.emplace_back();
  std::vector<std::string> words;
  const uint64_t draw = random_.below(10);
  if (draw < 4) {
    call.name = "get";
    call.key = random_.chance(0.7) ? key : counter;
    words = {"GET", call.key};
  } else if (draw < 7) {
    call.name = "set";
    call.key = key;
    call.args = {fmt::format("{}-{}", client_.number(), ++made_)};
    words = {"SET", key, call.args[0]};
  } else if (draw < 9) {
    call.name = "incr";
    call.key = counter;
    words = {"INCR", counter};
  } else {
    call.name = "del";
    call.key = key;
    words = {"DEL", key};
  }
  client_.command(words, patience, [this, operation](const SimClient::Answer& answer) mutable {
    done_with(answer);
    operation.returned_ns = simulation_.now().ns;
    if (not_known(answer)) {
      operation.outcome = proof::Outcome::unknown;
    } else if (!answer.value || not_executed(*answer.value)) {
      operation.outcome = proof::Outcome::failed;
    } else if (operation.calls[0].name != "set") {
      operation.result = proof::Value::of(text_of(*answer.value));
    }
    books_.strings.push_back(std::move(operation));
    think();
  });
}

// The same number again and again until it is answered: applied once.
void Worker::act_once() {
  const std::string counter = fmt::format("once{}", client_.number());
  if (!once_open_) {
    ++once_number_;
    books_.once_asked(counter);
  }
  once_open_ = true;
  // A client that gives up early makes repetitions meet their originals.
  const Duration patient = random_.chance(0.3) ? milliseconds(random_.between(1, 50)) : patience;
  client_.command({"ONCE", fmt::format("client-{}", client_.number()), std::to_string(once_number_),
                   "INCR", counter},
                  patient, [this, counter](const SimClient::Answer& answer) {
                    done_with(answer);
                    if (answer.value && !answer.value->is_error()) {
                      once_open_ = false;
                      books_.once_answered(counter, answer.value->integer);
                    }
                    think();
                  });
}

void Worker::act_on_queue() {
  if (random_.chance(0.5)) {
    const std::string item = fmt::format("item-{}-{}", client_.number(), ++made_);
    books_.pushed(item, false);
    client_.command({"RPUSH", "queue", item}, patience,
                    [this, item](const SimClient::Answer& answer) {
                      done_with(answer);
                      if (answer.value && !answer.value->is_error()) books_.pushed(item, true);
                      think();
                    });
    return;
  }
  client_.command({"BLPOP", "queue", "0.5"}, patience, [this](const SimClient::Answer& answer) {
    done_with(answer);
    if (not_known(answer)) books_.pop_unknown();
    if (answer.value && answer.value->elements.size() == 2)
      books_.popped(answer.value->elements[1].text);
    think();
  });
}

void Worker::act_on_lock() {
  client_.command(
      {"SET", "lock", fmt::format("owner-{}", client_.number()), "NX", "PX", "300", "TOKEN"},
      patience, [this](const SimClient::Answer& answer) {
        done_with(answer);
        if (!answer.value || answer.value->kind != resp::Value::Kind::integer) return think();
        const int64_t token = answer.value->integer;
        // Now and then the holder sleeps past its time before it uses its token.
        const int64_t sleep_ms = random_.chance(0.3) ? random_.between(200, 800) : 0;
        thinking_ = true;
        simulation_.after(milliseconds(sleep_ms), [this, token] {
          thinking_ = false;
          use_token(token);
        });
      });
}

void Worker::use_token(int64_t token) {
  const int64_t called_ns = simulation_.now().ns;
  client_.command(
      {"FENCE", "resource", std::to_string(token), "SET", "guarded", std::to_string(token)},
      patience, [this, token, called_ns](const SimClient::Answer& answer) {
        done_with(answer);
        books_.fenced(token, answer.value && !answer.value->is_error(), called_ns,
                      simulation_.now().ns);
        think();
      });
}

}  // namespace coterie::trial
