// Publishers and subscribers of one channel. Whatever reaches several subscribers must reach them
// in one order. A subscription lives and ends with its connection, so each connection is a
// subscriber of its own in the history; and since nothing answers a message, the subscriber asks
// PING now and then and takes what has come before the answer.
#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

constexpr std::string_view channel = "news";
// A connection's subscriber is client + that times the connection's number.
constexpr uint32_t subscriber_stride = 1'000;

class Publisher final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string message = own_value();
    return {{"PUBLISH", std::string(channel), message},
            {"publish", std::string(channel), {message}},
            as_done};
  }
};

class Subscriber final : public Conversation {
 public:
  using Conversation::Conversation;

 protected:
  Words begin() override {
    subscribing_ = subscribed_ == 0;
    return subscribing_ ? Words{"HELLO", "3"} : Words{"PING"};
  }

  Words heard(const Heard& heard) override {
    const bool ok = heard.outcome == proof::Outcome::ok;
    if (heard.connection == subscribed_) note(heard);
    if (!ok || (subscribed_ != 0 && heard.connection != subscribed_)) {
      subscribed_ = 0;
      return {};
    }
    if (!subscribing_) return {};
    if (heard.value.kind != resp::Value::Kind::push) return {"SUBSCRIBE", std::string(channel)};
    subscribed_ = heard.connection;
    since_ns_ = heard.returned_ns;
    return {};
  }

  bool same_connection() const override { return true; }

 private:
  void note(const Heard& heard) {
    std::vector<std::string> messages;
    for (const resp::Value& pushed : heard.pushed) {
      if (pushed.elements.size() == 3) messages.push_back(pushed.elements[2].text);
    }
    if (messages.empty()) return;
    Heard batch = heard;
    batch.outcome = proof::Outcome::ok;
    batch.called_ns = since_ns_;
    proof::Operation received =
        operation(batch, {{"received", std::string(channel), std::move(messages)}},
                  proof::Value::of(std::string("OK")));
    received.client += subscriber_stride * static_cast<uint32_t>(subscribed_);
    record(std::move(received));
    since_ns_ = heard.returned_ns;
  }

  bool subscribing_ = false;
  uint64_t subscribed_ = 0;  // the connection with the subscription; 0: none
  int64_t since_ns_ = 0;
};

}  // namespace

std::unique_ptr<Script> publisher_script(const ScriptOptions& options) {
  return std::make_unique<Publisher>(options);
}
std::unique_ptr<Script> subscriber_script(const ScriptOptions& options) {
  return std::make_unique<Subscriber>(options);
}

}  // namespace coterie::workload
