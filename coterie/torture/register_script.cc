// See register_script.h.
#include "coterie/torture/register_script.h"

#include "coterie/workload/conversation.h"

namespace coterie::torture {

namespace {

class RegisterScript final : public workload::SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string key = register_key(random().below(register_keys));
    const double choice = random().unit();
    if (choice < 0.45) return {{"GET", key}, {"get", key, {}}, workload::as_text};
    if (choice < 0.75) {
      const std::string value = own_value();
      return {{"SET", key, value}, {"set", key, {value}}, workload::as_done};
    }
    if (choice < 0.8) return {{"DEL", key}, {"del", key, {}}, workload::as_flag};
    // Most often what somebody has written lately: some succeed.
    const std::string value = own_value(), old = guess();
    return {{"SET", key, value, "IFEQ", old}, {"cas", key, {old, value}}, workload::as_flag};
  }

 private:
  // A value that may have been written: by this client, some conversations ago.
  std::string guess() {
    const uint64_t ago = 1 + random().below(4);
    return conversations() > ago
               ? std::to_string(options().client) + "-" + std::to_string(conversations() - ago)
               : "none";
  }
};

}  // namespace

std::string register_key(uint64_t number) { return "coterie-torture/" + std::to_string(number); }

std::unique_ptr<workload::Script> register_script(const workload::ScriptOptions& options) {
  return std::make_unique<RegisterScript>(options);
}

}  // namespace coterie::torture
