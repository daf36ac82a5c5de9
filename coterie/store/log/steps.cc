// See steps.h.
#include "coterie/store/log/steps.h"

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

}  // namespace coterie::store
