// See once.h.
#include "coterie/store/state/once.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/store/state/log_time.h"
#include "coterie/store/state/state.h"

namespace coterie::state {

uint64_t OnceClientTraits::digest(const OnceClient& client) {
  Digest digest;
  digest.add(client.name.view());
  digest.add(client.expired_below);
  digest.add(static_cast<uint64_t>(client.used_ms));
  digest.add(client.use);
  digest.add(client.kept.digest());
  return digest.value();
}

OnceTable::Answer OnceTable::ask(std::string_view name, uint64_t number, int64_t now_ms) {
  OnceClient* client = clients_.find_for_write(name);
  if (client == nullptr) return {};
  if (add_ms(client->used_ms, Limits::once_silence_ms_max) <= now_ms) forget_replies(*client);
  use(*client, now_ms);
  if (const OnceReply* known = client->kept.find(number)) return {Fate::known, known->reply};
  return {number < client->expired_below ? Fate::expired : Fate::fresh, {}};
}

void OnceTable::keep(std::string_view name, uint64_t number, Reply reply, int64_t now_ms) {
  OnceClient* client = clients_.find_for_write(name);
  if (client == nullptr) {
    make_room();
    OnceClient made;
    made.name = Bytes(name);
    client = clients_.insert(std::move(made)).first;
    client->use = ++uses_;
    client->used_ms = now_ms;
    without_replies_.insert({client->use, client->name});
  }
  if (client->kept.empty()) {
    without_replies_.erase(client->use);
    with_replies_.insert({client->use, client->name});
  }
  client->bytes += reply.size();
  bytes_ += reply.size();
  client->kept.insert({number, std::move(reply)});
  trim(*client);
  while (bytes_ > Limits::once_bytes_max) {
    COTERIE_REACHED("once: replies dropped for their bytes");
    const Bytes longest_silent = with_replies_.at(0)->client;
    forget_replies(*clients_.find_for_write(longest_silent.view()));
  }
}

void OnceTable::expire(int64_t now_ms, uint64_t most) {
  for (; most > 0 && !with_replies_.empty(); --most) {
    const Bytes name = with_replies_.at(0)->client;
    const OnceClient* client = clients_.find(name.view());
    if (add_ms(client->used_ms, Limits::once_silence_ms_max) > now_ms) return;
    COTERIE_REACHED("once: replies dropped after silence");
    forget_replies(*clients_.find_for_write(name.view()));
  }
}

void OnceTable::use(OnceClient& client, int64_t now_ms) {
  auto& line = client.kept.empty() ? without_replies_ : with_replies_;
  line.erase(client.use);
  client.use = ++uses_;
  client.used_ms = now_ms;
  line.insert({client.use, client.name});
}

void OnceTable::forget_replies(OnceClient& client) {
  if (client.kept.empty()) return;
  client.expired_below =
      std::max(client.expired_below, client.kept.at(client.kept.size() - 1)->number + 1);
  client.kept.clear();
  bytes_ -= std::exchange(client.bytes, 0);
  with_replies_.erase(client.use);
  without_replies_.insert({client.use, client.name});
}

void OnceTable::trim(OnceClient& client) {
  while (client.kept.size() > Limits::once_replies_max) {
    const OnceReply lowest = client.kept.erase_at(0);
    client.expired_below = std::max(client.expired_below, lowest.number + 1);
    client.bytes -= lowest.reply.size();
    bytes_ -= lowest.reply.size();
  }
}

void OnceTable::make_room() {
  if (clients_.size() < Limits::once_clients_max) return;
  COTERIE_REACHED("once: a client forgotten for a new one");
  const auto& line = without_replies_.empty() ? with_replies_ : without_replies_;
  const Bytes name = line.at(0)->client;
  forget_replies(*clients_.find_for_write(name.view()));
  without_replies_.erase(clients_.find(name.view())->use);
  clients_.erase(name.view());
}

void OnceTable::add_to(Digest& digest) const {
  digest.add(uses_);
  digest.add(bytes_);
  digest.add(clients_.digest());
}

bool OnceTable::restore(OnceClient client) {
  auto& line = client.kept.empty() ? without_replies_ : with_replies_;
  if (client.use > uses_ || with_replies_.find(client.use) != nullptr ||
      without_replies_.find(client.use) != nullptr) {
    return false;
  }
  if (clients_.size() >= Limits::once_clients_max || clients_.find(client.name.view()) != nullptr)
    return false;
  client.bytes = 0;
  client.kept.visit(0,
                    [&](const OnceReply& once) { return client.bytes += once.reply.size(), true; });
  bytes_ += client.bytes;
  line.insert({client.use, client.name});
  clients_.insert(std::move(client));
  return true;
}

}  // namespace coterie::state
