// One client's connection: a machine over bytes. Requests come in, replies go out in the order of
// the requests, and in between the node is asked through its Gateway, which answers when it likes.
//
// What a connection promises about order, whatever the gateway's timing: a command sees the effects
// of the earlier commands of its connection and not those of later ones.
//   1. Writes go through the log, in the order in which they came; the log keeps it.
//   2. While a write is under way, reads go through the log too (Gateway::write takes them). A read
//   that comes in the
//      same turn before a write is sent only when the turn's commands are known, so that it too
//      goes through the log.
//   3. While reads are under way that do not go through the log, a write is held back until they
//   are answered: executed
//      later, such a read might see it. Therefore reads and log commands are never under way
//      together.
//   4. A command that may wait for others (BLPOP), WATCH, and an EEC whose reply has an effect on
//   the connection (SELECT
//      within MULTI) hold back all that follows until they are answered.
//   5. WATCH, and SUBSCRIBE and its kin, are held back until all earlier commands are answered: a
//   revision must not be
//      older than what the client has already seen, and a RESP2 client could not tell a message
//      from a reply.
// What is held back stays unparsed in the input buffer. It is taken up in a later turn (Hub::turn),
// never from within a call of the gateway; so the gateway is never called from within its own
// calls.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/node/gateway.h"
#include "coterie/server/client/output.h"
#include "coterie/server/client/reply_queue.h"
#include "coterie/server/client/settings.h"
#include "coterie/server/client/subscriptions.h"
#include "coterie/server/client/transaction.h"
#include "coterie/server/resp/request_parser.h"
#include "coterie/store/state/command.h"

namespace coterie::server {

class Hub;
struct LocalCommand;
using Words = std::span<const std::string_view>;

// Whoever carries the connection's bytes. Valid until on_disconnect() has returned.
class ConnectionHost {
 public:
  // Something of wants_input(), closed() or output() has changed outside of on_bytes and
  // on_end_of_input.
  virtual void touch() = 0;
  // Bytes taken from output() that have not left yet.
  virtual size_t unsent_bytes() const = 0;

 protected:
  ~ConnectionHost() = default;
};

// What a client has told about itself and chosen.
struct ClientInfo {
  ClientId id = 0;
  std::string remote;  // address:port
  Instant created;
  Instant last_active;
  std::string name, client_library, client_library_version;
  uint8_t db = 0;
  resp::Protocol protocol = resp::Protocol::resp2;
  bool authenticated = false;
  bool stale_reads = false;  // READONLY
  bool no_evict = false;
  bool no_touch = false;
  enum class Replies : uint8_t { on, off, skip_next, skip_this } replies = Replies::on;
  std::string_view last_command = "NULL", last_subcommand;
};

enum class Outcome : uint8_t {
  done,
  held,  // nothing has been done: the command is to be tried again later
};

class Connection {
 public:
  Connection(Hub& hub, ClientInfo info, ConnectionHost& host);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- The bytes' side. See server/byte_stream.h, which says the same for sockets.
  void on_bytes(
      std::string_view bytes);  // not after on_end_of_input, on_disconnect, or once closed()
  void on_end_of_input();
  bool wants_input() const;
  bool closed() const { return closed_; }
  std::vector<Payload>& output() { return output_.pieces(); }
  void on_disconnect();  // the last call

  // --- The hub's side.
  void on_answer(uint64_t sequence, Reply reply);
  // A push message, already in the connection's protocol.
  void deliver(const Payload& message);
  // Takes up what was held back.
  void resume();
  // Its request has not become complete in its time: it is told so and closed.
  void give_up_request();
  void touch() { host_.touch(); }
  // Answers with an error and closes, before anything was asked.
  void turn_away(std::string_view error);
  bool scheduled = false;  // the hub's own

