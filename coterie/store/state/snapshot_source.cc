// A frozen State turned into frames (snapshot_format.h), a bounded piece at a time. The place where
// it stands is a rank in a tree that nobody changes any more, so going on costs a descent.
#include <algorithm>
#include <utility>

#include "coterie/base/crc32c.h"
#include "coterie/base/mutant.h"
#include "coterie/store/state/snapshot_format.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

using snapshot::FrameKind;
using snapshot::FrameWriter;

struct SnapshotSource::Impl {
  enum class Stage : uint8_t { header, records, sessions, waiters, once, fences, end, done };

  explicit Impl(StateData frozen) : state(std::move(frozen)) {}

  void fill(PayloadBuilder& out, size_t size_bytes);
  void stream_tail(PayloadBuilder& out, size_t size_bytes);
  // Each writes one frame or some, or goes on to the next stage.
  void put_header(FrameWriter& frame);
  void put_records(PayloadBuilder& out, size_t size_bytes);
  void put_record(FrameWriter& frame, const Record& record);
  void put_elements(FrameWriter& frame);
  void put_next_elements(FrameWriter& frame);
  void put_sessions(FrameWriter& frame);
  void put_session_replies(FrameWriter& frame, const Session& session);
  void put_waiter(FrameWriter& frame);
  void put_once(FrameWriter& frame);
  void put_fence(FrameWriter& frame);

  void keep_tail(const Bytes& bytes) {
    tail_owner = bytes;
    tail = tail_owner.view();
  }
  void keep_tail(const Payload& payload) {
    tail_payload = payload;
    tail = tail_payload.view();
  }
  void go_on(Stage next) {
    stage = next;
    rank = part = 0;
  }

  StateData state;
  Stage stage = Stage::header;
  uint8_t db = 0;
  uint16_t slot = 0;
  uint64_t rank = 0;     // of the next record of the slot, waiter, client, fence
  uint64_t part = 0;     // of the next reply of a session or client; 0: it was not begun
  uint64_t element = 0;  // of the next element of `value`
  Value value;           // the record's that is being written
  bool in_value = false;
  uint64_t in_session = 0;  // the session whose replies are being written; 0: none
  uint64_t next_session = 0;
  std::string_view tail;  // the rest of the last frame's last byte string
  Bytes tail_owner;
  Payload tail_payload;
  uint64_t bytes_before = 0;
  uint32_t crc = 0;
};

SnapshotSource::SnapshotSource(State frozen) : impl_(std::make_unique<Impl>(*frozen.impl_)) {}
SnapshotSource::~SnapshotSource() = default;
SnapshotSource::SnapshotSource(SnapshotSource&&) noexcept = default;
SnapshotSource& SnapshotSource::operator=(SnapshotSource&&) noexcept = default;

std::optional<Payload> SnapshotSource::next(size_t size_bytes) {
  if (impl_->stage == Impl::Stage::done) return std::nullopt;
  size_bytes = std::max<size_t>(size_bytes, 1);
  PayloadBuilder out(size_bytes + 4096);
  impl_->fill(out, size_bytes);
  if (impl_->stage == Impl::Stage::end && impl_->tail.empty()) {
    impl_->crc = crc32c(out.view(), impl_->crc);
    impl_->bytes_before += out.size();
    FrameWriter frame(out);
    frame.begin(FrameKind::end);
    frame.put(impl_->bytes_before);
    frame.put(impl_->crc);
    frame.end();
    impl_->go_on(Impl::Stage::done);
  } else {
    impl_->crc = crc32c(out.view(), impl_->crc);
    impl_->bytes_before += out.size();
  }
  return out.take();
}

