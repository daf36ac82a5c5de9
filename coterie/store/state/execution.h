// An Execution is what the handler of a command gets: its arguments, the database, log time, and
// the keyspace to read and, for a command of class write or blocking, to change. The handler writes
// exactly one reply. It runs the same on every replica: it may look at nothing else.
//
// The core has checked the arity (command.h: arity_fits), so arg(i) for required arguments is
// there. A handler checks everything before its first change: nothing is rolled back.
//
// Revisions: the first change takes the next revision; every key this command changes gets it. A
// command that changes nothing takes none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "coterie/base/assert.h"
#include "coterie/base/reply.h"
#include "coterie/store/state/command.h"
#include "coterie/store/state/keyspace.h"
#include "coterie/store/state/state.h"

namespace coterie::state {

class Execution;
using Handler = void (*)(Execution&);

// The handler of a data command; nullptr: there is none. Of classes read, write and blocking, all
// but those the core executes itself: what namespace number names, ONCE and FENCE.
Handler handler_for(uint16_t number);

// A live key under change. No other change may be made while an Edit lives. When it ends and the
// value is a list, hash or set without elements, the key is removed.
class Edit {
 public:
  Edit(Edit&& other) noexcept;
  Edit& operator=(Edit&&) = delete;
  ~Edit();

  explicit operator bool() const { return record_ != nullptr; }  // false: the key is absent
  // REQUIRES of the following: the key is there.
  const Record& record() const { return *record_; }
  ValueType type() const { return record_->value.type(); }
  bool is(ValueType type) const { return record_ != nullptr && record_->value.is(type); }
  Value& change();  // the value, to be changed: the key takes this command's revision

 private:
  friend class Execution;
  Edit(Execution* execution, const KeyPlace& place, Record* record, bool created);
  Execution* execution_;
  KeyPlace place_;
  Record* record_;
  uint64_t bytes_before_ = 0;
  bool created_ = false;
  bool changed_ = false;
};

class Execution {
 public:
  // What surrounds the command; the core fills it in.
  struct Context {
    const Keyspace* keyspace = nullptr;
    Keyspace* writable = nullptr;  // nullptr: read only
    Revision* revision = nullptr;  // the state's counter; nullptr: read only
    std::vector<Published>* published = nullptr;
    std::vector<std::pair<uint8_t, Bytes>>* pushed =
        nullptr;  // (db, key) in order of their first push
    int64_t now_ms = 0;
    bool may_block = false;  // false inside EXEC, for a waiter being served, and for reads
    std::optional<std::string_view> serving_key;
  };

  Execution(const Context& context, const CommandSpec& spec, uint8_t db,
            std::span<const std::string_view> args, ReplyBuilder& reply)
      : context_(context), spec_(spec), db_(db), args_(args), reply_(reply) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  const CommandSpec& spec() const { return spec_; }
  uint8_t db() const { return db_; }
  size_t argc() const { return args_.size(); }
  std::string_view arg(size_t i) const {
    return args_[i];
  }  // the name is not among them. REQUIRES: i < argc()
  std::span<const std::string_view> args() const { return args_; }
  int64_t now_ms() const {
    return context_.now_ms;
  }  // log time, milliseconds since 1970 by the cluster's clock
  ReplyBuilder& reply() { return reply_; }

  // Reading. Pointers are valid until the next change.
  const Keyspace& keyspace() const {
    return *context_.keyspace;
  }                                                // for SCAN, KEYS, DBSIZE, random picks
  const Record* find(std::string_view key) const;  // nullptr: absent or expired

  // Changing. REQUIRES: the command's class is write or blocking (asserted).
  Edit edit(std::string_view key);  // an existing key; false when there is none
  Edit edit_or_create(std::string_view key,
                      ValueType type);  // a missing one is made, empty; check type() of an old one
  void put(std::string_view key, Value value,
           int64_t deadline_ms = no_deadline);  // inserts or overwrites all of it
  bool erase(std::string_view key);             // false: there was none
  // A deadline that is not after now makes the key absent at once. no_deadline takes it away.
  // False: no such key.
  bool set_deadline(std::string_view key, int64_t deadline_ms);
  void flush(uint8_t db);    // removes all keys of a database
  Revision take_revision();  // this command's revision; SET ... TOKEN answers it

  // LPUSH and its kin call it for each key they pushed to. Waiters are served after the command, or
  // after the whole EXEC it stands in.
  void pushed(std::string_view key);
  void publish(std::string_view channel, std::string_view message);

  // Blocking. A blocking handler first tries to be served, by serving_key() alone if there is one,
  // else by its keys in order; when there is nothing to have it calls block(). True: it waits, and
  // writes no reply. False: it may not wait (inside EXEC, or it waits already): it writes its reply
  // for "nothing" (a null array for BLPOP). When one of the keys is pushed to, the same handler is
  // called again with the same arguments, serving_key() and no leave to wait; if it calls block()
  // or answers an error then, its reply is dropped and it goes on waiting. At `deadline_ms` (log
  // time; no_deadline: never) the core answers a null array.
  std::optional<std::string_view> serving_key() const { return context_.serving_key; }
  bool block(std::span<const std::string_view> keys, int64_t deadline_ms);

  // For the core: what block() asked for.
  struct BlockRequest {
    std::vector<std::string_view> keys;
    int64_t deadline_ms = no_deadline;
  };
  const std::optional<BlockRequest>& block_request() const { return block_request_; }
  bool would_block() const { return would_block_; }

 private:
  friend class Edit;
  Keyspace& writable() {
    COTERIE_ASSERT(context_.writable != nullptr);
    return *context_.writable;
  }
  KeyPlace place(std::string_view key) const;

  Context context_;
  const CommandSpec& spec_;
  uint8_t db_;
  std::span<const std::string_view> args_;
  ReplyBuilder& reply_;
  Revision taken_;               // 0: none yet
  mutable KeyPlace last_place_;  // most commands ask for one key several times
  std::optional<BlockRequest> block_request_;
  bool would_block_ = false;
  bool editing_ = false;
};

}  // namespace coterie::state
