// See pubsub.h.
#include "coterie/proof/pubsub.h"

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

namespace coterie::proof {

namespace {

constexpr uint32_t nobody = UINT32_MAX;

struct Message {
  uint32_t publication = 0;  // in the history
  uint32_t times = 0;        // how often this text was published
  int64_t called = 0;
  int64_t returned = 0;     // or given to somebody: it was published by then
  uint32_t shown = nobody;  // in the history: the delivery that was earlier than the return
};

// One message given to one subscriber.
struct Delivery {
  uint32_t message;
  uint32_t batch;  // in the history
};

class Channel {
 public:
  Channel(const History& history, std::span<const uint32_t> operations) : history_(history) {
    for (const uint32_t index : operations) {
      const Operation& operation = history[index];
      if (operation.calls[0].name != "publish") {
        // Of an unknown delivery nothing is known.
        if (operation.outcome == Outcome::ok) batches_.push_back(index);
        continue;
      }
      const auto [place, added] =
          numbers_.try_emplace(operation.calls[0].args[0], static_cast<uint32_t>(messages_.size()));
      const int64_t returned = operation.outcome == Outcome::ok
                                   ? operation.returned_ns
                                   : std::numeric_limits<int64_t>::max();
      if (added) messages_.push_back({index, 0, operation.called_ns, returned, nobody});
      Message& message = messages_[place->second];
      message.called = std::min(message.called, operation.called_ns);
      ++message.times;
    }
    std::stable_sort(batches_.begin(), batches_.end(), [&](uint32_t a, uint32_t b) {
      return history_[a].returned_ns < history_[b].returned_ns;
    });
  }

  std::optional<Conviction> run() {
    if (auto wrong = take_deliveries()) return wrong;
    return find_order();
  }

 private:
  std::optional<Conviction> take_deliveries() {
    std::map<uint32_t, boost::unordered_flat_map<uint32_t, std::vector<uint32_t>>> given;
    for (const uint32_t batch : batches_) {
      const Operation& operation = history_[batch];
      for (const std::string& text : operation.calls[0].args) {
        const auto found = numbers_.find(text);
        if (found == numbers_.end()) {
          return Conviction{fmt::format("client {} was given '{}', which nobody has published",
                                        operation.client, text),
                            {batch}};
        }
        Message& message = messages_[found->second];
        if (operation.returned_ns < message.called) {
          return Conviction{fmt::format("client {} was given '{}' before it was published",
                                        operation.client, text),
                            {message.publication, batch}};
        }
        std::vector<uint32_t>& before = given[operation.client][found->second];
        before.push_back(batch);
        if (before.size() > message.times) {
          Conviction twice{
              fmt::format("client {} was given '{}' {} times, published {}", operation.client, text,
                          before.size(), message.times == 1 ? "once" : "less often"),
              {message.publication}};
          twice.operations.insert(twice.operations.end(), before.begin(), before.end());
          return twice;
        }
        if (message.times == 1 && operation.returned_ns < message.returned)
          message.returned = operation.returned_ns, message.shown = batch;
        if (message.times == 1) lanes_[operation.client].push_back({found->second, batch});
      }
    }
    return {};
  }

  // Takes the messages one after the other; when none may come next, there is a cycle.
  std::optional<Conviction> find_order() {
    const size_t count = messages_.size();
    std::vector<std::vector<uint32_t>> later(count);
    std::vector<uint32_t> waits_for(count, 0);
    for (const auto& [client, lane] : lanes_) {
      for (size_t i = 1; i < lane.size(); ++i) {
        later[lane[i - 1].message].push_back(lane[i].message);
        ++waits_for[lane[i].message];
      }
    }
    taken_.assign(count, false);
    std::vector<uint32_t> by_return;
    const auto later_call = [&](uint32_t a, uint32_t b) {
      return messages_[a].called > messages_[b].called;
    };
    std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(later_call)> ready(later_call);
    for (uint32_t i = 0; i < count; ++i) {
      // A text of several publications has no place in the order.
      taken_[i] = messages_[i].times > 1;
      if (taken_[i]) continue;
      by_return.push_back(i);
      if (waits_for[i] == 0) ready.push(i);
    }
    std::stable_sort(by_return.begin(), by_return.end(), [&](uint32_t a, uint32_t b) {
      return messages_[a].returned < messages_[b].returned;
    });
    for (size_t first = 0; first < by_return.size();) {
      if (taken_[by_return[first]]) {
        ++first;
        continue;
      }
      const uint32_t deadline = by_return[first];
      if (ready.empty() || messages_[ready.top()].called > messages_[deadline].returned)
        return cycle(deadline);
      const uint32_t next = ready.top();
      ready.pop();
      taken_[next] = true;
      for (const uint32_t other : later[next]) {
        if (--waits_for[other] == 0) ready.push(other);
      }
    }
    return {};
  }

