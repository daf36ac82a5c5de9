// Frames (snapshot_format.h) turned into a State. The bytes come from a disk or a peer: everything
// is checked before it is believed, and nothing is allocated for a count alone.
#include <algorithm>
#include <string>
#include <utility>

#include "coterie/base/crc32c.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/snapshot_format.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

using snapshot::FrameKind;
using snapshot::FrameReader;

namespace {
Error malformed(const char* what) { return {Fault::corrupt, std::string("snapshot with ") + what}; }
}  // namespace

struct SnapshotLoader::Impl {
  StateData state;
  std::string waiting;  // of a frame that is not complete
  uint64_t bytes_before = 0;
  uint32_t crc = 0;
  bool begun = false;
  bool ended = false;
  std::optional<Error> failed;

  // The record whose elements are coming.
  uint8_t db = 0;
  Record record;
  uint64_t elements_missing = 0;
  // The session whose replies are coming.
  SessionId session_id;
  Session session;
  // The client whose replies are coming.
  OnceClient client;
  uint64_t replies_missing = 0;
  uint64_t last_session = 0, last_waiter = 0, once_uses = 0;

  Result<void> frames(std::string_view& bytes);
  Result<void> frame(std::string_view whole);
  Result<void> take(FrameKind kind, FrameReader& in);
  Result<void> take_header(FrameReader& in);
  Result<void> take_record(FrameReader& in);
  Result<void> take_elements(FrameReader& in);
  bool take_element(FrameReader& in);
  Result<void> take_session(FrameReader& in);
  Result<void> take_kept_replies(FrameReader& in);
  Result<void> take_late_reply(FrameReader& in);
  Result<void> take_waiter(FrameReader& in);
  Result<void> take_once_client(FrameReader& in);
  Result<void> take_once_reply(FrameReader& in);
  Result<void> take_fence(FrameReader& in);
  Result<void> complete_session();
  Result<void> complete_client();
};

SnapshotLoader::SnapshotLoader() : impl_(std::make_unique<Impl>()) {}
SnapshotLoader::~SnapshotLoader() = default;

Result<void> SnapshotLoader::feed(std::string_view piece) {
  Impl& impl = *impl_;
  if (impl.failed) return tl::unexpected(*impl.failed);
  Result<void> result;
  if (impl.waiting.empty()) {
    result = impl.frames(piece);
    impl.waiting.assign(piece);
  } else {
    // Only the frame that was cut is put together; what follows it is read in place.
    while (!piece.empty() && !impl.waiting.empty() && result) {
      size_t wanted = snapshot::frame_size_bytes;
      if (impl.waiting.size() >= wanted) wanted += load_le<uint32_t>(impl.waiting.data());
      const size_t count = std::min(piece.size(), wanted - impl.waiting.size());
      impl.waiting.append(piece.substr(0, count));
      piece.remove_prefix(count);
      std::string_view bytes = impl.waiting;
      result = impl.frames(bytes);
      if (bytes.empty()) impl.waiting.clear();
    }
    if (result && impl.waiting.empty()) {
      result = impl.frames(piece);
      impl.waiting.assign(piece);
    }
  }
  if (!result) impl.failed = result.error();
  return result;
}

// Takes all whole frames off the front.
Result<void> SnapshotLoader::Impl::frames(std::string_view& bytes) {
  while (bytes.size() >= snapshot::frame_size_bytes) {
    const uint64_t size_bytes =
        uint64_t{load_le<uint32_t>(bytes.data())} + snapshot::frame_size_bytes;
    if (size_bytes == snapshot::frame_size_bytes || size_bytes > payload_bytes_max) {
      return tl::unexpected(malformed("a frame of an impossible size"));
    }
    if (ended) return tl::unexpected(malformed("bytes after its end"));
    if (size_bytes > bytes.size()) return {};
    COTERIE_CHECK(frame(bytes.substr(0, size_bytes)));
    bytes.remove_prefix(size_bytes);
  }
  return {};
}

Result<void> SnapshotLoader::Impl::frame(std::string_view whole) {
  const auto kind = static_cast<FrameKind>(whole[snapshot::frame_size_bytes]);
  FrameReader in(whole.substr(snapshot::frame_size_bytes + 1));
  if (begun == (kind == FrameKind::header))
    return tl::unexpected(malformed("its header out of place"));
  if (elements_missing > 0 && kind != FrameKind::elements)
    return tl::unexpected(malformed("a key cut short"));
  if (replies_missing > 0 && kind != FrameKind::once_reply)
    return tl::unexpected(malformed("a ONCE client cut short"));
  const bool of_session = kind == FrameKind::kept_reply || kind == FrameKind::late_reply;
  if (session_id && !of_session) COTERIE_CHECK(complete_session());
  COTERIE_CHECK(take(kind, in));
  if (!in.ok() || !in.at_end()) return tl::unexpected(malformed("a malformed frame"));
  if (kind != FrameKind::end) crc = crc32c(whole, crc);
  bytes_before += whole.size();
  return {};
}