  // --- The commands' side (commands_*.cc).
  ClientInfo& info() { return info_; }
  const ClientInfo& info() const { return info_; }
  Transaction& transaction() { return transaction_; }
  void set_authenticated(bool authenticated);
  // Commands are under way, or replies wait for them.
  bool waiting() const { return !replies_.empty(); }
  bool reads_under_way() const { return replies_.reads_under_way() > 0; }
  // Sends a reply at once. REQUIRES: !waiting()
  void send(const Reply& reply);
  // Answers in order of the commands; for replies that are known now.
  void answer(Reply reply);
  // Through the log; rule 1 and 2. REQUIRES: !reads_under_way()
  void ask_log(const state::CommandSpec& spec, uint8_t db, Words args,
               std::unique_ptr<ReplyPlan> plan = nullptr);
  // Past the log. REQUIRES: nothing is under way through it
  void ask_read(const state::CommandSpec& spec, uint8_t db, Words args, bool stale,
                std::unique_ptr<ReplyPlan> plan);
  // From the node's answer to the reply.
  Reply resolve(PublishPlan& plan, Reply answer);
  Reply resolve(WatchPlan& plan, Reply answer);
  Reply resolve(ExecPlan& plan, Reply answer);
  // Rule 4, for the command that was asked last.
  void hold_what_follows() { barrier_ = true; }
  void close_after_replies() { ending_ = true; }
  void close_at_once();

  // Watched keys with the revisions at which they were seen.
  using Watched = std::map<std::pair<uint8_t, std::string>, Revision>;
  const Watched& watched() const { return watched_; }
  size_t watched_bytes() const { return watched_bytes_; }
  bool watch_failed() const { return watch_failed_; }
  void unwatch();

  using Names = std::set<std::string, std::less<>>;
  Names& channels() { return channels_; }
  Names& patterns() { return patterns_; }
  const Names& channels() const { return channels_; }
  const Names& patterns() const { return patterns_; }
  size_t subscriptions() const { return channels_.size() + patterns_.size(); }
  size_t subscription_bytes = 0;
  void unsubscribe_all();

  // For CLIENT LIST.
  size_t input_bytes() const { return parser_.waiting_bytes(); }
  size_t input_buffer_bytes() const { return parser_.buffer_bytes(); }
  size_t output_bytes() const { return output_.size_bytes() + host_.unsent_bytes(); }
  uint64_t output_bytes_total() const { return output_.total_bytes(); }
  size_t replies_waiting() const { return replies_.size(); }
  const Transaction& transaction() const { return transaction_; }
  bool blocked() const { return blocking_; }
  bool ending() const { return ending_; }

 private:
  struct UndecidedRead {
    const state::CommandSpec* spec;
    uint8_t db;
    bool stale;
    size_t words_begin, words_count;
    uint64_t sequence;
  };

  void process();
  bool may_go_on() const;
  void flush();
  void finish();
  void check_output();
  void account_input();

  Outcome execute(Words words);
  Outcome refuse(std::string_view error);
  Outcome refuse_unknown(Words words);
  Outcome refuse_arity(const state::CommandSpec& spec);
  Outcome queue(const state::CommandSpec& spec, const LocalCommand* local, Words words);
  Outcome read(const state::CommandSpec& spec, Words args);
  Outcome write(const state::CommandSpec& spec, Words args);
  Outcome run_local(const LocalCommand& local, Words words);
  void command_done();
  void decide_reads(Route route);
  bool silent() const;

  Hub& hub_;
  ConnectionHost& host_;
  ClientInfo info_;
  resp::RequestParser parser_;
  size_t accounted_bytes_ = 0;  // of what the parser holds, in the hub's budget
  ReplyQueue replies_;
  Output output_;
  Transaction transaction_;
  Watched watched_;
  size_t watched_bytes_ = 0;
  bool watch_failed_ = false;  // a WATCH was answered with an error: EEC must not succeed unguarded
  Names channels_, patterns_;

  // Reads of this turn whose route is not decided yet (rule 2); their words are views into the
  // input.
  std::vector<UndecidedRead> undecided_;
  std::vector<std::string_view> undecided_words_;

  bool barrier_ = false;  // rule 4: nothing is started until replies_ is empty
  bool held_ = false;     // input waits for something other than more input
  bool end_of_input_ = false;
  bool blocking_ = false;  // the barrier is a command that waits for others
  bool ending_ = false;    // no more is read or started; closed when the replies have gone
  bool closed_ = false;
  bool disconnected_ = false;
};

}  // namespace coterie::server
