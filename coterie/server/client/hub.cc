// See hub.h.
#include "coterie/server/client/hub.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::server {

namespace {

constexpr std::string_view protected_mode_error =
    "DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. To let "
    "other machines in, "
    "start every node with --requirepass or --requirepass-file.";
constexpr std::string_view clients_max_error = "ERR max number of clients reached";

constexpr Duration sample_interval = seconds(1);

}  // namespace

bool is_loopback(std::string_view remote) {
  return remote.empty() || remote.starts_with("127.") || remote.starts_with("[::1]") ||
         remote.starts_with("[::ffff:127.") || remote.starts_with("unix:");
}

Hub::Hub(Settings settings)
    : settings_(std::move(settings)), input_(settings_.limits.input), ok_(coterie::reply_ok()) {
  ReplyBuilder queued;
  queued.simple("QUEUED");
  queued_ = queued.take();
}

std::unique_ptr<Connection> Hub::accept(std::string remote, ConnectionHost& host) {
  COTERIE_ASSERT(gateway_ != nullptr);
  ClientInfo info;
  info.id = ++last_id_;
  info.created = now_.monotonic;
  info.last_active = now_.monotonic;
  info.authenticated = settings_.password.empty();
  const bool denied =
      settings_.protected_mode && settings_.password.empty() && !is_loopback(remote);
  info.remote = std::move(remote);
  auto connection = std::make_unique<Connection>(*this, std::move(info), host);
  if (denied) {
    connection->turn_away(protected_mode_error);
  } else if (connections_.size() >= limits().clients_max) {
    connection->turn_away(clients_max_error);
  }
  if (connection->closed()) {
    ++counters_.connections_rejected;
    return connection;
  }
  ++counters_.connections_accepted;
  connections_.emplace(connection->info().id, connection.get());
  return connection;
}

void Hub::remove(Connection& connection) { connections_.erase(connection.info().id); }

Connection* Hub::find(ClientId id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

size_t Hub::blocked_clients() const {
  return static_cast<size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& item) { return item.second->blocked(); }));
}

uint64_t Hub::output_bytes() const {
  uint64_t bytes = counters_.output_bytes;
  for (const auto& [id, connection] : connections_) bytes += connection->output_bytes_total();
  return bytes;
}

void Hub::reset_counters() {
  counters_ = Counters{};
  counters_.output_bytes -= output_bytes();  // what the living have sent so far counts no more
  sampled_commands_ = 0;
}

void Hub::turn(Now now) {
  now_ = now;
  if (!has_turned_) {
    has_turned_ = true;
    started_ = sampled_ = now.monotonic;
  }
  sample_rate();
  check_load();
  share_input();
  resume_held();
}

// Whose turn it is to send when the clients' incomplete requests have reached their bound.
void Hub::share_input() {
  const InputBudget::Decision decision = input_.decide(now_.monotonic);
  if (Connection* late = find(decision.late)) late->give_up_request();
  if (Connection* reader = find(decision.reader)) reader->touch();
  for (ClientId id : input_.take_released()) {
    if (Connection* connection = find(id)) connection->touch();
  }
}

void Hub::resume_held() {
  std::vector<ClientId> runnable;
  runnable.swap(runnable_);
  const uint64_t commands_before = counters_.commands;
  auto next = runnable.begin();
  for (; next != runnable.end(); ++next) {
    if (counters_.commands - commands_before >= limits().commands_resumed_per_turn_max) break;
    Connection* connection = find(*next);
    if (connection == nullptr) continue;
    connection->scheduled = false;
    connection->resume();
  }
  if (next == runnable.end()) return;
  COTERIE_REACHED("connections that go on take turns");
  runnable_.insert(runnable_.begin(), next, runnable.end());  // still marked as scheduled
  if (settings_.want_turn) settings_.want_turn();
}

void Hub::schedule(Connection& connection) {
  if (connection.scheduled) return;
  connection.scheduled = true;
  runnable_.push_back(connection.info().id);
  if (settings_.want_turn) settings_.want_turn();
}

void Hub::expect(node::Ticket ticket, Connection& connection, uint64_t sequence) {
  expected_.insert_or_assign(ticket, Expected{&connection, sequence});
}

void Hub::on_reply(node::Ticket ticket, Reply reply) {
  const auto found = expected_.find(ticket);
  if (found != expected_.end()) {  // else its client is gone
    const Expected expected = found->second;
    expected_.erase(found);
    expected.connection->on_answer(expected.sequence, std::move(reply));
  }
  if (overloaded_) check_load();
}

void Hub::check_load() {
  const uint64_t pending = gateway_->pending_bytes();
  if (!overloaded_ && pending > limits().pending_bytes_max) {
    COTERIE_REACHED("clients' requests under way reach their bound");
    overloaded_ = true;
    ++counters_.turns_overloaded;
  } else if (overloaded_ && pending <= limits().pending_bytes_max / 2) {
    overloaded_ = false;
    for (const auto& [id, connection] : connections_) {
      schedule(*connection);
      connection->touch();
    }
  }
}

// One message in the form that each protocol wants; made when first wanted.
namespace {
class Message {
 public:
  explicit Message(Reply canonical) : canonical_(std::move(canonical)) {}
  const Payload& in(resp::Protocol protocol) {
    if (protocol == resp::Protocol::resp3) return canonical_;
    if (resp2_.empty()) resp2_ = resp::convert(canonical_, resp::Protocol::resp2);
    return resp2_;
  }

 private:
  Reply canonical_;
  Payload resp2_;
};
}  // namespace

void Hub::on_published(const Payload& channel, const Payload& message) {
  const auto send = [&](const std::set<ClientId>& clients, Message& form) {
    for (ClientId id : clients) {
      Connection* connection = find(id);
      COTERIE_ASSERT(connection != nullptr);
      connection->deliver(form.in(connection->info().protocol));
      ++counters_.messages_delivered;
    }
  };
  if (const std::set<ClientId>* direct = subscriptions_.subscribers(channel.view())) {
    ReplyBuilder out(channel.size() + message.size() + 64);
    out.push(3);
    out.bulk("message");
    out.bulk(channel.view());
    out.bulk(message.view());
    Message form(out.take());
    send(*direct, form);
  }
  subscriptions_.each_matching(
      channel.view(), [&](std::string_view pattern, const std::set<ClientId>& clients) {
        ReplyBuilder out(pattern.size() + channel.size() + message.size() + 80);
        out.push(4);
        out.bulk("pmessage");
        out.bulk(pattern);
        out.bulk(channel.view());
        out.bulk(message.view());
        Message form(out.take());
        send(clients, form);
      });
}

void Hub::sample_rate() {
  const Duration since = now_.monotonic - sampled_;
  if (since < sample_interval) return;
  commands_per_second_ =
      static_cast<double>(counters_.commands - sampled_commands_) / since.seconds();
  sampled_commands_ = counters_.commands;
  sampled_ = now_.monotonic;
}

}  // namespace coterie::server