Result<void> SnapshotLoader::Impl::take(FrameKind kind, FrameReader& in) {
  switch (kind) {
    case FrameKind::header:
      return take_header(in);
    case FrameKind::record:
      return take_record(in);
    case FrameKind::elements:
      return take_elements(in);
    case FrameKind::session:
      return take_session(in);
    case FrameKind::kept_reply:
      return take_kept_replies(in);
    case FrameKind::late_reply:
      return take_late_reply(in);
    case FrameKind::waiter:
      return take_waiter(in);
    case FrameKind::once_client:
      return take_once_client(in);
    case FrameKind::once_reply:
      return take_once_reply(in);
    case FrameKind::fence:
      return take_fence(in);
    case FrameKind::end:
      if (in.get<uint64_t>() != bytes_before || in.get<uint32_t>() != crc) {
        return tl::unexpected(malformed("a wrong checksum"));
      }
      ended = true;
      return {};
  }
  return tl::unexpected(malformed("a frame of a kind this version does not know"));
}

Result<void> SnapshotLoader::Impl::take_header(FrameReader& in) {
  if (in.get<uint32_t>() != snapshot::format_version) {
    return fail(Fault::invalid, "snapshot of a format this version does not know");
  }
  state.applied = Index(in.get<uint64_t>());
  state.applied_term = Term(in.get<uint64_t>());
  state.now_ms = in.get<int64_t>();
  state.revision = Revision(in.get<uint64_t>());
  last_session = in.get<uint64_t>();
  last_waiter = in.get<uint64_t>();
  once_uses = in.get<uint64_t>();
  state.once.restore_uses(once_uses);
  begun = true;
  if (state.now_ms < 0) return tl::unexpected(malformed("a time before 1970"));
  return {};
}

Result<void> SnapshotLoader::Impl::take_record(FrameReader& in) {
  db = in.get<uint8_t>();
  const auto type = in.get<uint8_t>();
  record.revision = Revision(in.get<uint64_t>());
  record.deadline_ms = in.get<int64_t>();
  elements_missing = in.get<uint64_t>();
  record.key = Bytes(in.get_bytes());
  const bool known = type >= static_cast<uint8_t>(ValueType::string) &&
                     type <= static_cast<uint8_t>(ValueType::set);
  if (!in.ok() || db >= databases || !known || elements_missing == 0) {
    return tl::unexpected(malformed("a malformed key"));
  }
  record.value = Value(static_cast<ValueType>(type));
  if (record.value.is(ValueType::string) && elements_missing != 1)
    return tl::unexpected(malformed("a malformed key"));
  if (state.keyspace.find(db, KeyPlace(record.key.view()), INT64_MIN) != nullptr) {
    return tl::unexpected(malformed("a key that is there twice"));
  }
  return take_elements(in);
}

Result<void> SnapshotLoader::Impl::take_elements(FrameReader& in) {
  if (elements_missing == 0) return tl::unexpected(malformed("elements of no key"));
  for (; elements_missing > 0 && in.ok() && !in.at_end(); --elements_missing) {
    if (!take_element(in)) return tl::unexpected(malformed("an element that is there twice"));
  }
  if (!in.ok() || elements_missing > 0) return {};
  state.keyspace.put(db, KeyPlace(record.key.view()), std::exchange(record.value, Value()),
                     record.revision, record.deadline_ms);
  return {};
}

bool SnapshotLoader::Impl::take_element(FrameReader& in) {
  const std::string_view bytes = in.get_bytes();
  switch (record.value.type()) {
    case ValueType::string:
      record.value = Value(bytes);
      return true;
    case ValueType::list:
      record.value.list().push_back(bytes);
      return true;
    case ValueType::hash:
      return record.value.hash().set(bytes, in.get_bytes());
    case ValueType::set:
      return record.value.set().add(bytes);
  }
  return false;
}

Result<void> SnapshotLoader::Impl::take_session(FrameReader& in) {
  session = Session{};
  session_id = SessionId(in.get<uint64_t>());
  session.node = NodeId(in.get<uint64_t>());
  session.replica.high = in.get<uint64_t>();
  session.replica.low = in.get<uint64_t>();
  session.nonce = in.get<uint64_t>();
  session.last_applied = in.get<uint64_t>();
  session.acknowledged = in.get<uint64_t>();
  session.heard_ms = in.get<int64_t>();
  if (!session_id || session.acknowledged > session.last_applied || session.heard_ms < 0 ||
      state.sessions.all().size() >= Limits::sessions_max) {
    return tl::unexpected(malformed("a malformed session"));
  }
  return {};
}

Result<void> SnapshotLoader::Impl::take_kept_replies(FrameReader& in) {
  if (!session_id) return tl::unexpected(malformed("a reply of no session"));
  while (in.ok() && !in.at_end()) {
    Reply reply = Payload::copy_of(in.get_bytes());
    session.kept_bytes += reply.size();
    session.kept.push_back(std::move(reply));
  }
  return {};
}

