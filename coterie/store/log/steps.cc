// See steps.h.
#include "coterie/store/log/steps.h"

#include <string>
#include <utility>

#include "coterie/base/assert.h"

namespace coterie::store {

namespace {

struct Sequence {
  std::weak_ptr<void> owner;
  std::vector<Step> steps;
  world::Disk::Done done;
  size_t at = 0;
};

void run(const std::shared_ptr<Sequence>& sequence) {
  sequence->steps[sequence->at]([sequence](Result<void> result) {
    if (sequence->owner.expired()) return;
    if (!result || ++sequence->at == sequence->steps.size()) {
      return sequence->done(std::move(result));
    }
    run(sequence);
  });
}

}  // namespace

void run_steps(std::weak_ptr<void> owner, std::vector<Step> steps, world::Disk::Done done) {
  COTERIE_ASSERT(!steps.empty());
  run(std::make_shared<Sequence>(Sequence{std::move(owner), std::move(steps), std::move(done), 0}));
}

Step removal(world::Disk& disk, std::string_view name) {
  return [&disk, name = std::string(name)](world::Disk::Done done) {
    disk.remove(name, [done = std::move(done)](Result<void> result) {
      if (!result && result.error().fault == Fault::not_found) result = {};
      done(std::move(result));
    });
  };
}

void add_new_file(world::Disk& disk, std::vector<Step>& steps, std::string_view name,
                  uint64_t size_bytes, std::vector<Payload> parts) {
  steps.push_back([&disk, name = std::string(name), size_bytes](world::Disk::Done done) {
    disk.create(name, size_bytes, std::move(done));
  });
  steps.push_back(
      [&disk, name = std::string(name), parts = std::move(parts)](world::Disk::Done done) {
        disk.write(name, 0, parts, world::Sync::yes, std::move(done));
      });
}

Step renaming(world::Disk& disk, std::string_view from, std::string_view to) {
  return [&disk, from = std::string(from), to = std::string(to)](world::Disk::Done done) {
    disk.rename(from, to, std::move(done));
  };
}

}  // namespace coterie::store
