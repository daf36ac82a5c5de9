// What all scripts have in common: the streams of their conversations, which of them are held, what
// an answer says about the outcome, and the history so far.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/workload/script.h"

namespace coterie::workload {

// An answer as the store's promises have it. An error that tells why a command was not executed is
// `failed`; one that nothing explains is a surprise.
struct Heard {
  proof::Outcome outcome = proof::Outcome::unknown;
  resp::Value value;  // of Outcome::ok; an error only if the script said that it expects it
  uint64_t connection = 0;
  int64_t called_ns = 0, returned_ns = 0;
  std::vector<resp::Value> pushed;
};

class Conversation : public Script {
 public:
  explicit Conversation(const ScriptOptions& options) : options_(options), random_(0) {}

  std::optional<Step> next() final;
  void answered(const Answer& answer, int64_t called_ns, int64_t returned_ns) final;
  void finish() final { finishing_ = true; }
  void abandon() final;
  proof::History take() final { return std::exchange(history_, {}); }
  std::optional<std::string> surprise() const final { return surprise_; }
  std::string describe() const final;
  uint64_t conversations() const final { return begun_; }

 protected:
  using Words = std::vector<std::string>;

  // The first command of a conversation, drawn from random().
  virtual Words begin() = 0;
  // What the last one came to. The words of the next command of the same conversation; empty: it is
  // over.
  virtual Words heard(const Heard& heard) = 0;
  // The conversation ends here: record() what has begun.
  virtual void broken_off() {}
  // An error that is an answer like any other here, such as STALETOKEN.
  virtual bool expects_error(std::string_view) const { return false; }
  // How long to wait before the words that heard() gave; drawn anew for every step.
  virtual Duration pause_within() { return {}; }
  // Above options().patience for commands that wait at the node.
  virtual Duration patience() const { return options_.patience; }
  // Whether the words that heard() gave belong to the connection of what was heard.
  virtual bool same_connection() const { return false; }

  const ScriptOptions& options() const { return options_; }
  Random& random() { return random_; }  // of this conversation
  std::string own_value();              // a new one; unique among all clients
  std::string some_key(std::string_view prefix);
  void record(proof::Operation operation) { history_.push_back(std::move(operation)); }
  // The operation that `heard` ended. `result` counts for Outcome::ok only.
  proof::Operation operation(const Heard& heard, std::vector<proof::Call> calls,
                             proof::Value result) const;

 private:
  Step step(Words words, Duration pause, bool same);
  std::optional<Step> next_by_the_clock();
  Duration draw_pause();

  ScriptOptions options_;
  Random random_;
  proof::History history_;
  std::optional<std::string> surprise_;
  Words under_way_;
  Words follows_;  // the next of this conversation
  uint64_t begun_ = 0;
  uint64_t values_ = 0;
  bool finishing_ = false;
};

// A conversation of one command with one operation.
class SingleCommand : public Conversation {
 public:
  using Conversation::Conversation;

 protected:
  struct Draft {
    Words words;
    proof::Call call;
    proof::Value (*reading)(const resp::Value&);  // of the reply
  };
  virtual Draft draw() = 0;

  Words begin() final;
  Words heard(const Heard& heard) final;

 private:
  Draft draft_;
};

// Readings of replies.
proof::Value as_text(const resp::Value& value);    // bulk, integer or null
proof::Value as_list(const resp::Value& value);    // of texts, maps and sets included
proof::Value as_done(const resp::Value& value);    // "OK", whatever was said
proof::Value as_flag(const resp::Value& value);    // "1" unless it is null or 0
proof::Value as_popped(const resp::Value& value);  // the item of BLPOP's [key, item]

}  // namespace coterie::workload
