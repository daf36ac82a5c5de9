// See log.h. The public face; the work is done in log_open.cc, log_write.cc and log_sync.cc.
#include "coterie/store/log/log.h"

#include <utility>

#include "coterie/base/assert.h"
#include "coterie/store/log/log_impl.h"

namespace coterie::store {

Log::Log(world::Disk& disk, LogOptions options, std::function<void(uint64_t)> on_durable,
         std::function<void(Error)> on_failure)
    : impl_(std::make_shared<Impl>(disk, options)) {
  impl_->on_durable = std::move(on_durable);
  impl_->on_failure = std::move(on_failure);
}
Log::~Log() { impl_->phase = Impl::Phase::ended; }

Result<Recovery> Log::open(SnapshotTaker* taker) { return impl_->open(taker); }

bool Log::settled() const { return impl_->opened && !impl_->unsettled; }

void Log::write_papers(const Papers& papers, std::function<void(Result<void>)> done) {
  impl_->write_papers(papers, std::move(done));
}

void Log::write(uint64_t number, const std::optional<HardState>& hard_state,
                const std::vector<Entry>& entries) {
  Impl& log = *impl_;
  if (log.phase == Impl::Phase::ended) return;
  COTERIE_ASSERT(log.papers && !log.closing && number > log.gathered_number);
  log.gathered_number = number;
  log.accepted = true;
  if (hard_state) log.gathered_hard_state = hard_state;
  if (!entries.empty()) {
    COTERIE_ASSERT(entries.front().index <= log.next);
    log.next = entries.front().index;
  }
  for (const Entry& entry : entries) {
    COTERIE_ASSERT(entry.index == log.next && entry.bytes.size() <= entry_bytes_max);
    log.gathered.push_back({number, entry, Index(0)});
    log.next = log.next.next();
  }
}

void Log::flush(Now now) { impl_->flush(now); }

void Log::compact(Index keep_from) {
  if (impl_->phase != Impl::Phase::ended) impl_->compact(keep_from);
}

void Log::reset(Index next) {
  Impl& log = *impl_;
  if (log.phase == Impl::Phase::ended) return;
  COTERIE_ASSERT(log.papers && !log.closing && next > Index(0));
  log.accepted = true;
  log.next = next;
  log.gathered.push_back({log.gathered_number, {}, next});
  ++log.resets.submitted;
}

void Log::close(std::function<void()> done) { impl_->close(std::move(done)); }

bool Log::full() const { return impl_->full(); }
Duration Log::recent_sync() const { return impl_->gauge.recent(); }
uint64_t Log::durable_number() const { return impl_->durable_number; }
uint64_t Log::bytes_on_disk() const { return impl_->segments.bytes_on_disk(); }

}  // namespace coterie::store
