// ONCE client number COMMAND: a client's own exactly-once. The command of a number is applied once;
// asked again, its reply is replayed. Numbers may come in any order, as those of a client with
// several threads do.
//
// Bounded (state.h, Limits): of a client the highest once_replies_max numbers are kept; a client
// that was silent for once_silence_ms_max of log time loses its replies, and so does the one silent
// longest when all replies together take more than once_bytes_max. Numbers that were known and are
// no longer, and all below them, are answered -ONCEEXPIRED. To be able to say so, a client without
// replies stays in the table, until the table is full: then the one silent longest is forgotten
// altogether, and only then could an old number of it be taken for a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "coterie/base/digest.h"
#include "coterie/base/reply.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

struct OnceReply {
  uint64_t number = 0;
  Reply reply;
};
struct OnceReplyTraits {
  using Element = OnceReply;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  using Probe = uint64_t;
  static Probe probe(const OnceReply& once) { return once.number; }
  static uint64_t place(Probe number) { return number; }
  static uint64_t digest(const OnceReply& once) { return hash_of(once.reply.view(), once.number); }
};

struct OnceClient {
  Bytes name;
  uint64_t expired_below = 0;  // lower numbers that are not in `kept` are expired
  int64_t used_ms = 0;         // log time of its last ONCE
  uint64_t use = 0;            // the number of its last ONCE among all clients'
  uint64_t bytes = 0;          // of the kept replies
  CowTree<OnceReplyTraits> kept;
};
struct OnceClientTraits {
  using Element = OnceClient;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  using Probe = std::string_view;
  static Probe probe(const OnceClient& client) { return client.name.view(); }
  static uint64_t place(Probe name) { return hash_of(name); }
  static uint64_t digest(const OnceClient& client);
};

struct OnceUse {
  uint64_t use = 0;
  Bytes client;
};
struct OnceUseTraits {
  using Element = OnceUse;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  using Probe = uint64_t;
  static Probe probe(const OnceUse& use) { return use.use; }
  static uint64_t place(Probe use) { return use; }
  static uint64_t digest(const OnceUse&) { return 0; }
};

class OnceTable {
 public:
  enum class Fate : uint8_t { fresh, known, expired };
  struct Answer {
    Fate fate = Fate::fresh;
    Reply reply;  // of a known number
  };

  // What is known of a number; counts as a use of the client.
  Answer ask(std::string_view client, uint64_t number, int64_t now_ms);
  // Keeps the reply of a fresh number.
  void keep(std::string_view client, uint64_t number, Reply reply, int64_t now_ms);
  // Drops the replies of up to `most` clients that have been silent too long.
  void expire(int64_t now_ms, uint64_t most);

  uint64_t clients() const { return clients_.size(); }
  uint64_t kept_bytes() const { return bytes_; }
  void add_to(Digest& digest) const;

  // For a snapshot.
  template <class Visit>
  void visit(uint64_t first, Visit&& visit)
      const {  // visit(const OnceClient&) in hash order, until it returns false
    clients_.visit(first, visit);
  }
  uint64_t uses() const { return uses_; }
  void restore_uses(uint64_t uses) { uses_ = uses; }
  bool restore(OnceClient client);  // false: it contradicts what was restored before

 private:
  void use(OnceClient& client, int64_t now_ms);
  void forget_replies(OnceClient& client);
  void trim(OnceClient& client);
  void make_room();

  CowTree<OnceClientTraits> clients_;
  CowTree<OnceUseTraits> with_replies_;     // by last use
  CowTree<OnceUseTraits> without_replies_;  // by last use
  uint64_t uses_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace coterie::state
