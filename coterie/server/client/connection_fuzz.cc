// Any bytes from two clients, in front of a real state that answers at any time. Whatever they
// send: no crash, what comes out are whole replies of the protocol that was chosen, and a
// connection that is told to end does.
#include <optional>
#include <string>

#include "coterie/base/assert.h"
#include "coterie/base/random.h"
#include "coterie/server/client/test_client.h"

namespace {

using namespace coterie;
using namespace coterie::server;

Settings small_settings(Random& random) {
  Settings settings;
  ConnectionLimits& limits = settings.limits;
  limits.request.elements_max = 50;
  limits.request.request_bytes_max = 2'000;
  limits.request.inline_bytes_max = 500;
  limits.commands_per_turn_max = 1 + random.below(10);
  limits.unanswered_max = 1 + random.below(10);
  limits.transaction_commands_max = 5;
  limits.subscriptions_max = 3;
  limits.watched_max = 3;
  limits.output_bytes_max = 200'000;
  if (random.chance(0.2)) settings.password = "x";
  return settings;
}

// Bytes as a program: each chooses a word, so that the fuzzer gets behind the parser.
std::string as_program(std::string_view bytes) {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all{
        "a",       "b",       "c",     "0",      "1",        "-1",     "3",     "16",
        "x",       "default", "*",     "EX",     "NX",       "GET",    "TOKEN", "LEFT",
        "ID",      "LIST",    "KILL",  "SKIPME", "no",       "REPLY",  "OFF",   "ON",
        "SKIP",    "TYPE",    "HELP",  "DOCS",   "CHANNELS", "NUMSUB", "AUTH",  "STATUS",
        "SETNAME", "SETINFO", "COUNT", "MATCH",  ""};
    for (const state::CommandSpec& spec : state::all_commands()) all.emplace_back(spec.name);
    return all;
  }();
  std::string out;
  std::vector<std::string> command;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 200) {
      command.push_back(words[byte % words.size()]);
    } else if (!command.empty()) {
      out += request(command);
      command.clear();
    }
  }
  return out;
}

class Client {
 public:
  explicit Client(Hub& hub) : client_(hub) {}

  void send(std::string_view bytes) {
    if (!client_.closed() && !ended_) client_.send(bytes);
  }
  void end() {
    if (client_.closed() || ended_) return;
    ended_ = true;
    client_.connection().on_end_of_input();
  }
  void check() {
    parser_.feed(client_.take());
    while (true) {
      const auto next = parser_.next();
      COTERIE_ASSERT(next.has_value());
      if (!next->has_value()) break;
    }
    COTERIE_ASSERT(parser_.waiting_bytes() == 0 || client_.closed());
  }
  bool closed() const { return client_.closed(); }
  size_t replies_waiting() { return client_.connection().replies_waiting(); }

 private:
  TestClient client_;
  resp::ReplyParser parser_;
  bool ended_ = false;
};

void do_something(StateNode& node, Random& random) {
  StateGateway& gateway = node.gateway;
  switch (random.below(4)) {
    case 0:
      if (gateway.log_waiting() > 0) gateway.apply_next();
      break;
    case 1:
      if (gateway.reads_waiting() > 0) gateway.serve(random.below(gateway.reads_waiting()));
      break;
    case 2:
      if (gateway.answers_waiting() > 0) gateway.deliver(random.below(gateway.answers_waiting()));
      break;
    case 3:
      node.turn();
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Random random(data[0]);
  const std::string_view given(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string program = random.chance(0.7) ? as_program(given) : std::string(given);
  std::string_view bytes = program;
  StateNode node(small_settings(random));
  std::optional<Client> clients[2];
  for (auto& client : clients) client.emplace(node.hub);
  while (!bytes.empty()) {
    const size_t piece = std::min<size_t>(bytes.size(), 1 + random.below(80));
    auto& client = clients[random.chance(0.7) ? 0 : 1];
    client->send(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
    for (uint64_t i = random.below(6); i > 0; --i) do_something(node, random);
    for (auto& each : clients) each->check();
    if (random.chance(0.01)) {
      client.reset();
      client.emplace(node.hub);
    }
  }
  for (auto& client : clients) client->end();
  node.gateway.settle(node.hub);
  for (auto& client : clients) {
    client->check();
    COTERIE_ASSERT(client->closed());
  }
  return 0;
}
