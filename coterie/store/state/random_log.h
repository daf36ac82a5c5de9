// For tests: a RandomLog makes entries of random commands of several sessions, as nodes send them
// and as they should not: with numbers again, gaps, acknowledgements too early or too high,
// transactions, ONCE, FENCE, waiting and cancelling, deadlines, sessions that come and go, and now
// and then bytes that are no block at all.
#pragma once

#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/store/state/log_driver.h"

namespace coterie::state {

class RandomLog {
 public:
  explicit RandomLog(uint64_t seed) : random_(seed) {}

  // The next entry for states that stand where `state` does.
  Entry next(const State& state) {
    now_ms_ +=
        static_cast<int64_t>(random_.chance(0.05) ? random_.below(5'000) : random_.below(20));
    const uint64_t index = state.applied().value + 1;
    if (random_.chance(0.1)) return entry_of(index, now_ms_, "", EntryKind::stamp);
    std::string body;
    if (random_.chance(0.03) || index < 4) body += session_request(state);
    for (uint64_t blocks = random_.below(4); blocks > 0; --blocks) body += block(state);
    if (random_.chance(0.02))
      body += std::string(random_.below(60), static_cast<char>(random_.next()));
    return entry_of(index, now_ms_, body);
  }
  Random& random() { return random_; }

 private:
  using Words = std::vector<std::string>;

  std::string session_request(const State& state) {
    const uint64_t node = 1 + random_.below(3);
    const auto open = state.sessions_of(NodeId(node));
    if (!open.empty() && random_.chance(0.2)) {
      return block_of({}, {encoded({"#2", std::to_string(open[0].value)})});
    }
    return block_of({}, {encoded({"#1", std::to_string(node), "000102030405060708090a0b0c0d0e0f",
                                  std::to_string(random_.below(100))})});
  }

  std::string block(const State& state) {
    const auto sessions = state.sessions_of(NodeId(1 + random_.below(3)));
    if (sessions.empty()) return "";
    const auto view = state.session(sessions[0]);
    BlockHeader header{.session = sessions[0], .first_number = view->last_applied + 1};
    if (random_.chance(0.1))
      header.first_number -= std::min<uint64_t>(header.first_number, random_.below(10));
    if (random_.chance(0.03)) header.first_number += random_.below(3);
    header.acknowledged =
        view->last_applied - std::min<uint64_t>(view->last_applied, random_.below(30));
    if (random_.chance(0.02)) header.acknowledged = random_.next();
    std::vector<std::string> commands;
    for (uint64_t count = random_.below(12); count > 0; --count)
      commands.push_back(command(view->last_applied));
    return block_of(header, commands);
  }

  std::string command(uint64_t last_applied) {
    const auto db = static_cast<uint8_t>(random_.chance(0.9) ? 0 : random_.below(databases));
    if (random_.chance(0.02))
      return encoded(
          {"#3", std::to_string(last_applied - std::min(last_applied, random_.below(50)))});
    if (random_.chance(0.04)) return transaction(db);
    if (random_.chance(0.06)) return encoded(wrapped(), db);
    if (random_.chance(0.05))
      return encoded({random_.chance(0.5) ? "blpop" : "brpop", key(), key(),
                      random_.chance(0.3) ? "0" : "0.7"},
                     db);
    return encoded(data(), db);
  }

  std::string transaction(uint8_t db) {
    std::vector<Guard> guards;
    for (uint64_t count = random_.below(2); count > 0; --count)
      guards.push_back({db, key(), Revision(0)});
    std::string all;
    for (uint64_t count = random_.below(6); count > 0; --count) all += encoded(data(), db);
    return encoded({"#5", encode_guards(guards), all});
  }

  Words wrapped() {
    Words words;
    if (random_.chance(0.6))
      words = {"once", "client" + std::to_string(random_.below(5)),
               std::to_string(random_.below(200))};
    if (words.empty() || random_.chance(0.3)) {
      for (const std::string& word : Words{"fence", "resource" + std::to_string(random_.below(5)),
                                           std::to_string(random_.below(50))}) {
        words.push_back(word);
      }
    }
    for (const std::string& word : data()) words.push_back(word);
    return words;
  }

  Words data() {
    switch (random_.below(16)) {
      case 0:
        return {"set", key(), text()};
      case 1:
        return {"set", key(), text(), "PX", std::to_string(1 + random_.below(300))};
      case 2:
        return {"incr", key()};
      case 3:
        return {"append", key(), text()};
      case 4:
        return {"del", key(), key()};
      case 5:
        return {"pexpire", key(), std::to_string(random_.below(200))};
      case 6:
        return {"persist", key()};
      case 7:
        return {"rpush", key(), text(), text()};
      case 8:
        return {"lpush", key(), text()};
      case 9:
        return {"lpop", key()};
      case 10:
        return {"hset", key(), text(), text(), text(), text()};
      case 11:
        return {"hdel", key(), text()};
      case 12:
        return {"sadd", key(), text(), text(), text()};
      case 13:
        return {"srem", key(), text()};
      case 14:
        return {"get", key()};
      default:
        if (random_.chance(0.01)) return {"flushall"};
        return {"rename", key(), key()};
    }
  }
  // Keys of one kind mostly keep their type, so that values grow.
  std::string key() {
    return std::string(1, "slhq"[random_.below(4)]) + std::to_string(random_.below(25));
  }
  std::string text() {
    if (random_.chance(0.002)) return std::string(70'000 + random_.below(100'000), 't');
    return std::to_string(random_.below(60)) +
           std::string(random_.chance(0.2) ? random_.below(60) : 0, 'x');
  }

  Random random_;
  int64_t now_ms_ = 1'000;
};

}  // namespace coterie::state