  // Why `a` must come before `b`: the deliveries that show it, or the publications' times.
  struct Reason {
    bool known = false;
    std::string text;
    std::vector<uint32_t> operations;
  };
  Reason before(uint32_t a, uint32_t b) const {
    const Message &first = messages_[a], &second = messages_[b];
    if (first.returned < second.called && first.shown != nobody) {
      return {true,
              fmt::format("client {} was given '{}' before the publication of '{}' began",
                          history_[first.shown].client, text(a), text(b)),
              {first.publication, first.shown, second.publication}};
    }
    if (first.returned < second.called) {
      return {
          true,
          fmt::format("'{}' was published before the publication of '{}' began", text(a), text(b)),
          {first.publication, second.publication}};
    }
    for (const auto& [client, places] : places_) {
      const auto one = places.find(a), two = places.find(b);
      if (one == places.end() || two == places.end() || one->second > two->second) continue;
      const std::vector<Delivery>& lane = lanes_.at(client);
      return {true,
              fmt::format("client {} was given '{}' before '{}'", client, text(a), text(b)),
              {lane[one->second].batch, lane[two->second].batch}};
    }
    return {};
  }
  std::string_view text(uint32_t message) const {
    return history_[messages_[message].publication].calls[0].args[0];
  }

  // Goes back from a message that cannot come next to one that must come before it, and so on,
  // until one comes again.
  Conviction cycle(uint32_t deadline) {
    boost::unordered_flat_map<uint32_t, uint32_t> previous;  // not taken; in some lane
    for (const auto& [client, lane] : lanes_) {
      for (uint32_t i = 0; i < lane.size(); ++i) {
        places_[client][lane[i].message] = i;
        if (i > 0 && !taken_[lane[i - 1].message]) previous[lane[i].message] = lane[i - 1].message;
      }
    }
    std::vector<uint32_t> path;
    std::vector<uint32_t> place(messages_.size(), nobody);
    for (uint32_t at = deadline; place[at] == nobody;) {
      place[at] = static_cast<uint32_t>(path.size());
      path.push_back(at);
      const auto found = previous.find(at);
      at = found == previous.end() ? deadline : found->second;
      if (place[at] != nobody) path.erase(path.begin(), path.begin() + place[at]);
    }
    std::reverse(path.begin(), path.end());
    return explain(path);
  }

  Conviction explain(std::vector<uint32_t> path) const {
    // Two that contradict each other, if there are such, are the shortest cycle.
    constexpr size_t looked_at_max = 200;
    const size_t looked_at = std::min(path.size(), looked_at_max);
    for (size_t i = 0; i < looked_at && path.size() > 2; ++i) {
      for (size_t j = i + 1; j < looked_at; ++j) {
        if (before(path[i], path[j]).known && before(path[j], path[i]).known) {
          path = {path[i], path[j]};
          break;
        }
      }
    }
    Conviction conviction{"no one order explains what the subscribers were given: ", {}};
    for (size_t i = 0; i < path.size(); ++i) {
      const uint32_t next = path[(i + 1) % path.size()];
      const Reason reason = before(path[i], next);
      if (i > 0 && i < 4) conviction.why += ", but ";
      if (i < 4) conviction.why += reason.text;
      for (const uint32_t operation : reason.operations) conviction.operations.push_back(operation);
      conviction.operations.push_back(messages_[path[i]].publication);
    }
    if (path.size() > 4) conviction.why += ", and so on in a circle";
    return conviction;
  }

  const History& history_;
  boost::unordered_flat_map<std::string_view, uint32_t> numbers_;  // of messages, by text
  std::vector<Message> messages_;
  std::vector<uint32_t> batches_;
  std::map<uint32_t, std::vector<Delivery>> lanes_;  // by subscriber
  std::map<uint32_t, boost::unordered_flat_map<uint32_t, uint32_t>> places_;
  std::vector<bool> taken_;
};

}  // namespace

std::optional<Conviction> judge_pubsub(const History& history,
                                       std::span<const uint32_t> operations) {
  return Channel(history, operations).run();
}

}  // namespace coterie::proof