Result<void> SnapshotLoader::Impl::take_late_reply(FrameReader& in) {
  LateReply late;
  late.number = in.get<uint64_t>();
  late.given_after = in.get<uint64_t>();
  late.reply = Payload::copy_of(in.get_bytes());
  session.kept_bytes += late.reply.size();
  const bool fits = session_id && late.number <= session.last_applied &&
                    late.given_after <= session.last_applied && !late.reply.empty();
  if (!fits || !session.late.insert(std::move(late)).second)
    return tl::unexpected(malformed("a malformed late reply"));
  return {};
}

Result<void> SnapshotLoader::Impl::complete_session() {
  if (session.kept.size() != session.last_applied - session.acknowledged) {
    return tl::unexpected(malformed("a session cut short"));
  }
  if (!state.sessions.restore(std::exchange(session_id, SessionId{}),
                              std::exchange(session, Session{}))) {
    return tl::unexpected(malformed("sessions out of order"));
  }
  return {};
}

Result<void> SnapshotLoader::Impl::take_waiter(FrameReader& in) {
  Waiter waiter;
  waiter.id = in.get<uint64_t>();
  waiter.session = SessionId(in.get<uint64_t>());
  waiter.number = in.get<uint64_t>();
  waiter.deadline_ms = in.get<int64_t>();
  const auto keys = in.get<uint32_t>();
  for (uint32_t i = 0; i < keys && in.ok(); ++i) waiter.keys.emplace_back(in.get_bytes());
  waiter.command = Payload::copy_of(in.get_bytes());
  if (!in.ok()) return {};
  const Session* of = state.sessions.find(waiter.session);
  const auto command = CommandView::check(waiter.command.view());
  const CommandSpec* spec = command ? command_by_number(command->command()) : nullptr;
  if (of == nullptr || waiter.number > of->last_applied || spec == nullptr ||
      spec->kind != CommandClass::blocking || command->size_bytes() != waiter.command.size() ||
      !arity_fits(*spec, size_t{command->argc()} + 1)) {
    return tl::unexpected(malformed("a malformed waiting request"));
  }
  const bool answered = of->reply(waiter.number).has_value();
  const bool repeated =
      !std::is_sorted(waiter.keys.begin(), waiter.keys.end(),
                      [](const Bytes& a, const Bytes& b) { return a.view() <= b.view(); });
  waiter.db = command->db();
  if (answered || repeated || !state.waiters.restore(std::move(waiter))) {
    return tl::unexpected(malformed("a waiting request out of order"));
  }
  return {};
}

Result<void> SnapshotLoader::Impl::take_once_client(FrameReader& in) {
  client = OnceClient{};
  client.name = Bytes(in.get_bytes());
  client.expired_below = in.get<uint64_t>();
  client.used_ms = in.get<int64_t>();
  client.use = in.get<uint64_t>();
  replies_missing = in.get<uint64_t>();
  if (replies_missing > Limits::once_replies_max)
    return tl::unexpected(malformed("a malformed ONCE client"));
  return replies_missing == 0 ? complete_client() : Result<void>{};
}

Result<void> SnapshotLoader::Impl::take_once_reply(FrameReader& in) {
  if (replies_missing == 0) return tl::unexpected(malformed("a reply of no ONCE client"));
  const auto number = in.get<uint64_t>();
  Reply reply = Payload::copy_of(in.get_bytes());
  if (number > INT64_MAX || !client.kept.insert({number, std::move(reply)}).second) {
    return tl::unexpected(malformed("a malformed ONCE reply"));
  }
  return --replies_missing == 0 ? complete_client() : Result<void>{};
}

Result<void> SnapshotLoader::Impl::complete_client() {
  if (!state.once.restore(std::exchange(client, OnceClient{}))) {
    return tl::unexpected(malformed("contradicting ONCE clients"));
  }
  return {};
}

Result<void> SnapshotLoader::Impl::take_fence(FrameReader& in) {
  const std::string_view resource = in.get_bytes();
  const auto token = in.get<uint64_t>();
  if (!in.ok() || state.fences.full() || state.fences.highest(resource)) {
    return tl::unexpected(malformed("a malformed FENCE resource"));
  }
  state.fences.raise(resource, token);
  return {};
}

Result<State> SnapshotLoader::finish() {
  if (impl_->failed) return tl::unexpected(*impl_->failed);
  if (!impl_->ended || !impl_->waiting.empty())
    return fail(Fault::corrupt, "snapshot that ends too early");
  if (impl_->state.sessions.last_id().value > impl_->last_session ||
      impl_->state.waiters.last_id() > impl_->last_waiter) {
    return fail(Fault::corrupt, "snapshot whose counters are below what they count");
  }
  impl_->state.sessions.restore_last_id(SessionId(impl_->last_session));
  impl_->state.waiters.restore_last_id(impl_->last_waiter);
  State state;
  static_cast<StateData&>(*state.impl_) = std::move(impl_->state);
  impl_ = std::make_unique<Impl>();
  return state;
}

}  // namespace coterie::state
