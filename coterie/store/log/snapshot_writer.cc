// See snapshot.h. Pieces are cut into blocks without a copy; blocks go out in writes of up to the
// window, the next when the one before has completed.
#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store {

struct SnapshotWriter::Impl : std::enable_shared_from_this<SnapshotWriter::Impl> {
  Impl(world::Disk& disk_arg, const SnapshotFile& about_arg, uint64_t body_bytes_max_arg)
      : disk(disk_arg),
        body_bytes_max(body_bytes_max_arg),
        about(about_arg),
        name(unfinished_snapshot_name(about_arg.index)),
        header_crc(snapshot_header_crc(about_arg)) {
    about.body_bytes = 0;
  }

  void begin();
  void append(Payload piece);
  void end_block();
  void submit();
  void fail_with(Error reason);
  void conclude();
  void seal();
  void publish();

  // A callback that does nothing once the writer is gone.
  world::Disk::Done when_done(void (Impl::*next)()) {
    return [weak = weak_from_this(), next](Result<void> result) {
      const auto self = weak.lock();
      if (!self || self->error) return;
      if (result) {
        (self.get()->*next)();
      } else {
        self->fail_with(std::move(result).error());
      }
    };
  }

  void made() {
    created = true;
    submit();
  }
  void written() {
    in_flight_bytes = 0;
    submit();
  }

  world::Disk& disk;
  const uint64_t body_bytes_max;
  SnapshotFile about;  // body_bytes: of the blocks that are complete
  const std::string name;
  const uint32_t header_crc;
  uint64_t blocks = 0;
  uint32_t blocks_crc = 0;
  std::vector<Payload> block;  // the one that is being filled
  uint32_t block_bytes = 0;
  std::deque<Payload> waiting;  // complete blocks, in parts
  uint64_t waiting_bytes = 0;
  uint64_t in_flight_bytes = 0;
  uint64_t offset = 0;  // where in the file the next part goes
  bool created = false;
  bool finishing = false;
  bool sealing = false;
  std::optional<Error> error;
  std::function<void(Result<SnapshotFile>)> done;
};

void SnapshotWriter::Impl::begin() {
  // What an earlier writer of this index has left; usually nothing.
  disk.remove(name, [](Result<void>) {});
  disk.create(name, 0, when_done(&Impl::made));
  Payload header = encode_snapshot_header(about);
  waiting_bytes += header.size();
  waiting.push_back(std::move(header));
}

void SnapshotWriter::Impl::append(Payload piece) {
  COTERIE_ASSERT(!finishing);
  if (error) return;
  if (piece.size() > body_bytes_max - about.body_bytes - block_bytes) {
    return fail_with({Fault::refused, fmt::format("the state is too large for a snapshot, which "
                                                  "may have {} bytes: delete keys",
                                                  body_bytes_max)});
  }
  while (!piece.empty()) {
    const size_t count = std::min<size_t>(piece.size(), snapshot_block_bytes - block_bytes);
    block.push_back(piece.slice(0, count));
    block_bytes += static_cast<uint32_t>(count);
    piece = piece.slice(count, piece.size() - count);
    if (block_bytes == snapshot_block_bytes) end_block();
  }
  submit();
}

void SnapshotWriter::Impl::end_block() {
  char header[snapshot_block_header_bytes];
  store_le(header, block_bytes);
  uint32_t crc = crc32c({header, 4}, snapshot_block_seed(header_crc, blocks));
  for (const Payload& part : block) crc = crc32c(part.view(), crc);
  store_le(header + 4, crc);
  blocks_crc = crc32c({header + 4, 4}, blocks_crc);
  waiting.push_back(Payload::copy_of({header, sizeof header}));
  for (Payload& part : block) waiting.push_back(std::move(part));
  waiting_bytes += sizeof header + block_bytes;
  about.body_bytes += block_bytes;
  ++blocks;
  block.clear();
  block_bytes = 0;
}

void SnapshotWriter::Impl::submit() {
  if (error || !created || in_flight_bytes > 0 || sealing) return;
  if (waiting.empty()) {
    if (finishing) seal();
    return;
  }
  std::vector<Payload> parts;
  while (!waiting.empty() &&
         (parts.empty() || in_flight_bytes + waiting.front().size() <= snapshot_window_bytes)) {
    in_flight_bytes += waiting.front().size();
    parts.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  waiting_bytes -= in_flight_bytes;
  const uint64_t at = std::exchange(offset, offset + in_flight_bytes);
  disk.write(name, at, std::move(parts), world::Sync::no, when_done(&Impl::written));
}

// All is written: sync it, then give it the name under which it counts.
void SnapshotWriter::Impl::seal() {
  sealing = true;
  if (COTERIE_MUTANT("snapshot-not-synced")) return publish();
  disk.sync(name, when_done(&Impl::publish));
}

void SnapshotWriter::Impl::publish() {
  disk.rename(name, snapshot_name(about.index), when_done(&Impl::conclude));
}

void SnapshotWriter::Impl::conclude() {
  // The callback may end the writer.
  const auto call = std::exchange(done, nullptr);
  if (error) {
    call(tl::unexpected(*error));
  } else {
    call(about);
  }
}

void SnapshotWriter::Impl::fail_with(Error reason) {
  if (error) return;
  COTERIE_REACHED("snapshot could not be written");
  error = std::move(reason);
  waiting.clear();
  block.clear();
  disk.remove(name, [weak = weak_from_this()](Result<void>) {
    const auto self = weak.lock();
    if (self && self->done) self->conclude();
  });
}

SnapshotWriter::SnapshotWriter(world::Disk& disk, const SnapshotFile& about,
                               uint64_t body_bytes_max)
    : impl_(std::make_shared<Impl>(disk, about, body_bytes_max)) {
  impl_->begin();
}
SnapshotWriter::~SnapshotWriter() = default;
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter& SnapshotWriter::operator=(SnapshotWriter&&) noexcept = default;

bool SnapshotWriter::ready() const {
  return impl_->error || impl_->in_flight_bytes + impl_->waiting_bytes < snapshot_window_bytes;
}

void SnapshotWriter::append(Payload piece) { impl_->append(std::move(piece)); }

void SnapshotWriter::finish(std::function<void(Result<SnapshotFile>)> done) {
  COTERIE_ASSERT(!impl_->finishing);
  impl_->finishing = true;
  impl_->done = std::move(done);
  if (impl_->error) {
    // Told from a completion, as always.
    impl_->disk.remove(impl_->name, [weak = std::weak_ptr(impl_)](Result<void>) {
      const auto self = weak.lock();
      if (self && self->done) self->conclude();
    });
    return;
  }
  if (impl_->block_bytes > 0) impl_->end_block();
  Payload footer =
      encode_snapshot_footer(impl_->header_crc, impl_->about.body_bytes, impl_->blocks_crc);
  impl_->waiting_bytes += footer.size();
  impl_->waiting.push_back(std::move(footer));
  impl_->submit();
}

void SnapshotWriter::give_up(Error reason) {
  COTERIE_ASSERT(!impl_->finishing);
  impl_->fail_with(std::move(reason));
}

bool SnapshotWriter::failed() const { return impl_->error.has_value(); }

uint64_t SnapshotWriter::body_bytes() const { return impl_->about.body_bytes + impl_->block_bytes; }

}  // namespace coterie::store
