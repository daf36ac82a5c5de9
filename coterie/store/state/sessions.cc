// See sessions.h.
#include "coterie/store/state/sessions.h"

#include <algorithm>
#include <utility>

#include "coterie/base/reached.h"
#include "coterie/store/state/log_time.h"
#include "coterie/store/state/state.h"

namespace coterie::state {

uint64_t LateReplyTraits::digest(const LateReply& late) {
  Digest digest;
  digest.add(late.number);
  digest.add(late.given_after);
  digest.add(late.reply.view());
  return digest.value();
}

// The node keeps the window by what it has sent and received; what it has told of that may lag
// behind by as much again.
bool Session::window_is_full() const {
  return kept.size() >= 2 * Limits::session_window || kept_bytes > Limits::session_window_bytes;
}

void Session::acknowledge(uint64_t number) {
  number = std::min(number, last_applied);
  for (; acknowledged < number; ++acknowledged) kept_bytes -= kept.erase_at(0).size();
  if (late.empty()) return;
  std::vector<uint64_t> seen;
  late.visit(0, [&](const LateReply& reply) {
    if (reply.given_after < acknowledged) seen.push_back(reply.number);
    return true;
  });
  for (uint64_t each : seen) drop_late(each);
}

void Session::applied(Reply reply) {
  ++last_applied;
  kept_bytes += reply.size();
  kept.push_back(std::move(reply));
}

void Session::answered(uint64_t number, Reply reply) {
  kept_bytes += reply.size();
  late.insert({number, last_applied, std::move(reply)});
}

void Session::drop_late(uint64_t number) {
  const LateReply* reply = late.find(number);
  if (reply == nullptr) return;
  kept_bytes -= reply->reply.size();
  late.erase(number);
}

std::optional<Reply> Session::reply(uint64_t number) const {
  if (number > acknowledged && number <= last_applied) {
    const Reply& reply = *kept.at(number - acknowledged - 1);
    if (!reply.empty()) return reply;
  }
  const LateReply* reply = late.find(number);
  return reply == nullptr ? std::nullopt : std::optional(reply->reply);
}

void Session::add_to(Digest& digest) const {
  digest.add(node.value);
  digest.add(replica.high);
  digest.add(replica.low);
  digest.add(nonce);
  digest.add(last_applied);
  digest.add(acknowledged);
  digest.add(static_cast<uint64_t>(heard_ms));
  digest.add(kept_bytes);
  digest.add(kept.digest());
  digest.add(late.digest());
}

Sessions::Opened Sessions::open(NodeId node, const ReplicaId& replica, uint64_t nonce, Index index,
                                int64_t now_ms) {
  Opened opened;
  for (const auto& [id, session] : sessions_) {
    if (session.node != node) continue;
    if (session.replica == replica && session.nonce == nonce) {
      COTERIE_REACHED("session: asked twice to be opened");
      opened.id = id;
      return opened;
    }
    opened.closed = id;
  }
  if (opened.closed) {
    sessions_.erase(*opened.closed);
  } else if (sessions_.size() >= Limits::sessions_max) {
    COTERIE_REACHED("session: too many to open one more");
    return opened;
  }
  opened.id = last_id_ = std::max(SessionId(index.value), last_id_.next());
  Session& session = sessions_[opened.id];
  session.node = node;
  session.replica = replica;
  session.nonce = nonce;
  session.heard_ms = now_ms;
  return opened;
}

bool Sessions::close(SessionId id) { return sessions_.erase(id) > 0; }

Session* Sessions::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}
const Session* Sessions::find(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

std::vector<SessionId> Sessions::silent(int64_t now_ms) const {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : sessions_) {
    if (add_ms(session.heard_ms, Limits::session_silence_ms_max) <= now_ms) ids.push_back(id);
  }
  return ids;
}

int64_t Sessions::next_deadline_ms() const {
  int64_t next = INT64_MAX;
  for (const auto& [id, session] : sessions_) {
    next = std::min(next, add_ms(session.heard_ms, Limits::session_silence_ms_max));
  }
  return next;
}

void Sessions::add_to(Digest& digest) const {
  digest.add(last_id_.value);
  digest.add(sessions_.size());
  for (const auto& [id, session] : sessions_) {
    digest.add(id.value);
    session.add_to(digest);
  }
}

bool Sessions::restore(SessionId id, Session session) {
  if (!id || id <= last_id_) return false;
  last_id_ = id;
  sessions_.emplace(id, std::move(session));
  return true;
}

}  // namespace coterie::state
