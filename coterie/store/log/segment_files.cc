// See segment_files.h.
#include "coterie/store/log/segment_files.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::store {

struct SegmentFiles::Impl : std::enable_shared_from_this<SegmentFiles::Impl> {
  Impl(world::Disk& disk_arg, StateFile& state_arg) : disk(disk_arg), state(state_arg) {}

  void prepare(uint64_t size_bytes);
  void write_header(LiveSegment made);
  void name_in_state(LiveSegment made);
  void became_ready(LiveSegment made);
  void found_no_space(uint64_t size_bytes);
  void sweep();
  void remove_for_good(std::vector<uint32_t> sequences);
  world::Disk::Done step(LiveSegment made, void (Impl::*next)(LiveSegment));

  world::Disk& disk;
  StateFile& state;
  uint64_t segment_bytes = 0;
  std::function<void()> on_ready;
  std::function<void(Error)> on_failure;
  SegmentHeader header;  // for those to come
  std::vector<LiveSegment> live;
  std::optional<LiveSegment> spare;
  std::vector<uint32_t> dead;
  uint32_t sequence_max = 0;
  LogEnd end;
  bool is_open = false;     // the last one of `live` takes records
  bool begun = false;       // and has got its opening
  bool superseded = false;  // something durable follows what recovery has found
  bool preparing = false;
  uint64_t refused_bytes = 0;  // the size for which there was no space; 0: none
};

world::Disk::Done SegmentFiles::Impl::step(LiveSegment made, void (Impl::*next)(LiveSegment)) {
  return [weak = weak_from_this(), made, next](Result<void> result) {
    const auto self = weak.lock();
    if (!self) return;
    if (result) return (self.get()->*next)(made);
    if (result.error().fault == Fault::no_space) return self->found_no_space(made.size_bytes);
    self->on_failure(std::move(result).error());
  };
}

void SegmentFiles::Impl::prepare(uint64_t size_bytes) {
  if (preparing || spare) return;
  preparing = true;
  refused_bytes = 0;
  const LiveSegment made{++sequence_max, size_bytes, Index(UINT64_MAX)};
  disk.create(segment_name(made.sequence), size_bytes, step(made, &Impl::write_header));
}

void SegmentFiles::Impl::write_header(LiveSegment made) {
  header.sequence = made.sequence;
  header.size_bytes = made.size_bytes;
  disk.write(segment_name(made.sequence), 0, {encode_segment_header(header)}, world::Sync::yes,
             step(made, &Impl::name_in_state));
}

// From now on a start that does not find this segment knows that something is lost.
void SegmentFiles::Impl::name_in_state(LiveSegment made) {
  state.wanted().newest_segment = made.sequence;
  state.put([weak = weak_from_this(), made] {
    if (const auto self = weak.lock()) self->became_ready(made);
  });
}

void SegmentFiles::Impl::became_ready(LiveSegment made) {
  preparing = false;
  spare = made;
  sweep();
  on_ready();
}

void SegmentFiles::Impl::found_no_space(uint64_t size_bytes) {
  COTERIE_REACHED("no space for the next segment");
  preparing = false;
  refused_bytes = size_bytes;
}

// Removes dead segments once nothing can make them count again: what follows them is durable, and
// the state does not name one of them as the newest.
void SegmentFiles::Impl::sweep() {
  const uint32_t named = state.durable().newest_segment;
  if (!superseded || std::count(dead.begin(), dead.end(), named) > 0) return;
  for (const uint32_t sequence : std::exchange(dead, {})) {
    disk.remove(segment_name(sequence), [](Result<void>) {});
  }
}

// The state says first that they are not needed: whoever misses one later knows why.
void SegmentFiles::Impl::remove_for_good(std::vector<uint32_t> sequences) {
  state.wanted().first_segment = live.front().sequence;
  state.put([weak = weak_from_this(), sequences = std::move(sequences)] {
    const auto self = weak.lock();
    if (!self) return;
    for (const uint32_t sequence : sequences) {
      self->disk.remove(segment_name(sequence), [](Result<void>) {});
    }
  });
}

SegmentFiles::SegmentFiles(world::Disk& disk, StateFile& state, uint64_t segment_bytes,
                           std::function<void()> on_ready, std::function<void(Error)> on_failure)
    : impl_(std::make_shared<Impl>(disk, state)) {
  const uint64_t least = segment_header_bytes + 4096;
  impl_->segment_bytes = std::clamp(segment_bytes, least, segment_bytes_max) / 4096 * 4096;
  impl_->on_ready = std::move(on_ready);
  impl_->on_failure = std::move(on_failure);
}
SegmentFiles::~SegmentFiles() = default;

