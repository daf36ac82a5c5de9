// Clients that want a lock, write under its token, and give it back. Now and then one sleeps past
// its time with the lock in its hand, as a process does that is stopped: its token must not be
// accepted after a newer one.
#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

constexpr std::string_view lock_key = "lock", resource = "resource";
constexpr std::string_view ttl_ms = "300";

class Lock final : public Conversation {
 public:
  using Conversation::Conversation;

 protected:
  Words begin() override {
    stage_ = Stage::acquire;
    owner_ = own_value();
    return {"SET", std::string(lock_key), owner_, "NX", "PX", std::string(ttl_ms), "TOKEN"};
  }

  Words heard(const Heard& heard) override {
    switch (stage_) {
      case Stage::acquire:
        record(operation(heard, {{"acquire", std::string(lock_key), {owner_, std::string(ttl_ms)}}},
                         as_text(heard.value)));
        if (heard.value.kind != resp::Value::Kind::integer) return {};
        token_ = std::to_string(heard.value.integer);
        stage_ = Stage::use;
        return {"FENCE", std::string(resource), token_, "SET", "guarded", token_};
      case Stage::use:
        record(operation(heard, {{"use", std::string(resource), {token_}}},
                         proof::Value::of(std::string(heard.value.is_error() ? "0" : "1"))));
        if (random().chance(0.3)) return {};  // forgets to give it back
        stage_ = Stage::release;
        // Some hold it too long and delete what may be another's by then.
        return {"DELIFEQ", std::string(lock_key), owner_};
      case Stage::release:
        record(
            operation(heard, {{"release", std::string(lock_key), {owner_}}}, as_flag(heard.value)));
        return {};
    }
    return {};
  }

  bool expects_error(std::string_view error) const override {
    return stage_ == Stage::use && error.starts_with("STALETOKEN");
  }
  Duration pause_within() override {
    return milliseconds(random().chance(0.3) ? random().between(200, 800) : random().between(0, 5));
  }

 private:
  enum class Stage : uint8_t { acquire, use, release };

  Stage stage_ = Stage::acquire;
  std::string owner_;
  std::string token_;
};

}  // namespace

std::unique_ptr<Script> lock_script(const ScriptOptions& options) {
  return std::make_unique<Lock>(options);
}

}  // namespace coterie::workload
