// See state_file.h.
#include "coterie/store/log/state_file.h"

#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/recovery.h"

namespace coterie::store {

struct StateFile::Impl : std::enable_shared_from_this<StateFile::Impl> {
  explicit Impl(world::Disk& disk_arg) : disk(disk_arg) {}

  void begin();
  void write_slot();
  void written(Result<void> result);

  world::Disk& disk;
  std::function<void(StateRecord&)> refresh;
  std::function<void(Error)> on_failure;
  ReplicaId replica;
  StateRecord wanted;
  StateRecord writing;
  StateRecord durable;
  unsigned slot = 0;
  unsigned first_slot = 0;
  bool busy = false;
  bool no_space = false;
  bool failed = false;
  std::vector<std::function<void()>> waiting;  // for the next round
  std::vector<std::function<void()>> served;   // by this one
};

void StateFile::Impl::begin() {
  if (busy || failed || waiting.empty()) return;
  busy = true;
  served = std::exchange(waiting, {});
  refresh(wanted);
  ++wanted.counter;
  writing = wanted;
  slot = first_slot;
  write_slot();
}

void StateFile::Impl::write_slot() {
  no_space = false;
  disk.write(state_file, slot * state_slot_distance, {encode_state_slot(writing, replica)},
             world::Sync::yes, [weak = weak_from_this()](Result<void> result) {
               if (const auto self = weak.lock()) self->written(std::move(result));
             });
}

void StateFile::Impl::written(Result<void> result) {
  if (!result && result.error().fault == Fault::no_space) {
    COTERIE_REACHED("no space for the state file");
    no_space = true;
    return;
  }
  if (!result) {
    failed = true;
    return on_failure(std::move(result).error());
  }
  if (slot == first_slot) {
    slot = 1 - first_slot;
    return write_slot();
  }
  durable = writing;
  busy = false;
  for (const auto& done : std::exchange(served, {})) done();
  begin();
}

StateFile::StateFile(world::Disk& disk, std::function<void(StateRecord&)> refresh,
                     std::function<void(Error)> on_failure)
    : impl_(std::make_shared<Impl>(disk)) {
  impl_->refresh = std::move(refresh);
  impl_->on_failure = std::move(on_failure);
}
StateFile::~StateFile() = default;

void StateFile::adopt(const ReplicaId& replica, const StateRecord& record, unsigned spare_slot) {
  COTERIE_ASSERT(!impl_->busy && impl_->waiting.empty());
  impl_->replica = replica;
  impl_->wanted = impl_->durable = record;
  impl_->first_slot = spare_slot;
}

StateRecord& StateFile::wanted() { return impl_->wanted; }

void StateFile::put(std::function<void()> done) {
  impl_->waiting.push_back(std::move(done));
  impl_->begin();
}

const StateRecord& StateFile::durable() const { return impl_->durable; }
bool StateFile::no_space() const { return impl_->no_space; }
void StateFile::retry() {
  if (impl_->no_space) impl_->write_slot();
}

}  // namespace coterie::store
