// For tests only: a client without a socket, and two gateways: one that records what is asked and
// answers as it is told, and one that answers from a real state, at moments that the test chooses.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coterie/server/client/hub.h"
#include "coterie/server/resp/value.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/state.h"

namespace coterie::server {

inline std::string request(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words)
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

// A connection and what it has put out.
class TestClient final : public ConnectionHost {
 public:
  explicit TestClient(Hub& hub, std::string remote = "127.0.0.1:50000")
      : connection_(hub.accept(std::move(remote), *this)) {}
  ~TestClient() { leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void touch() override { ++touches; }
  size_t unsent_bytes() const override { return unsent; }

  void send(std::string_view bytes) {
    const std::string lent(bytes);  // gone after the call, so that a view kept too long is noticed
    connection_->on_bytes(lent);
  }
  void ask(const std::vector<std::string>& words) { send(request(words)); }
  // What has come out since the last look.
  std::string take() {
    std::string out;
    for (const Payload& piece : connection_->output()) out += piece.view();
    connection_->output().clear();
    return out;
  }
  // Sends a command and takes what comes out at once.
  std::string call(const std::vector<std::string>& words) {
    ask(words);
    return take();
  }
  void leave() {
    if (connection_ == nullptr) return;
    connection_->on_disconnect();
    connection_.reset();
  }
  Connection& connection() { return *connection_; }
  bool closed() const { return connection_->closed(); }

  size_t touches = 0;
  size_t unsent = 0;

 private:
  std::unique_ptr<Connection> connection_;
};

class FakeGateway : public node::Gateway {
 public:
  struct Asked {
    node::Ticket ticket = 0;
    std::string way;   // log | read | stale
    std::string text;  // "set k v"
    uint8_t db = 0;
    std::vector<std::string> args;
    bool cancelled = false;
    bool operator==(const std::string& other) const { return way + ": " + text == other; }
  };

  node::ClientSink* sink = nullptr;
  std::vector<Asked> asked;
  uint64_t pending = 0;
  node::NodeStatus current;
  std::vector<uint64_t> transfers;
  mutable int digests_asked = 0;

  node::Ticket write(const state::CommandSpec& spec, uint8_t db,
                     std::span<const std::string_view> args) override {
    return record("log", spec, db, args);
  }
  node::Ticket read(const state::CommandSpec& spec, uint8_t db,
                    std::span<const std::string_view> args, bool stale) override {
    return record(stale ? "stale" : "read", spec, db, args);
  }
  void cancel(node::Ticket ticket) override {
    for (Asked& a : asked) a.cancelled = a.cancelled || a.ticket == ticket;
  }
  uint64_t pending_bytes() const override { return pending; }
  node::NodeStatus status() const override { return current; }
  std::optional<uint64_t> state_digest() const override {
    ++digests_asked;
    return 0xabcdef;
  }
  bool transfer_leadership(NodeId to) override {
    transfers.push_back(to.value);
    return current.leader == current.node;
  }

  // Answers the i-th that was asked.
  void answer(size_t i, std::string_view canonical) {
    sink->on_reply(asked.at(i).ticket, Payload::copy_of(canonical));
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const Asked& a : asked) out.push_back(a.way + ": " + a.text);
    return out;
  }

 private:
  node::Ticket record(std::string way, const state::CommandSpec& spec, uint8_t db,
                      std::span<const std::string_view> args) {
    Asked a;
    a.ticket = ++last_ticket_;
    a.way = std::move(way);
    a.text = spec.name;
    a.db = db;
    for (std::string_view arg : args) {
      a.args.emplace_back(arg);
      a.text.append(" ").append(arg);
    }
    asked.push_back(std::move(a));
    return last_ticket_;
  }

  node::Ticket last_ticket_ = 0;
};

// One session of one node in front of a State. Nothing happens by itself: apply_next() and serve()
// say when.
class StateGateway : public node::Gateway {
 public:
  StateGateway() {
    const std::string_view args[] = {"1", "000000000000000000000000000000aa", "1"};
    PayloadBuilder command;
    state::encode_command(command, state::number::open_session, 0, args);
    session_ = apply_block({}, command.view()).opened.at(0).session;
  }

  node::ClientSink* sink = nullptr;
  state::State state;

