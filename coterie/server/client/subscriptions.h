// Who listens to which channel, on this node. Published messages come from the log, so every node
// hears each of them and serves its own subscribers. Subscribers are kept in order, so that they
// are served in the same order everywhere.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::server {

using ClientId = uint64_t;

class Subscriptions {
 public:
  // False: it was so already.
  bool add_channel(std::string_view channel, ClientId client) {
    return add(channels_, channel, client);
  }
  bool add_pattern(std::string_view pattern, ClientId client) {
    return add(patterns_, pattern, client);
  }
  bool remove_channel(std::string_view channel, ClientId client) {
    return remove(channels_, channel, client);
  }
  bool remove_pattern(std::string_view pattern, ClientId client) {
    return remove(patterns_, pattern, client);
  }

  const std::set<ClientId>* subscribers(std::string_view channel) const;  // nullptr: none
  // Calls visit(pattern, subscribers) for the patterns that match the channel, in their order.
  template <class Visit>
  void each_matching(std::string_view channel, Visit&& visit) const {
    for (const auto& [pattern, clients] : patterns_) {
      if (matches(pattern, channel)) visit(std::string_view(pattern), clients);
    }
  }
  // How many deliveries a message to this channel makes: a client counts once a subscription that
  // matches.
  int64_t receivers(std::string_view channel) const;

  size_t channels() const { return channels_.size(); }
  size_t patterns() const { return patterns_.size(); }
  std::vector<std::string> channels_matching(std::string_view pattern) const;

 private:
  using Table = std::map<std::string, std::set<ClientId>, std::less<>>;
  static bool add(Table& table, std::string_view name, ClientId client);
  static bool remove(Table& table, std::string_view name, ClientId client);
  static bool matches(std::string_view pattern, std::string_view text);

  Table channels_;
  Table patterns_;
};

}  // namespace coterie::server
