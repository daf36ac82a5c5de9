// All connections of a node: it gives them their ids, brings them the node's answers and the
// published messages, keeps what they share (subscriptions, counters, limits), and gives them their
// turns.
//
// The server calls turn() once in every turn of its loop, after the clients' bytes and before the
// node's end_turn(); the node calls on_reply() and on_published() when it likes. What was held back
// goes on in turn(); when it has to, the hub asks for another one (Settings::want_turn).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/base/time.h"
#include "coterie/node/gateway.h"
#include "coterie/server/client/connection.h"
#include "coterie/server/client/input_budget.h"
#include "coterie/server/client/settings.h"
#include "coterie/server/client/subscriptions.h"

namespace coterie::server {

// For INFO: since the start or since CONFIG RESETSTAT.
struct Counters {
  uint64_t connections_accepted = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands = 0;
  uint64_t error_replies = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;  // of connections that are gone; the others count their own
  uint64_t output_limit_closed = 0;
  uint64_t protocol_errors = 0;
  uint64_t messages_delivered = 0;
  uint64_t turns_overloaded = 0;  // times that pending_bytes_max was reached
};

class Hub final : public node::ClientSink {
 public:
  explicit Hub(Settings settings);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Before the first connection. The gateway outlives all connections.
  void attach(node::Gateway& gateway) { gateway_ = &gateway; }

  // A client has connected from `remote` (address:port). Not null; when the client is not welcome,
  // a connection that says so and is closed. The hub outlives it; the host must call
  // on_disconnect() once.
  std::unique_ptr<Connection> accept(std::string remote, ConnectionHost& host);

  void turn(Now now);
  // True while turn() has more to do at once.
  bool has_work() const { return !runnable_.empty(); }

  void on_reply(node::Ticket ticket, Reply reply) override;
  void on_published(const Payload& channel, const Payload& message) override;

  // --- For connections and their commands.
  node::Gateway& gateway() { return *gateway_; }
  const Settings& settings() const { return settings_; }
  const ConnectionLimits& limits() const { return settings_.limits; }
  Now now() const { return now_; }
  Instant started() const { return started_; }
  double commands_per_second() const { return commands_per_second_; }
  Counters& counters() { return counters_; }
  const Counters& counters() const { return counters_; }
  uint64_t output_bytes() const;  // of all connections, ever
  void reset_counters();
  Subscriptions& subscriptions() { return subscriptions_; }
  const Subscriptions& subscriptions() const { return subscriptions_; }
  const Reply& reply_ok() const { return ok_; }
  const Reply& reply_queued() const { return queued_; }

  void expect(node::Ticket ticket, Connection& connection, uint64_t sequence);
  void forget(node::Ticket ticket) { expected_.erase(ticket); }
  // The connection is resumed in the next turn.
  void schedule(Connection& connection);
  // The node has too much under way: nothing new is read or started.
  bool overloaded() const { return overloaded_; }
  void check_load();
  void remove(Connection& connection);
  InputBudget& input() { return input_; }
  const InputBudget& input() const { return input_; }

  const std::map<ClientId, Connection*>& connections() const { return connections_; }
  Connection* find(ClientId id) const;
  size_t blocked_clients() const;

 private:
  struct Expected {
    Connection* connection;
    uint64_t sequence;
  };
  void sample_rate();
  void resume_held();
  void share_input();

  Settings settings_;
  node::Gateway* gateway_ = nullptr;
  Now now_;
  Instant started_;
  bool has_turned_ = false;
  ClientId last_id_ = 0;
  std::map<ClientId, Connection*> connections_;
  std::vector<ClientId> runnable_;
  boost::unordered_flat_map<node::Ticket, Expected> expected_;  // looked up only, never walked
  Subscriptions subscriptions_;
  InputBudget input_;
  Counters counters_;
  bool overloaded_ = false;
  Instant sampled_;
  uint64_t sampled_commands_ = 0;
  double commands_per_second_ = 0;
  Reply ok_, queued_;
};

// True when `remote` ("127.0.0.1:50412", "[::1]:50412") is this machine; a Unix socket's empty
// address is, too.
bool is_loopback(std::string_view remote);

}  // namespace coterie::server
