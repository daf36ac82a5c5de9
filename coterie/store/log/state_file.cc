// See state_file.h.
#include "coterie/store/log/state_file.h"

#include <string>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/recovery.h"
#include "coterie/store/log/steps.h"

namespace coterie::store {

struct StateFile::Impl : std::enable_shared_from_this<StateFile::Impl> {
  explicit Impl(world::Disk& disk_arg) : disk(disk_arg) {}

  void begin();
  void take_wanted();
  void write_anew();
  void write_in_place();
  void write_slot();
  void written(Result<void> result);
  void end();
  void fail_with(Error error);

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
  take_wanted();
  slot = first_slot;
  write_slot();
}

void StateFile::Impl::take_wanted() {
  served = std::exchange(waiting, {});
  refresh(wanted);
  ++wanted.counter;
  writing = wanted;
}

void StateFile::Impl::write_anew() {
  busy = true;
  take_wanted();
  const Payload bytes = encode_state_slot(writing, replica);
  std::string gap(state_slot_distance - bytes.size(), '\0');
  std::vector<Step> steps;
  steps.push_back(removal(disk, state_file_new));
  add_new_file(disk, steps, state_file_new, state_file_bytes,
               {bytes, Payload::copy_of(gap), bytes});
  steps.push_back(renaming(disk, state_file_new, state_file));
  run_steps(weak_from_this(), std::move(steps), [this](Result<void> result) {
    if (result) return end();
    if (result.error().fault != Fault::no_space) return fail_with(std::move(result).error());
    COTERIE_REACHED("no space for a new state file");
    write_in_place();
  });
}

// What was read is synced first: a loss of power could take the slot being written, and the other
// one as well.
void StateFile::Impl::write_in_place() {
  disk.sync(state_file, [weak = weak_from_this()](Result<void> result) {
    const auto self = weak.lock();
    if (!self) return;
    if (!result) return self->fail_with(std::move(result).error());
    self->slot = self->first_slot;
    self->write_slot();
  });
}

void StateFile::Impl::write_slot() {
  no_space = false;
  const world::Sync sync = COTERIE_MUTANT("state-not-synced") ? world::Sync::no : world::Sync::yes;
  disk.write(state_file, slot * state_slot_distance, {encode_state_slot(writing, replica)}, sync,
             [weak = weak_from_this()](Result<void> result) {
               if (const auto self = weak.lock()) self->written(std::move(result));
             });
}

void StateFile::Impl::written(Result<void> result) {
  if (!result && result.error().fault == Fault::no_space) {
    COTERIE_REACHED("no space for the state file");
    no_space = true;
    return;
  }
  if (!result) return fail_with(std::move(result).error());
  if (slot == first_slot) {
    slot = 1 - first_slot;
    return write_slot();
  }
  end();
}

void StateFile::Impl::fail_with(Error error) {
  failed = true;
  on_failure(std::move(error));
}

void StateFile::Impl::end() {
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

void StateFile::put_anew(std::function<void()> done) {
  COTERIE_ASSERT(!impl_->busy && impl_->waiting.empty());
  impl_->waiting.push_back(std::move(done));
  impl_->write_anew();
}

const StateRecord& StateFile::durable() const { return impl_->durable; }
bool StateFile::no_space() const { return impl_->no_space; }
void StateFile::retry() {
  if (impl_->no_space) impl_->write_slot();
}

}  // namespace coterie::store
