// The judges that ask for less than linearizability (books of a queue, mutual exclusion) and the
// one of channels, against their rules written down plainly: every pair, every order. Small
// histories by chance, as in differential_test.cc.
#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/proof/judge.h"
#include "coterie/proof/random_history.h"

namespace coterie::proof {
namespace {

constexpr int64_t unit_ns = 1'000'000;
constexpr size_t histories = 100'000;

bool ok(const Operation& operation, const char* name) {
  return operation.outcome == Outcome::ok && operation.calls[0].name == name;
}
bool may_be(const Operation& operation, const char* name) {
  return operation.outcome != Outcome::failed && operation.calls[0].name == name;
}
const std::string& arg(const Operation& operation) { return operation.calls[0].args[0]; }
int64_t returned(const Operation& operation) {
  return operation.outcome == Outcome::ok ? operation.returned_ns : INT64_MAX;
}
std::string text_of(const History& history) {
  std::string text;
  for (const Operation& operation : history) text += describe(operation) + "\n";
  return text;
}

// What went in and what came out, item by item and pair by pair.
class PlainBooks {
 public:
  explicit PlainBooks(const History& history) : all_(history) {}
  bool right() const {
    return std::all_of(all_.begin(), all_.end(), [&](const Operation& operation) {
      if (ok(operation, "lpop") && !operation.result.is_null()) return taken_rightly(operation);
      const bool empty = (ok(operation, "lpop") && operation.result.is_null()) ||
                         (ok(operation, "llen") && operation.result.text == "0");
      return !empty || empty_rightly(operation);
    });
  }

 private:
  std::vector<const Operation*> pushes(const std::string& item) const {
    std::vector<const Operation*> found;
    for (const Operation& one : all_) {
      if (may_be(one, "rpush") && arg(one) == item) found.push_back(&one);
    }
    return found;
  }
  std::vector<const Operation*> pops(const std::string& item) const {
    std::vector<const Operation*> found;
    for (const Operation& one : all_) {
      if (ok(one, "lpop") && one.result == Value::of(item)) found.push_back(&one);
    }
    return found;
  }
  bool taken_rightly(const Operation& pop) const {
    const auto in = pushes(pop.result.text);
    if (in.size() < pops(pop.result.text).size()) return false;
    if (in.size() > 1) return true;
    if (pop.returned_ns < in[0]->called_ns) return false;
    // Nothing was put in before and taken after.
    return std::none_of(all_.begin(), all_.end(), [&](const Operation& other) {
      if (!ok(other, "lpop") || other.result.is_null()) return false;
      const auto before = pushes(other.result.text);
      return before.size() == 1 && returned(*before[0]) < in[0]->called_ns &&
             pop.returned_ns < other.called_ns && pops(other.result.text).size() == 1;
    });
  }
  bool empty_rightly(const Operation& empty) const {
    int64_t kept = 0, pops_unknown = 0;
    for (const Operation& push : all_) {
      if (push.outcome == Outcome::unknown && may_be(push, "lpop"))
        pops_unknown += push.called_ns <= empty.returned_ns ? 1 : 0;
      if (!ok(push, "rpush") || push.returned_ns >= empty.called_ns) continue;
      const auto out = pops(arg(push));
      kept += out.empty() ? 1 : 0;
      if (!out.empty() && pushes(arg(push)).size() == 1 && out[0]->called_ns > empty.returned_ns)
        return false;
    }
    return kept <= pops_unknown;
  }

  const History& all_;
};

// Every two holds, every two tokens.
class PlainMutex {
 public:
  PlainMutex(const History& history, const ExpirySlack& slack) : all_(history), slack_(slack) {}
  bool right() const {
    for (const Operation& a : all_) {
      for (const Operation& b : all_) {
        if (&a != &b && wrong(a, b)) return false;
      }
    }
    return true;
  }

