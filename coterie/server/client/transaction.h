// MULTI and WATCH of one connection. Commands for the state are encoded as they are queued and go
// to the log as one command at EXEC (store/state/transaction.h), guarded by the revisions of the
// watched keys. What only the connection can answer (PING, SELECT, INFO ...) is kept here by its
// place, and is executed and woven into the reply when the transaction has been applied; not when
// it has failed, as in Redis.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/reply.h"
#include "coterie/store/state/command.h"
#include "coterie/store/state/transaction.h"

namespace coterie::server {

// One queued command, as far as its reply needs to know.
struct TransactionItem {
  enum class Kind : uint8_t {
    state,    // its reply is the next element of the answer
    publish,  // likewise; replaced by the number of subscribers of words[0]
    local,    // words: to be executed here
  };
  Kind kind = Kind::state;
  std::vector<std::string> words;
};

struct WatchedKey {
  uint8_t db = 0;
  std::string key;
  bool operator==(const WatchedKey&) const = default;
};

class Transaction {
 public:
  bool active() const { return active_; }
  // A command was refused while queueing: EXEC will be refused.
  bool broken() const { return broken_; }
  size_t commands() const { return items_.size(); }
  size_t bytes() const { return bytes_; }
  // The database that commands queued now will act on.
  uint8_t db() const { return db_; }
  bool only_state() const { return only_state_; }

  void begin(uint8_t db);
  void refuse();  // marks it broken and frees what was queued
  void queue_state(const state::CommandSpec& spec, std::span<const std::string_view> args);
  void queue_publish(const state::CommandSpec& spec, std::span<const std::string_view> args);
  void queue_local(std::span<const std::string_view> words);
  void select(uint8_t db) { db_ = db; }
  // Ends it; the watched keys stay.
  void end();

  // The queued commands of the state, encoded one after the other. Valid until the next change.
  std::string_view encoded() const { return encoded_.view(); }
  bool has_state_commands() const { return state_commands_ > 0; }
  std::vector<TransactionItem> take_items() { return std::move(items_); }

 private:
  void add_item(TransactionItem item, size_t bytes);

  bool active_ = false;
  bool broken_ = false;
  bool only_state_ = true;
  uint8_t db_ = 0;
  size_t state_commands_ = 0;
  size_t bytes_ = 0;
  std::vector<TransactionItem> items_;
  PayloadBuilder encoded_;
};

// The reply of EXEC: `answer`, the array of what the state answered, with the replies of the other
// commands in their places. `local` executes such a command and appends its reply; `receivers`
// counts the subscribers of a channel here. An answer that is no array (an error, or null: a
// watched key has changed) is the reply as it is.
Reply weave(
    const Reply& answer, const std::vector<TransactionItem>& items,
    const std::function<void(const std::vector<std::string>& words, ReplyBuilder& out)>& local,
    const std::function<int64_t(std::string_view channel)>& receivers);

}  // namespace coterie::server
