// Clients that move amounts between accounts, as every course does it: WATCH two, read them, write
// both in MULTI ... EXEC. An EXEC that went through is one operation with what was read under
// WATCH, for nothing may have changed since; one that was refused did nothing. WATCH and MULTI live
// and end with their connection.
#include <charconv>

#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

constexpr uint64_t accounts = 3;

class Transfer final : public Conversation {
 public:
  using Conversation::Conversation;

 protected:
  Words begin() override {
    stage_ = Stage::watch;
    const uint64_t first = random().below(accounts);
    from_ = fmt::format("{}{}", account_prefix, first);
    to_ =
        fmt::format("{}{}", account_prefix, (first + 1 + random().below(accounts - 1)) % accounts);
    return {"WATCH", from_, to_};
  }

  Words heard(const Heard& heard) override {
    const bool ok = heard.outcome == proof::Outcome::ok;
    switch (stage_) {
      case Stage::watch:
        stage_ = Stage::read_from;
        return ok ? Words{"GET", from_} : Words();
      case Stage::read_from:
        record(operation(heard, {{"get", from_, {}}}, as_text(heard.value)));
        held_from_ = as_text(heard.value);
        stage_ = Stage::read_to;
        return ok ? Words{"GET", to_} : Words();
      case Stage::read_to:
        record(operation(heard, {{"get", to_, {}}}, as_text(heard.value)));
        held_to_ = as_text(heard.value);
        stage_ = Stage::multi;
        return ok ? Words{"MULTI"} : Words();
      case Stage::multi:
        stage_ = Stage::set_from;
        return ok ? Words{"SET", from_, moved(held_from_, -1)} : Words();
      case Stage::set_from:
        stage_ = Stage::set_to;
        return ok ? Words{"SET", to_, moved(held_to_, 1)} : Words();
      case Stage::set_to:
        stage_ = Stage::exec;
        return ok ? Words{"EXEC"} : Words();
      case Stage::exec:
        record(executed(heard));
        return {};
    }
    return {};
  }

  bool expects_error(std::string_view error) const override {
    return stage_ == Stage::exec && error.starts_with("EXECABORT");
  }
  bool same_connection() const override { return true; }

 private:
  enum class Stage : uint8_t { watch, read_from, read_to, multi, set_from, set_to, exec };

  static std::string moved(const proof::Value& held, int64_t by) {
    int64_t amount = 0;
    std::from_chars(held.text.data(), held.text.data() + held.text.size(), amount);
    return std::to_string(amount + by);
  }

  proof::Operation executed(const Heard& heard) {
    Heard what = heard;
    if (heard.outcome == proof::Outcome::ok && (heard.value.is_null() || heard.value.is_error()))
      what.outcome = proof::Outcome::failed;
    const proof::Value done = proof::Value::of(std::string("OK"));
    return operation(what,
                     {{"get", from_, {}},
                      {"get", to_, {}},
                      {"set", from_, {moved(held_from_, -1)}},
                      {"set", to_, {moved(held_to_, 1)}}},
                     proof::Value::of(std::vector<proof::Value>{held_from_, held_to_, done, done}));
  }

  Stage stage_ = Stage::watch;
  std::string from_, to_;
  proof::Value held_from_, held_to_;
};

}  // namespace

std::unique_ptr<Script> transfer_script(const ScriptOptions& options) {
  return std::make_unique<Transfer>(options);
}

}  // namespace coterie::workload