void SnapshotSource::Impl::fill(PayloadBuilder& out, size_t size_bytes) {
  FrameWriter frame(out);
  while (out.size() < size_bytes) {
    if (!tail.empty()) {
      stream_tail(out, size_bytes);
    } else if (in_value) {
      put_elements(frame);
    } else {
      switch (stage) {
        case Stage::header:
          put_header(frame);
          break;
        case Stage::records:
          put_records(out, size_bytes);
          break;
        case Stage::sessions:
          put_sessions(frame);
          break;
        case Stage::waiters:
          put_waiter(frame);
          break;
        case Stage::once:
          put_once(frame);
          break;
        case Stage::fences:
          put_fence(frame);
          break;
        case Stage::end:
        case Stage::done:
          return;
      }
    }
  }
}

void SnapshotSource::Impl::stream_tail(PayloadBuilder& out, size_t size_bytes) {
  const size_t count = std::min(tail.size(), size_bytes - out.size());
  out.append(tail.substr(0, count));
  tail.remove_prefix(count);
  if (!tail.empty()) return;
  tail_owner = Bytes();
  tail_payload = Payload();
}

void SnapshotSource::Impl::put_header(FrameWriter& frame) {
  frame.begin(FrameKind::header);
  frame.put(snapshot::format_version);
  frame.put(state.applied.value);
  frame.put(state.applied_term.value);
  frame.put(state.now_ms);
  frame.put(state.revision.value);
  frame.put(state.sessions.last_id().value);
  frame.put(state.waiters.last_id());
  frame.put(state.once.uses());
  frame.end();
  go_on(Stage::records);
}

void SnapshotSource::Impl::put_records(PayloadBuilder& out, size_t size_bytes) {
  if (db == databases) return go_on(Stage::sessions);
  if (state.keyspace.records(db) > 0) {
    FrameWriter frame(out);
    for (; slot < slots; ++slot, rank = 0) {
      state.keyspace.visit_slot(db, slot, rank, [&](const Record& record) {
        if (out.size() >= size_bytes || in_value || !tail.empty()) return false;
        put_record(frame, record);
        ++rank;
        return true;
      });
      if (rank < state.keyspace.slot_size(db, slot)) return;
    }
  }
  ++db;
  slot = 0;
  rank = 0;
}

void SnapshotSource::Impl::put_record(FrameWriter& frame, const Record& record) {
  frame.begin(FrameKind::record);
  frame.put(db);
  frame.put(static_cast<uint8_t>(record.value.type()));
  frame.put(record.revision.value);
  frame.put(COTERIE_MUTANT("snapshot-without-deadlines") ? no_deadline : record.deadline_ms);
  frame.put(record.value.elements());
  frame.put_bytes(record.key.view());
  value = record.value;
  element = 0;
  put_elements(frame);
}

// Elements up to the end of the value or of the frame, which the caller has begun for a record.
void SnapshotSource::Impl::put_elements(FrameWriter& frame) {
  if (in_value) frame.begin(FrameKind::elements);
  const uint64_t count = value.elements();
  in_value = true;
  while (element < count && tail.empty() && frame.frame_bytes() < FrameWriter::tail_bytes_least) {
    put_next_elements(frame);
  }
  frame.end(tail.size());
  if (element < count) return;
  in_value = false;
  value = Value();
}

// A run of elements; the last may become the tail.
void SnapshotSource::Impl::put_next_elements(FrameWriter& frame) {
  constexpr uint64_t run = 128;
  uint64_t written = 0;
  const auto full = [&] {
    return !tail.empty() || frame.frame_bytes() >= FrameWriter::tail_bytes_least;
  };
  const auto put = [&](const Bytes& bytes) {
    if (written > 0 && full()) return;
    if (frame.put_bytes_or_tail(bytes.view())) keep_tail(bytes);
    ++written;
  };
  switch (value.type()) {
    case ValueType::string:
      put(value.string());
      break;
    case ValueType::list:
      value.list().visit(element, run, put);
      break;
    case ValueType::set:
      value.set().visit(element, run, put);
      break;
    case ValueType::hash:
      value.hash().visit(element, run, [&](const HashField& field) {
        if (written > 0 && full()) return;
        frame.put_bytes(field.field.view());
        if (frame.put_bytes_or_tail(field.value.view())) keep_tail(field.value);
        ++written;
      });
      break;
  }
  element += written;
}