  node::Ticket write(const state::CommandSpec& spec, uint8_t db,
                     std::span<const std::string_view> args) override {
    PayloadBuilder command;
    state::encode_command(command, spec.number, db, args);
    log_.emplace_back(command.view());
    tickets_[first_number_ + applied_ + log_.size() - 1] = ++last_ticket_;
    return last_ticket_;
  }
  node::Ticket read(const state::CommandSpec& spec, uint8_t db,
                    std::span<const std::string_view> args, bool) override {
    Read& read = reads_.emplace_back();
    read.ticket = ++last_ticket_;
    read.spec = &spec;
    read.db = db;
    for (std::string_view arg : args) read.args.emplace_back(arg);
    return last_ticket_;
  }
  void cancel(node::Ticket ticket) override { cancelled.push_back(ticket); }
  uint64_t pending_bytes() const override { return 0; }
  node::NodeStatus status() const override { return {}; }
  std::optional<uint64_t> state_digest() const override { return state.digest(); }
  bool transfer_leadership(NodeId) override { return false; }

  size_t log_waiting() const { return log_.size(); }
  size_t reads_waiting() const { return reads_.size(); }
  size_t answers_waiting() const { return answers_.size(); }

  // Applies the oldest write. Its answers wait for deliver().
  void apply_next() {
    const uint64_t number = first_number_ + applied_;
    const std::string command = std::move(log_.front());
    log_.erase(log_.begin());
    ++applied_;
    const state::ApplyEffects effects = apply_block(
        {.session = session_, .first_number = number, .acknowledged = number - 1}, command);
    for (const state::SessionReply& reply : effects.replies) {
      answers_.emplace_back(tickets_.at(reply.number), reply.reply);
      tickets_.erase(reply.number);
    }
    for (const state::Published& published : effects.published)
      sink->on_published(published.channel, published.message);
  }
  // Executes the i-th read that waits, on the state as it is. Its answer waits for deliver().
  void serve(size_t i) {
    const Read read = std::move(reads_[i]);
    reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(i));
    const std::vector<std::string_view> args(read.args.begin(), read.args.end());
    answers_.emplace_back(read.ticket, state.read(*read.spec, read.db, args));
  }
  void deliver(size_t i) {
    const auto [ticket, reply] = answers_[i];
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(i));
    sink->on_reply(ticket, reply);
  }
  // Until nothing is left to do.
  void settle(Hub& hub) {
    while (!log_.empty() || !reads_.empty() || !answers_.empty() || hub.has_work()) {
      if (!log_.empty()) apply_next();
      if (!reads_.empty()) serve(0);
      while (!answers_.empty()) deliver(0);
      hub.turn({});
    }
  }

  std::vector<node::Ticket> cancelled;

 private:
  struct Read {
    node::Ticket ticket;
    const state::CommandSpec* spec;
    uint8_t db;
    std::vector<std::string> args;
  };

  state::ApplyEffects apply_block(const state::BlockHeader& about, std::string_view command) {
    state::BlockHeader header = about;
    header.count = 1;
    if (header.first_number == 0) header.first_number = 1;
    PayloadBuilder body;
    state::encode_block_header(body, header, command.size());
    body.append(command);
    const Entry entry = make_entry({.group = GroupId(1),
                                    .kind = EntryKind::commands,
                                    .feature_level = 1,
                                    .term = Term(1),
                                    .index = state.applied().next(),
                                    .stamp_ms = 1'000,
                                    .bytes = {}},
                                   body.view());
    state::ApplyEffects effects;
    state.apply(entry, effects);
    return effects;
  }

  SessionId session_;
  static constexpr uint64_t first_number_ = 1;
  uint64_t applied_ = 0;
  node::Ticket last_ticket_ = 0;
  std::vector<std::string> log_;
  std::map<uint64_t, node::Ticket> tickets_;
  std::vector<Read> reads_;
  std::vector<std::pair<node::Ticket, Reply>> answers_;
};

// A hub with its gateway.
template <class SomeGateway>
struct TestNode {
  explicit TestNode(Settings settings = {}) : hub(std::move(settings)) {
    gateway.sink = &hub;
    hub.attach(gateway);
    hub.turn({});
  }
  void turn() { hub.turn({}); }

  SomeGateway gateway;
  Hub hub;
};

using FakeNode = TestNode<FakeGateway>;
using StateNode = TestNode<StateGateway>;

}  // namespace coterie::server
