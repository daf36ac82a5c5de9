// See register_script.h.
#include "coterie/torture/register_script.h"

#include <map>
#include <utility>

#include "coterie/workload/conversation.h"

namespace coterie::torture {

namespace {

class RegisterScript final : public workload::Conversation {
 public:
  using Conversation::Conversation;

 protected:
  Words begin() override {
    const std::string key = register_key(random().below(register_keys));
    const double choice = random().unit();
    if (choice < 0.4) return under_way({"GET", key}, {"get", key, {}}, workload::as_text);
    const std::string value = own_value();
    if (choice < 0.65)
      return under_way({"SET", key, value}, {"set", key, {value}}, workload::as_done);
    if (choice < 0.7) return under_way({"DEL", key}, {"del", key, {}}, workload::as_flag);
    // What this client has seen there last: if nobody was faster, it succeeds.
    const std::string old = seen_[key].empty() ? "nothing" : seen_[key];
    return under_way({"SET", key, value, "IFEQ", old}, {"cas", key, {old, value}},
                     workload::as_flag);
  }

  Words heard(const workload::Heard& heard) override {
    record(operation(heard, {call_}, reading_(heard.value)));
    if (heard.outcome != proof::Outcome::ok) return {};
    if (call_.name == "get") seen_[call_.key] = heard.value.text;
    if (call_.name == "set") seen_[call_.key] = call_.args[0];
    return {};
  }

 private:
  using Reading = proof::Value (*)(const resp::Value&);

  Words under_way(Words words, proof::Call call, Reading reading) {
    call_ = std::move(call);
    reading_ = reading;
    return words;
  }

  proof::Call call_;
  Reading reading_ = workload::as_text;
  std::map<std::string, std::string> seen_;  // by key
};

}  // namespace

std::string register_key(uint64_t number) { return "coterie-torture/" + std::to_string(number); }

std::unique_ptr<workload::Script> register_script(const workload::ScriptOptions& options) {
  return std::make_unique<RegisterScript>(options);
}

}  // namespace coterie::torture