void SegmentFiles::adopt(const Papers& papers, const StitchedLog& log, uint32_t sequence_max) {
  impl_->header.cluster = papers.cluster;
  impl_->header.replica = papers.replica;
  impl_->live = log.live;
  impl_->spare = log.spare;
  impl_->dead = log.dead;
  impl_->sequence_max = sequence_max;
  impl_->end = log.end;
  impl_->is_open = impl_->begun = impl_->superseded = log.continue_in_place;
  impl_->preparing = false;
  if (log.spare) impl_->state.wanted().newest_segment = log.spare->sequence;
}

void SegmentFiles::set_cluster(const ClusterId& cluster) { impl_->header.cluster = cluster; }

void SegmentFiles::start() {
  impl_->sweep();
  prepare();
}

bool SegmentFiles::is_open() const { return impl_->is_open; }
uint32_t SegmentFiles::sequence() const { return impl_->live.back().sequence; }
uint64_t SegmentFiles::offset() const {
  return impl_->begun ? impl_->end.offset : segment_header_bytes;
}
bool SegmentFiles::begun() const { return impl_->begun; }
uint64_t SegmentFiles::room() const {
  return impl_->is_open ? impl_->live.back().size_bytes - offset() : 0;
}
LogEnd SegmentFiles::end() const { return impl_->end; }

void SegmentFiles::lower(uint32_t sequence, Index low) {
  for (LiveSegment& segment : impl_->live) {
    if (segment.sequence == sequence) segment.low = std::min(segment.low, low);
  }
}

void SegmentFiles::advance(uint64_t offset) {
  COTERIE_ASSERT(impl_->is_open && offset <= impl_->live.back().size_bytes);
  impl_->end = {impl_->live.back().sequence, offset};
  impl_->begun = true;
  if (!impl_->superseded) {
    impl_->superseded = true;
    impl_->sweep();
  }
}

bool SegmentFiles::open_next(uint64_t bytes) {
  const uint64_t needed = segment_header_bytes + record_bytes(opening_body_bytes) + bytes;
  COTERIE_ASSERT(needed <= segment_bytes_max);
  std::optional<LiveSegment>& spare = impl_->spare;
  if (spare && spare->size_bytes < needed) {
    COTERIE_REACHED("prepared segment too small for an entry");
    impl_->dead.push_back(spare->sequence);
    spare.reset();
  }
  if (!spare) {
    // While one is being prepared it may turn out too small: then this is asked again.
    if (impl_->refused_bytes == 0) {
      impl_->prepare(std::max(impl_->segment_bytes, (needed + 4095) / 4096 * 4096));
    } else {
      impl_->refused_bytes = std::max(impl_->segment_bytes, (needed + 4095) / 4096 * 4096);
    }
    return false;
  }
  impl_->live.push_back(*spare);
  spare.reset();
  impl_->is_open = true;
  impl_->begun = false;
  return true;
}

void SegmentFiles::prepare() {
  if (impl_->refused_bytes == 0) impl_->prepare(impl_->segment_bytes);
}
bool SegmentFiles::preparing() const { return impl_->preparing; }
bool SegmentFiles::no_space() const { return impl_->refused_bytes > 0; }
void SegmentFiles::retry() {
  if (impl_->refused_bytes > 0) impl_->prepare(impl_->refused_bytes);
}

void SegmentFiles::compact(Index keep_from) {
  // What a later segment says from an index on replaces what earlier ones say from there on.
  std::vector<LiveSegment>& live = impl_->live;
  Index low(UINT64_MAX);
  for (size_t i = live.size(); i-- > 1;) {
    low = std::min(low, live[i].low);
    if (low > keep_from) continue;
    std::vector<uint32_t> gone;
    for (size_t j = 0; j < i; ++j) gone.push_back(live[j].sequence);
    live.erase(live.begin(), live.begin() + static_cast<ptrdiff_t>(i));
    impl_->remove_for_good(std::move(gone));
    return;
  }
}

uint64_t SegmentFiles::bytes_on_disk() const {
  uint64_t bytes = impl_->spare ? impl_->spare->size_bytes : 0;
  for (const LiveSegment& segment : impl_->live) bytes += segment.size_bytes;
  return bytes;
}

uint64_t SegmentFiles::segment_bytes() const { return impl_->segment_bytes; }

const std::vector<LiveSegment>& SegmentFiles::live() const { return impl_->live; }

std::vector<uint32_t> SegmentFiles::sequences() const {
  std::vector<uint32_t> all = impl_->dead;
  for (const LiveSegment& segment : impl_->live) all.push_back(segment.sequence);
  if (impl_->spare) all.push_back(impl_->spare->sequence);
  return all;
}

}  // namespace coterie::store
