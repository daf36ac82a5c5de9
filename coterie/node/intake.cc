// See intake.h.
#include "coterie/node/intake.h"

#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/state/batch.h"

namespace coterie::node {

void Intake::reset() {
  expected_.clear();
  blocks_.clear();
  filled_ = 0;
  bytes_ = 0;
}

Result<void> Intake::take(NodeId from, bool own, const Forward& forward, const state::State& state,
                          std::vector<ForwardRefused>& refusals) {
  size_t offset = 0;
  while (offset < forward.blocks.size()) {
    COTERIE_TRY(block, state::BlockView::check(forward.blocks.view().substr(offset)));
    const Payload bytes = forward.blocks.slice(offset, block.size_bytes());
    offset += block.size_bytes();
    const state::BlockHeader header = block.header();
    if (header.session) {
      auto found = expected_.find(header.session);
      if (found == expected_.end()) {
        const auto view = state.session(header.session);
        // An unknown session has been closed: its node will see that in the log.
        if (!view || (!own && view->node != from)) continue;
        found = expected_.emplace(header.session, view->last_applied + 1).first;
      }
      if (header.count > 0 && header.first_number > found->second &&
          !COTERIE_MUTANT("gap-applied")) {
        COTERIE_REACHED("intake: a gap refused");
        refusals.push_back({forward.group, forward.pass, header.session, found->second});
        continue;
      }
      const uint64_t after = header.first_number + header.count;
      if (header.count > 0 && after <= found->second) continue;  // all of it is in the log
      if (header.count > 0) found->second = after;
    }
    blocks_.push_back({from, bytes});
    bytes_ += bytes.size();
  }
  return {};
}

bool Intake::fill(PayloadBuilder& body, size_t bytes_max, std::set<NodeId>& from) {
  const size_t start = body.size();
  while (filled_ < blocks_.size()) {
    const Block& block = blocks_[filled_];
    if (body.size() > start && body.size() - start + block.bytes.size() > bytes_max) break;
    body.append(block.bytes.view());
    from.insert(block.from);
    bytes_ -= block.bytes.size();
    ++filled_;
  }
  if (filled_ == blocks_.size()) {
    blocks_.clear();
    filled_ = 0;
  }
  return body.size() > start;
}

}  // namespace coterie::node
