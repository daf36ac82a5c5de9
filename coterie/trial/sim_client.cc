// See sim_client.h.
#include "coterie/trial/sim_client.h"

#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"

namespace coterie::trial {

namespace {
constexpr Duration look_interval =
    milliseconds(50);  // how soon a client notices that its node's process is gone

std::string encode(const std::vector<std::string>& words) {
  std::string out = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return out;
}
}  // namespace

SimClient::SimClient(sim::Simulation& simulation, uint32_t number, std::vector<NodeId> nodes,
                     uint64_t seed)
    : simulation_(simulation), number_(number), nodes_(std::move(nodes)), random_(seed) {
  at_ = nodes_[number % nodes_.size()];
}

ServedNode* SimClient::served() const { return static_cast<ServedNode*>(simulation_.tenant(at_)); }

Duration SimClient::hop() { return microseconds(random_.between(20, 200)); }

void SimClient::command(std::vector<std::string> words, Duration patience, Done done) {
  COTERIE_ASSERT(!busy());
  words_ = std::move(words);
  done_ = std::move(done);
  const uint64_t watch = ++watch_;
  simulation_.after(patience, [this, watch] {
    if (watch == watch_ && busy()) lost();
  });
  if (connected_ && same_life()) {
    send();
  } else {
    connected_ = false;
    connect();
  }
}

void SimClient::connect() {
  const uint64_t connection = ++connection_;
  parser_ = resp::ReplyParser();
  const bool there = simulation_.poke(at_, [this, connection] {
    if (connection != connection_) return;
    connected_ = true;
    life_ = simulation_.node(at_).incarnation();
    node_number_ = served()->connect(
        fmt::format("127.0.0.1:{}", 10'000 + number_),
        [this, connection](std::string bytes, bool closed) {
          simulation_.after(hop(), [this, connection, bytes = std::move(bytes), closed] {
            received(connection, bytes, closed);
          });
        });
    send();
  });
  if (!there) simulation_.after(hop(), [this] { finish({{}, false}); });
}

void SimClient::send() {
  const uint64_t connection = connection_;
  const uint64_t watch = watch_;
  simulation_.after(hop(), [this, connection] {
    if (connection != connection_ || !busy()) return;
    simulation_.poke(at_, [this, connection, bytes = encode(words_)] {
      if (connection == connection_) served()->bytes(node_number_, bytes);
    });
  });
  look(watch);
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

void SimClient::received(uint64_t connection, std::string bytes, bool closed) {
  if (connection != connection_) return;
  parser_.feed(bytes);
  if (busy()) {
    auto value = parser_.next();
    COTERIE_ASSERT(value.has_value());
    if (*value) finish({**value, true});
  }
  if (closed) lost();
}

void SimClient::lost() {
  if (connected_ && same_life()) {
    simulation_.poke(at_, [this, node = at_, number = node_number_] {
      static_cast<ServedNode*>(simulation_.tenant(node))->disconnect(number);
    });
  }
  connected_ = false;
  ++connection_;
  at_ = nodes_[random_.below(nodes_.size())];
  finish({{}, true});
}

void SimClient::finish(Answer answer) {
  if (!busy()) return;
  if (!answer.sent) at_ = nodes_[random_.below(nodes_.size())];
  const Done done = std::exchange(done_, nullptr);
  done(std::move(answer));
}

}  // namespace coterie::trial