void SnapshotSource::Impl::put_sessions(FrameWriter& frame) {
  const auto& all = state.sessions.all();
  if (in_session != 0) return put_session_replies(frame, all.at(SessionId(in_session)));
  const auto next = all.lower_bound(SessionId(next_session));
  if (next == all.end() || COTERIE_MUTANT("snapshot-without-sessions"))
    return go_on(Stage::waiters);
  const auto& [id, session] = *next;
  frame.begin(FrameKind::session);
  frame.put(id.value);
  frame.put(session.node.value);
  frame.put(session.replica.high);
  frame.put(session.replica.low);
  frame.put(session.nonce);
  frame.put(session.last_applied);
  frame.put(session.acknowledged);
  frame.put(session.heard_ms);
  frame.end();
  in_session = id.value;
  next_session = id.value + 1;
  part = 0;
}

void SnapshotSource::Impl::put_session_replies(FrameWriter& frame, const Session& session) {
  const uint64_t kept = session.kept.size();
  if (part < kept) {
    frame.begin(FrameKind::kept_reply);
    session.kept.visit(part, [&](const Reply& reply) {
      if (frame.put_bytes_or_tail(reply.view())) keep_tail(reply);
      ++part;
      return tail.empty() && frame.frame_bytes() < FrameWriter::tail_bytes_least;
    });
    frame.end(tail.size());
    return;
  }
  if (part - kept == session.late.size()) {
    in_session = 0;
    return;
  }
  const LateReply& late = *session.late.at(part++ - kept);
  frame.begin(FrameKind::late_reply);
  frame.put(late.number);
  frame.put(late.given_after);
  if (frame.put_bytes_or_tail(late.reply.view())) keep_tail(late.reply);
  frame.end(tail.size());
}

void SnapshotSource::Impl::put_waiter(FrameWriter& frame) {
  if (rank == state.waiters.size() || COTERIE_MUTANT("snapshot-without-waiters") ||
      COTERIE_MUTANT("snapshot-without-sessions"))
    return go_on(Stage::once);
  state.waiters.visit(rank++, [&](const Waiter& waiter) {
    frame.begin(FrameKind::waiter);
    frame.put(waiter.id);
    frame.put(waiter.session.value);
    frame.put(waiter.number);
    frame.put(waiter.deadline_ms);
    frame.put(static_cast<uint32_t>(waiter.keys.size()));
    for (const Bytes& key : waiter.keys) frame.put_bytes(key.view());
    if (frame.put_bytes_or_tail(waiter.command.view())) keep_tail(waiter.command);
    frame.end(tail.size());
    return false;
  });
}

void SnapshotSource::Impl::put_once(FrameWriter& frame) {
  if (rank == state.once.clients() || COTERIE_MUTANT("snapshot-without-once"))
    return go_on(Stage::fences);
  state.once.visit(rank, [&](const OnceClient& client) {
    if (part == 0) {
      frame.begin(FrameKind::once_client);
      frame.put_bytes(client.name.view());
      frame.put(client.expired_below);
      frame.put(client.used_ms);
      frame.put(client.use);
      frame.put(client.kept.size());
      frame.end();
    } else {
      const OnceReply& once = *client.kept.at(part - 1);
      frame.begin(FrameKind::once_reply);
      frame.put(once.number);
      if (frame.put_bytes_or_tail(once.reply.view())) keep_tail(once.reply);
      frame.end(tail.size());
    }
    if (part++ == client.kept.size()) {
      ++rank;
      part = 0;
    }
    return false;
  });
}

void SnapshotSource::Impl::put_fence(FrameWriter& frame) {
  if (rank == state.fences.size()) return go_on(Stage::end);
  state.fences.visit(rank++, [&](const Fence& fence) {
    frame.begin(FrameKind::fence);
    frame.put_bytes(fence.resource.view());
    frame.put(fence.token);
    frame.end();
    return false;
  });
}

}  // namespace coterie::state
