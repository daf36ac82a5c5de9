// A client that wants its increments exactly once: it repeats ONCE with the same number until it
// has an answer, and gives up early on purpose, so that repetitions meet their originals. All
// attempts together are one operation, from the first call to the answer.
#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

class Once final : public Conversation {
 public:
  using Conversation::Conversation;

 protected:
  Words begin() override {
    open_ = false;
    return words();
  }

  Words heard(const Heard& heard) override {
    if (!open_) called_ns_ = heard.called_ns;
    open_ = true;
    const bool forgotten = heard.outcome == proof::Outcome::ok && heard.value.is_error();
    if (heard.outcome != proof::Outcome::ok) return words();
    Heard all = heard;
    all.called_ns = called_ns_;
    if (forgotten) all.outcome = proof::Outcome::unknown;
    record(operation(all, {call()}, as_text(heard.value)));
    return {};
  }

  void broken_off() override {
    Heard nothing;
    nothing.called_ns = called_ns_;
    record(operation(nothing, {call()}, {}));
  }

  bool expects_error(std::string_view error) const override {
    return error.starts_with("ONCEEXPIRED");
  }
  Duration pause_within() override { return milliseconds(random().between(0, 20)); }
  Duration patience() const override {
    return impatient_ ? milliseconds(30) : Conversation::patience();
  }

 private:
  Words words() {
    impatient_ = random().chance(0.3);
    return {"ONCE", fmt::format("client-{}", options().client), std::to_string(conversations()),
            "INCR", once_counter(options().client)};
  }
  proof::Call call() const { return {"incr", once_counter(options().client), {}}; }

  bool open_ = false;
  bool impatient_ = false;
  int64_t called_ns_ = 0;
};

}  // namespace

std::string once_counter(uint32_t client) { return fmt::format("once{}", client); }

std::unique_ptr<Script> once_script(const ScriptOptions& options) {
  return std::make_unique<Once>(options);
}

}  // namespace coterie::workload
