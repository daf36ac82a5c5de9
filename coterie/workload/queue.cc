// The clients of a queue: unique items are pushed at one end and taken at the other, by those who
// ask and by those who wait.
#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

class Queue final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string key = fmt::format("{}{}", queue_prefix, random().below(2));
    const uint64_t what = random().below(10);
    if (what < 5) {
      const std::string item = own_value();
      return {{"RPUSH", key, item}, {"rpush", key, {item}}, as_text};
    }
    if (what < 7) return {{"LPOP", key}, {"lpop", key, {}}, as_text};
    // One that waits and gets nothing found nothing there: it is a pop like the others.
    const char* wait_s = random().chance(0.5) ? "0.5" : "0.05";
    return {{"BLPOP", key, wait_s}, {"lpop", key, {}}, as_popped};
  }
};

}  // namespace

std::unique_ptr<Script> queue_script(const ScriptOptions& options) {
  return std::make_unique<Queue>(options);
}

}  // namespace coterie::workload
