// Commands on the deadlines of keys. Deadlines and answers are in log time: the stamp of the entry
// that is applied, or of the newest applied one for reads.
#include <algorithm>

#include "coterie/store/state/handlers.h"
#include "coterie/store/state/options.h"

namespace coterie::state {

namespace {

bool option_forbids(const ExpireOptions& options, int64_t now_deadline, int64_t new_deadline) {
  const bool has = now_deadline != no_deadline;
  if (options.absent && has) return true;
  if (options.present && !has) return true;
  if (options.greater && (!has || new_deadline <= now_deadline)) return true;
  return options.less && has && new_deadline >= now_deadline;
}

void expire_by(Execution& x, DeadlineUnit unit, DeadlineBase base) {
  const auto options = parse_expire_options(x.args().subspan(2));
  if (!options) return reply_error(x, options.error());
  const auto deadline = parse_deadline(x.arg(1), unit, base, false, x.now_ms(), x.spec().name);
  if (!deadline) return reply_error(x, deadline.error());
  const Record* record = x.find(x.arg(0));
  if (record == nullptr || option_forbids(*options, record->deadline_ms, *deadline))
    return x.reply().integer(0);
  x.set_deadline(x.arg(0), *deadline);
  x.reply().integer(1);
}
void expire(Execution& x) { expire_by(x, DeadlineUnit::seconds, DeadlineBase::relative); }
void pexpire(Execution& x) { expire_by(x, DeadlineUnit::milliseconds, DeadlineBase::relative); }
void expireat(Execution& x) { expire_by(x, DeadlineUnit::seconds, DeadlineBase::absolute); }
void pexpireat(Execution& x) { expire_by(x, DeadlineUnit::milliseconds, DeadlineBase::absolute); }

// -2: no such key; -1: it does not expire.
void reply_time(Execution& x, DeadlineUnit unit, DeadlineBase base) {
  const Record* record = x.find(x.arg(0));
  if (record == nullptr) return x.reply().integer(-2);
  if (record->deadline_ms == no_deadline) return x.reply().integer(-1);
  const int64_t ms = record->deadline_ms - (base == DeadlineBase::relative ? x.now_ms() : 0);
  x.reply().integer(unit == DeadlineUnit::milliseconds ? ms
                                                       : ms / 1000 + (ms % 1000 >= 500 ? 1 : 0));
}
void ttl(Execution& x) { reply_time(x, DeadlineUnit::seconds, DeadlineBase::relative); }
void pttl(Execution& x) { reply_time(x, DeadlineUnit::milliseconds, DeadlineBase::relative); }
void expiretime(Execution& x) { reply_time(x, DeadlineUnit::seconds, DeadlineBase::absolute); }
void pexpiretime(Execution& x) {
  reply_time(x, DeadlineUnit::milliseconds, DeadlineBase::absolute);
}

void persist(Execution& x) {
  const Record* record = x.find(x.arg(0));
  if (record == nullptr || record->deadline_ms == no_deadline) return x.reply().integer(0);
  x.set_deadline(x.arg(0), no_deadline);
  x.reply().integer(1);
}

constexpr NamedHandler handlers[] = {
    {"expire", expire},
    {"pexpire", pexpire},
    {"expireat", expireat},
    {"pexpireat", pexpireat},
    {"ttl", ttl},
    {"pttl", pttl},
    {"expiretime", expiretime},
    {"pexpiretime", pexpiretime},
    {"persist", persist},
};

}  // namespace

std::span<const NamedHandler> expiry_handlers() { return handlers; }

}  // namespace coterie::state