 private:
  bool granted(const Operation& one) const { return ok(one, "acquire") && !one.result.is_null(); }
  int64_t until(const Operation& hold) const {
    const int64_t ttl = std::stoll(hold.calls[0].args[1]) * unit_ns;
    const int64_t end = ttl == 0 ? INT64_MAX : hold.called_ns + ttl - slack_.absolute_ns;
    const Operation* first = nullptr;
    for (const Operation& one : all_) {
      const bool released = one.outcome == Outcome::unknown || one.result.text == "1";
      if (!may_be(one, "release") || !released || arg(one) != arg(hold)) continue;
      if (returned(one) < hold.called_ns) continue;
      if (first == nullptr || one.called_ns < first->called_ns) first = &one;
    }
    return first == nullptr ? end : std::min(end, first->called_ns);
  }
  bool wrong(const Operation& a, const Operation& b) const {
    const auto token = [](const Operation& one) {
      return std::stoll(one.calls[0].name == "use" ? arg(one) : one.result.text);
    };
    const auto used = [](const Operation& one) { return ok(one, "use") && one.result.text == "1"; };
    const bool before = returned(a) < b.called_ns;
    if (used(a) && used(b)) return before && token(b) < token(a);
    if (!granted(a) || !granted(b)) return false;
    if (token(a) == token(b) || (before && token(b) < token(a))) return true;
    const int64_t both = std::max(a.returned_ns, b.returned_ns);
    return both < std::min(until(a), until(b));
  }

  const History& all_;
  const ExpirySlack& slack_;
};

struct Share {
  size_t right = 0, wrong = 0;
  void expect_both() const {
    EXPECT_GE(right, histories / 5);
    EXPECT_GE(wrong, histories / 5) << "little that it could have missed";
  }
};

template <class IsRight>
void compare(std::vector<std::string> names, Model model, int64_t ttl, uint64_t values,
             IsRight is_right) {
  Random random(1985);
  Share share;
  for (size_t i = 0; i < histories; ++i) {
    RandomHistoryOptions options;
    options.names = names;
    options.ttl = ttl;
    options.values = random.chance(0.2) ? 3 : values;
    options.operations = static_cast<size_t>(random.between(2, 12));
    options.clients = static_cast<uint32_t>(random.between(1, 5));
    if (random.chance(0.3)) options.unknown = 0.4;
    RandomHistory maker(options, random);
    History history = maker.make();
    const int64_t changes = random.chance(0.3) ? 0 : random.between(1, 16);
    for (int64_t c = 0; c < changes; ++c) maker.change(history);
    for (Operation& operation : history)
      operation.called_ns *= unit_ns, operation.returned_ns *= unit_ns;
    Bounds bounds;
    bounds.slack = {0, random.between(0, 3) * unit_ns, true};
    const bool right = is_right(history, bounds);
    ASSERT_TRUE(right || changes > 0) << text_of(history);
    const Ruling ruling = judge(history, model, bounds);
    ASSERT_EQ(ruling.verdict, right ? Verdict::holds : Verdict::violated)
        << text_of(history) << ruling.why;
    ++(right ? share.right : share.wrong);
  }
  share.expect_both();
}

TEST(Accounts, BooksOfAQueueArePlainBooks) {
  compare({"rpush", "lpop", "lpop", "llen"}, Model::queue_accounting, 0, 0,
          [](const History& history, const Bounds&) { return PlainBooks(history).right(); });
}

TEST(Accounts, MutualExclusionIsThatOfEveryPair) {
  compare({"acquire", "acquire", "release"}, Model::mutex, 20, 3,
          [](const History& history, const Bounds& bounds) {
            return PlainMutex(history, bounds.slack).right();
          });
}

TEST(Accounts, FencingIsThatOfEveryPair) {
  compare({"use"}, Model::mutex, 0, 4, [](const History& history, const Bounds& bounds) {
    return PlainMutex(history, bounds.slack).right();
  });
}

// Every order of the messages that were published, with the times at which they can have been.
class PlainChannel {
 public:
  explicit PlainChannel(const History& history) {
    for (const Operation& one : history) {
      if (may_be(one, "publish")) messages_.push_back({arg(one), one.called_ns, returned(one)});
    }
    for (const Operation& one : history) {
      if (ok(one, "received")) lanes_.push_back(&one);
    }
    std::stable_sort(lanes_.begin(), lanes_.end(), [](const Operation* a, const Operation* b) {
      return a->returned_ns < b->returned_ns;
    });
    for (const Operation* batch : lanes_) {
      for (const std::string& text : batch->calls[0].args) take(*batch, text);
    }
  }
  bool right() { return !wrong_ && extend(0); }

