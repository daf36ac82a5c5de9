// The connections of a link: how they begin, end and are noticed to have ended. See link.h.
#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/sim/link.h"

namespace coterie::sim {

using world::LinkChange;

void Link::set_timer(Timer timer, Instant when, uint64_t number) {
  kernel_.schedule(when, EventKind::link_timer, subject_,
                   number << 8 | static_cast<uint64_t>(timer));
}

void Link::attempt_at(Instant when) { set_timer(Timer::attempt, when, ++attempt_); }

void Link::establish() {
  // The receiver takes a new connection for the end of the old one.
  if (receiver_up_) receiver_.link_changed(from_, LinkChange::incoming_down);
  epoch_ += 1;
  wire_up_ = sender_up_ = receiver_up_ = true;
  stream_cut_ = false;
  unread_bytes_ = 0;
  free_at_ = last_arrival_ = kernel_.now();
  decoder_.emplace(world::frame_bytes_max);
  sender_.link_changed(to_, LinkChange::outgoing_up);
}

// The stream ends at some byte of what is on its way; what lies behind it never arrives. Returns
// when the last byte before it does.
Instant Link::cut_stream(bool queue_too) {
  queue_too = queue_too && !blocked_;
  uint64_t total = queue_too ? queued_bytes_ : 0;
  for (uint32_t slot : in_flight_) {
    if (flights_[slot].epoch == epoch_) total += flights_[slot].size_bytes;
  }
  uint64_t left = connection_random_.below(total + 1);
  if (queue_too) {
    // The kernel still sends what it was given, without the window, until the cut.
    uint64_t in_flight = total - queued_bytes_;
    while (!waiting_.empty() && in_flight < left) {
      const uint32_t slot = waiting_.front();
      waiting_.pop_front();
      queued_bytes_ -= flights_[slot].size_bytes;
      in_flight += flights_[slot].size_bytes;
      depart(slot, std::max({kernel_.now(), free_at_, clogged_until_}));
    }
  }
  drop_waiting("connection broken");
  for (uint32_t slot : in_flight_) {
    Flight& flight = flights_[slot];
    if (flight.epoch != epoch_) continue;
    flight.cut_bytes = std::min(left, flight.size_bytes);
    left -= flight.cut_bytes;
  }
  return std::max(kernel_.now(), last_arrival_);
}

void Link::drop_waiting(std::string_view why) {
  for (uint32_t slot : waiting_) {
    lose(flights_[slot], why);
    release(slot);
  }
  waiting_.clear();
  queued_bytes_ = 0;
}

void Link::end_connection(Duration sender_after, Duration receiver_after, bool queue_too) {
  COTERIE_ASSERT(wire_up_);
  wire_up_ = false;
  const Instant last = cut_stream(queue_too);
  if (sender_up_) set_timer(Timer::sender_notices, kernel_.now() + sender_after, epoch_);
  if (receiver_up_) set_timer(Timer::receiver_notices, last + receiver_after, epoch_);
}

void Link::break_now() {
  if (!wire_up_) return;
  const Duration sender_after = options_.notice_delay.sample(connection_random_);
  const Duration receiver_after = options_.notice_delay.sample(connection_random_);
  end_connection(sender_after, receiver_after, true);
}

void Link::sender_started() {
  attempt_at(kernel_.now() + options_.connect_delay.sample(connection_random_));
}

void Link::sender_crashed(CrashKind kind) {
  sender_up_ = false;
  attempt_ += 1;  // no attempt goes on
  if (!wire_up_) return;
  const bool killed = kind == CrashKind::process;  // then its kernel still speaks
  const Delay& notice = killed ? options_.notice_delay : options_.silence_timeout;
  end_connection({}, notice.sample(connection_random_), killed);
}

void Link::receiver_started() {
  // Its kernel answers the bytes of a connection it does not know with a reset.
  if (!sender_up_ || wire_up_) return;
  set_timer(Timer::sender_notices, kernel_.now() + options_.notice_delay.sample(connection_random_),
            epoch_);
}

void Link::receiver_crashed(CrashKind kind) {
  receiver_up_ = false;
  if (!wire_up_) return;
  const bool killed = kind == CrashKind::process;
  const Delay& notice = killed ? options_.notice_delay : options_.silence_timeout;
  end_connection(notice.sample(connection_random_), {}, false);
}

void Link::block() {
  if (blocked_) return;
  blocked_ = true;
  kernel_.trace(TraceKind::link_blocked, from_, to_);
  if (!wire_up_) return;
  set_timer(Timer::silence, kernel_.now() + options_.silence_timeout.sample(connection_random_),
            ++silence_);
}

void Link::unblock() {
  if (!blocked_) return;
  blocked_ = false;
  kernel_.trace(TraceKind::link_unblocked, from_, to_);
  pump(kernel_.now());
}

void Link::clog(Duration how_long) {
  clogged_until_ = std::max(clogged_until_, kernel_.now() + how_long);
}

// A stream begins anew when its seed has changed; nothing else moves.
void Link::set_options(const LinkOptions& options) {
  const LinkOptions before = std::exchange(options_, options);
  if (options.loss_seed != before.loss_seed) loss_random_ = stream(2, options.loss_seed);
  if (options.duplicate_seed != before.duplicate_seed)
    duplicate_random_ = stream(3, options.duplicate_seed);
  if (options.reorder_seed != before.reorder_seed)
    reorder_random_ = stream(4, options.reorder_seed);
  if (options.late_seed != before.late_seed) late_random_ = stream(5, options.late_seed);
  const bool other_breaks = options.break_seed != before.break_seed;
  if (other_breaks) break_random_ = stream(7, options.break_seed);
  if (other_breaks || options.break_mean != before.break_mean) start_breaks();
  if (options.clog_mean != before.clog_mean) start_clogs();
  pump(kernel_.now());
}

void Link::start_breaks() {
  break_chain_ += 1;
  if (options_.break_mean.ns == 0) return;
  const Delay next = Delay::exponential(nanoseconds(1), options_.break_mean);
  set_timer(Timer::break_fault, kernel_.now() + next.sample(break_random_), break_chain_);
}

void Link::start_clogs() {
  clog_chain_ += 1;
  if (options_.clog_mean.ns == 0) return;
  const Delay next = Delay::exponential(nanoseconds(1), options_.clog_mean);
  set_timer(Timer::clog_fault, kernel_.now() + next.sample(clog_random_), clog_chain_);
}

void Link::on_timer(uint64_t argument) {
  const uint64_t number = argument >> 8;
  const Instant now = kernel_.now();
  const bool gone = number == epoch_ && !wire_up_;
  switch (static_cast<Timer>(argument & 0xff)) {
    case Timer::attempt:
    case Timer::established:
      if (number != attempt_) return;
      if (blocked_ || !receiver_.accepts()) {
        attempt_at(now + options_.retry_delay.sample(connection_random_));
      } else if (static_cast<Timer>(argument & 0xff) == Timer::established) {
        establish();
      } else {
        set_timer(Timer::established, now + options_.connect_delay.sample(connection_random_),
                  number);
      }
      return;
    case Timer::sender_notices:
      if (!gone || !sender_up_) return;
      sender_up_ = false;
      sender_.link_changed(to_, LinkChange::outgoing_down);
      attempt_at(now + options_.retry_delay.sample(connection_random_));
      return;
    case Timer::receiver_notices:
      if (!gone || !receiver_up_) return;
      receiver_up_ = false;
      receiver_.link_changed(from_, LinkChange::incoming_down);
      return;
    case Timer::silence:
      if (number != silence_ || !blocked_ || !wire_up_) return;
      COTERIE_REACHED("simulated connection given up after a silence");
      end_connection({}, options_.silence_timeout.sample(connection_random_), false);
      return;
    case Timer::break_fault:
      if (number != break_chain_) return;
      if (hook_) hook_({from_, to_, now, departures_, true, options_.break_seed, {}, {}, nullptr});
      break_now();
      start_breaks();
      return;
    case Timer::clog_fault:
      if (number != clog_chain_) return;
      COTERIE_REACHED("simulated link clogged");
      clog(options_.clog_duration.sample(clog_random_));
      start_clogs();
      return;
  }
}

}  // namespace coterie::sim
