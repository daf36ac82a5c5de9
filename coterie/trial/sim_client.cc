// See sim_client.h.
#include "coterie/trial/sim_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"

namespace coterie::trial {

namespace {
constexpr Duration look_interval =
    milliseconds(50);  // how soon a client notices that its node's process is gone
constexpr Duration hop = microseconds(100);  // to a node and back; equal, so that the order stays
constexpr double pieces_probability = 0.05;  // that a command arrives in two pieces
constexpr size_t pushed_max = 10'000;        // messages kept until the next answer

std::string encode(const std::vector<std::string>& words) {
  std::string out = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return out;
}
}  // namespace

SimClient::SimClient(sim::Simulation& simulation, uint32_t number, std::vector<NodeId> nodes,
                     uint64_t seed)
    : simulation_(simulation),
      number_(number),
      nodes_(std::move(nodes)),
      seed_(seed),
      random_(seed) {
  at_ = nodes_[number % nodes_.size()];
}

ServedNode* SimClient::served() const { return static_cast<ServedNode*>(simulation_.tenant(at_)); }

void SimClient::begin(uint64_t number, NodeId node) {
  COTERIE_ASSERT(!busy());
  random_ = Random(mix_seed(seed_, number));
  if (!node || node == at_ || std::find(nodes_.begin(), nodes_.end(), node) == nodes_.end()) return;
  hang_up();
  at_ = node;
}

void SimClient::command(const workload::Step& step, Done done) {
  COTERIE_ASSERT(!busy());
  words_ = step.words;
  done_ = std::move(done);
  since_ = simulation_.now();
  asked_ = at_;
  const uint64_t watch = ++watch_;
  simulation_.after(step.patience, [this, watch] {
    if (watch == watch_ && busy()) lost();
  });
  if (connected_ && same_life()) {
    send();
  } else if (step.same_connection) {
    connected_ = false;
    simulation_.after({}, [this, watch] {
      if (watch == watch_) finish({{}, false, connection_, {}});
    });
  } else {
    connected_ = false;
    connect();
  }
}

void SimClient::connect() {
  const uint64_t connection = ++connection_;
  parser_ = resp::ReplyParser();
  pushed_.clear();
  const bool there = simulation_.poke(at_, [this, connection] {
    if (connection != connection_) return;
    connected_ = true;
    life_ = simulation_.node(at_).incarnation();
    node_number_ = served()->connect(fmt::format("127.0.0.1:{}", 10'000 + number_),
                                     [this, connection](std::string bytes, bool closed) {
                                       simulation_.after(
                                           hop, [this, connection, bytes = std::move(bytes),
                                                 closed] { received(connection, bytes, closed); });
                                     });
    send();
  });
  if (!there) {
    simulation_.after(hop, [this, connection] {
      if (connection == connection_) finish({{}, false, connection, {}});
    });
  }
}

void SimClient::send() {
  std::string bytes = encode(words_);
  if (random_.chance(pieces_probability)) {
    const size_t cut = 1 + random_.below(bytes.size() - 1);
    send_piece(hop, bytes.substr(0, cut));
    send_piece(hop + microseconds(random_.between(1, 2'000)), bytes.substr(cut));
  } else {
    send_piece(hop, std::move(bytes));
  }
  look(watch_);
}

void SimClient::send_piece(Duration delay, std::string bytes) {
  const uint64_t connection = connection_, watch = watch_;
  simulation_.after(delay, [this, connection, watch, bytes = std::move(bytes)]() mutable {
    // The node may have died and be back: its new life does not know this connection.
    if (connection != connection_ || watch != watch_ || !busy() || !same_life()) return;
    simulation_.poke(at_, [this, connection, bytes = std::move(bytes)] {
      if (connection == connection_ && same_life()) served()->bytes(node_number_, bytes);
    });
  });
}

// A process that dies closes its connections: the client sees that soon.
void SimClient::look(uint64_t watch) {
  simulation_.after(look_interval, [this, watch] {
    if (watch != watch_ || !busy()) return;
    if (!same_life()) return lost();
    look(watch);
  });
}

bool SimClient::same_life() const {
  return simulation_.running(at_) && simulation_.node(at_).incarnation() == life_;
}

void SimClient::received(uint64_t connection, std::string_view bytes, bool closed) {
  if (connection != connection_) return;
  parser_.feed(bytes);
  while (true) {
    auto value = parser_.next();
    COTERIE_ASSERT(value.has_value());
    if (!*value) break;
    if (workload::is_message(**value)) {
      if (pushed_.size() < pushed_max) pushed_.push_back(std::move(**value));
    } else if (busy()) {
      finish({std::move(**value), true, connection, {}});
    }
  }
  if (closed) lost();
}

void SimClient::move_to(const std::vector<NodeId>& nodes) {
  nodes_ = nodes;
  if (std::find(nodes_.begin(), nodes_.end(), at_) == nodes_.end()) lost();
}

void SimClient::hang_up() {
  if (connected_ && same_life()) {
    simulation_.poke(at_, [this, node = at_, life = life_, number = node_number_] {
      if (simulation_.node(node).incarnation() != life) return;
      static_cast<ServedNode*>(simulation_.tenant(node))->disconnect(number);
    });
  }
  connected_ = false;
  ++connection_;
}

void SimClient::lost() {
  const uint64_t connection = connection_;
  hang_up();
  at_ = nodes_[random_.below(nodes_.size())];
  finish({{}, true, connection, {}});
}

void SimClient::finish(workload::Answer answer) {
  if (!busy()) return;
  if (!answer.sent) at_ = nodes_[random_.below(nodes_.size())];
  answer.pushed = std::exchange(pushed_, {});
  const Done done = std::exchange(done_, nullptr);
  done(std::move(answer));
}

}  // namespace coterie::trial