 private:
  struct Message {
    std::string text;
    int64_t called;
    int64_t returned;  // or shown to somebody
    bool placed = false;
  };

  void take(const Operation& batch, const std::string& text) {
    std::vector<std::string>& given = given_[batch.client];
    wrong_ = wrong_ || std::find(given.begin(), given.end(), text) != given.end();
    given.push_back(text);
    const auto message = std::find_if(messages_.begin(), messages_.end(),
                                      [&](const Message& one) { return one.text == text; });
    wrong_ = wrong_ || message == messages_.end() || batch.returned_ns < message->called;
    if (!wrong_) message->returned = std::min(message->returned, batch.returned_ns);
  }
  // Whether `message` may come after those that are placed: nothing that must come before it is
  // still to come.
  bool may_be_next(const Message& message) const {
    for (const Message& other : messages_) {
      if (!other.placed && other.returned < message.called) return false;
    }
    for (const auto& [client, given] : given_) {
      if (std::find(given.begin(), given.end(), message.text) == given.end()) continue;
      for (const std::string& text : given) {
        if (text == message.text) break;
        for (const Message& other : messages_) {
          if (other.text == text && !other.placed) return false;
        }
      }
    }
    return true;
  }
  bool extend(size_t placed) {
    if (placed == messages_.size()) return true;
    for (Message& message : messages_) {
      if (message.placed || !may_be_next(message)) continue;
      message.placed = true;
      if (extend(placed + 1)) return true;
      message.placed = false;
    }
    return false;
  }

  std::vector<Message> messages_;
  std::vector<const Operation*> lanes_;
  std::map<uint32_t, std::vector<std::string>> given_;
  bool wrong_ = false;
};

// Subscribers are given what was published, mostly in one order, some a little differently.
History random_channel(Random& random) {
  History history;
  std::vector<std::pair<int64_t, std::string>> order;
  const int64_t messages = random.between(1, 5);
  for (int64_t i = 0; i < messages; ++i) {
    const std::string text = std::to_string(i);
    const int64_t called = random.between(0, 20), at = called + random.between(0, 8);
    const bool unknown = random.chance(0.15);
    history.push_back({0,
                       {{"publish", "c", {text}}},
                       Value::of(std::string("OK")),
                       called,
                       at + random.between(0, 8),
                       unknown ? Outcome::unknown : Outcome::ok,
                       {}});
    if (!unknown || random.chance(0.5)) order.emplace_back(at, text);
  }
  std::sort(order.begin(), order.end());
  const int64_t subscribers = random.between(1, 3);
  for (uint32_t client = 1; client <= subscribers; ++client) {
    auto own = order;
    if (own.size() > 1 && random.chance(0.25)) {
      const size_t i = random.below(own.size() - 1);
      std::swap(own[i].second, own[i + 1].second);
    }
    if (random.chance(0.1)) own.emplace_back(30, std::to_string(random.below(6)));
    int64_t now = 0;
    for (const auto& [at, text] : own) {
      if (random.chance(0.2)) continue;
      const int64_t called = now;
      now = std::max(now, at + random.between(random.chance(0.05) ? -6 : 0, 6));
      now = std::max<int64_t>(now, 0);
      history.push_back({client, {{"received", "c", {text}}}, {}, called, now, Outcome::ok, {}});
      ++now;
    }
  }
  return history;
}

TEST(Accounts, AChannelHasAnOrder) {
  Random random(1985);
  Share share;
  for (size_t i = 0; i < histories; ++i) {
    const History history = random_channel(random);
    const bool right = PlainChannel(history).right();
    const Ruling ruling = judge(history, Model::pubsub);
    ASSERT_EQ(ruling.verdict, right ? Verdict::holds : Verdict::violated)
        << text_of(history) << ruling.why;
    ++(right ? share.right : share.wrong);
    if (right) continue;
    History shown;
    for (const size_t operation : ruling.operations) shown.push_back(history[operation]);
    ASSERT_FALSE(PlainChannel(shown).right()) << text_of(history) << ruling.why << "\nshown by\n"
                                              << text_of(shown);
  }
  share.expect_both();
}

}  // namespace
}  // namespace coterie::proof
