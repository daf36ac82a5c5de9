// See subscriptions.h.
#include "coterie/server/client/subscriptions.h"

#include "coterie/store/state/glob.h"

namespace coterie::server {

bool Subscriptions::add(Table& table, std::string_view name, ClientId client) {
  auto found = table.find(name);
  if (found == table.end()) found = table.emplace(name, std::set<ClientId>{}).first;
  return found->second.insert(client).second;
}

bool Subscriptions::remove(Table& table, std::string_view name, ClientId client) {
  const auto found = table.find(name);
  if (found == table.end() || found->second.erase(client) == 0) return false;
  if (found->second.empty()) table.erase(found);
  return true;
}

bool Subscriptions::matches(std::string_view pattern, std::string_view text) {
  return state::glob_matches(pattern, text);
}

const std::set<ClientId>* Subscriptions::subscribers(std::string_view channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

int64_t Subscriptions::receivers(std::string_view channel) const {
  const std::set<ClientId>* direct = subscribers(channel);
  size_t count = direct == nullptr ? 0 : direct->size();
  each_matching(channel, [&](std::string_view, const std::set<ClientId>& clients) {
    count += clients.size();
  });
  return static_cast<int64_t>(count);
}

std::vector<std::string> Subscriptions::channels_matching(std::string_view pattern) const {
  std::vector<std::string> names;
  for (const auto& [channel, clients] : channels_) {
    if (matches(pattern, channel)) names.push_back(channel);
  }
  return names;
}

}  // namespace coterie::server
