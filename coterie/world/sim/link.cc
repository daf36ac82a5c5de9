// See link.h. Frames are here; connections are in link_connection.cc.
#include "coterie/world/sim/link.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/reached.h"

namespace coterie::sim {

Link::Link(Kernel& kernel, uint32_t subject, NodeId from, LinkEnd& sender, NodeId to,
           LinkEnd& receiver, const LinkOptions& options, uint64_t seed)
    : kernel_(kernel),
      subject_(subject),
      from_(from),
      to_(to),
      sender_(sender),
      receiver_(receiver),
      options_(options),
      seed_(seed),
      delay_random_(stream(1, 0)),
      loss_random_(stream(2, options.loss_seed)),
      duplicate_random_(stream(3, options.duplicate_seed)),
      reorder_random_(stream(4, options.reorder_seed)),
      late_random_(stream(5, options.late_seed)),
      connection_random_(stream(6, 0)),
      break_random_(stream(7, options.break_seed)),
      clog_random_(stream(8, 0)) {
  start_breaks();
  start_clogs();
}

Random Link::stream(uint64_t number, uint64_t seed) const {
  return Random(mix_seed(mix_seed(seed_, number), seed));
}

void Link::lose(const Flight& flight, std::string_view why) {
  kernel_.trace(TraceKind::frame_lost, from_, to_, flight.number, flight.size_bytes, why);
}

void Link::release(uint32_t slot) {
  Flight& flight = flights_[slot];
  flight.parts.clear();
  flight.header = {};
  free_flights_.push_back(slot);
}

void Link::send(Instant at, std::vector<Payload> parts) {
  uint32_t slot = 0;
  if (free_flights_.empty()) {
    slot = static_cast<uint32_t>(flights_.size());
    flights_.emplace_back();
  } else {
    slot = free_flights_.back();
    free_flights_.pop_back();
  }
  Flight& flight = flights_[slot];
  flight.header = world::frame_header(parts);
  flight.size_bytes = world::frame_header_bytes;
  for (const Payload& part : parts) flight.size_bytes += part.size();
  COTERIE_ASSERT(flight.size_bytes - world::frame_header_bytes <= world::frame_bytes_max);
  flight.parts = std::move(parts);
  flight.cut_bytes = flight.size_bytes;
  flight.epoch = epoch_;
  flight.number = kernel_.next_frame_number();
  flight.arrivals = 0;
  kernel_.trace(TraceKind::frame_sent, from_, to_, flight.number, flight.size_bytes, {},
                &flight.parts);
  kernel_.frame_sent(from_, flight.parts);
  const bool full = queued_bytes_ + flight.size_bytes > options_.queue_bytes_max;
  if (!sender_up_ || !wire_up_ || full) {
    if (full) COTERIE_REACHED("simulated send queue full");
    lose(flight, !sender_up_ ? "not connected" : full ? "queue full" : "connection broken");
    release(slot);
    return;
  }
  waiting_.push_back(slot);
  queued_bytes_ += flight.size_bytes;
  pump(at);
}

void Link::give_fate(uint64_t nth, const Fate& fate) {
  COTERIE_ASSERT(nth > 0);
  given_.emplace(departures_ + nth, fate);
}

void Link::forget_fates() { given_.clear(); }

void Link::draw_fates(std::vector<Fate>& drawn) {
  if (options_.loss_probability > 0 && loss_random_.unit() < options_.loss_probability)
    drawn.push_back({Fate::Kind::lost, {}, options_.loss_seed});
  if (options_.duplicate_probability > 0) {
    const bool twice = duplicate_random_.unit() < options_.duplicate_probability;
    const Duration by = options_.reorder_delay.sample(duplicate_random_);
    if (twice) drawn.push_back({Fate::Kind::repeated, by, options_.duplicate_seed});
  }
  if (options_.reorder_probability > 0) {
    const bool overtaken = reorder_random_.unit() < options_.reorder_probability;
    const Duration by = options_.reorder_delay.sample(reorder_random_);
    if (overtaken) drawn.push_back({Fate::Kind::overtaken, by, options_.reorder_seed});
  }
  if (options_.late != Delay()) {
    const Duration by = options_.late.sample(late_random_);
    drawn.push_back({Fate::Kind::late, by, options_.late_seed});
  }
}

Link::Fortune Link::draw_fortune(const Flight& flight) {
  ++departures_;
  fates_.clear();
  draw_fates(fates_);
  const size_t drawn = fates_.size();
  const auto [first, last] = given_.equal_range(departures_);
  for (auto given = first; given != last; ++given) fates_.push_back(given->second);
  given_.erase(first, last);
  if (hook_) {
    const auto middle = fates_.begin() + static_cast<ptrdiff_t>(drawn);
    hook_({from_,
           to_,
           kernel_.now(),
           departures_,
           false,
           0,
           {fates_.begin(), middle},
           {middle, fates_.end()},
           &flight.parts});
  }
  Fortune fortune;
  for (const Fate& fate : fates_) {
    switch (fate.kind) {
      case Fate::Kind::lost:
        fortune.lost = true;
        break;
      case Fate::Kind::repeated:
        fortune.repeated = fate.by;
        break;
      case Fate::Kind::overtaken:
        fortune.overtaken = fate.by;
        break;
      case Fate::Kind::late:
        fortune.late = fortune.late + fate.by;
        break;
    }
  }
  return fortune;
}

// Gives to the connection what it will take.
void Link::pump(Instant at) {
  while (!waiting_.empty() && wire_up_ && !blocked_ && unread_bytes_ < options_.window_bytes) {
    const Instant start = std::max({at, free_at_, clogged_until_});
    if (start > at) {
      if (start < departure_at_) {
        departure_at_ = start;
        kernel_.schedule(start, EventKind::departure, subject_, 0);
      }
      return;
    }
    const uint32_t slot = waiting_.front();
    waiting_.pop_front();
    queued_bytes_ -= flights_[slot].size_bytes;
    depart(slot, at);
  }
}

void Link::depart(uint32_t slot, Instant at) {
  Flight& flight = flights_[slot];
  Duration transmission;
  if (options_.bytes_per_second > 0) {
    transmission = {static_cast<int64_t>(static_cast<__int128>(flight.size_bytes) * 1'000'000'000 /
                                         options_.bytes_per_second)};
  }
  free_at_ = at + transmission;
  const Fortune fortune = draw_fortune(flight);
  Instant arrival = free_at_ + options_.delay.sample(delay_random_) + fortune.late;
  if (fortune.lost) {
    COTERIE_REACHED("simulated frame lost");
    lose(flight, "lost on the way");
    release(slot);
    return;
  }
  if (fortune.overtaken) {
    COTERIE_REACHED("simulated frame overtaken");
    arrival = arrival + *fortune.overtaken;
  } else {
    arrival = std::max(arrival, last_arrival_);
    last_arrival_ = arrival;
  }
  flight.arrivals = 1;
  unread_bytes_ += flight.size_bytes;
  in_flight_.push_back(slot);
  kernel_.schedule(arrival, EventKind::arrival, subject_, slot);
  if (fortune.repeated) {
    COTERIE_REACHED("simulated frame duplicated");
    flight.arrivals = 2;
    unread_bytes_ += flight.size_bytes;
    kernel_.trace(TraceKind::frame_duplicated, from_, to_, flight.number, flight.size_bytes);
    kernel_.schedule(arrival + *fortune.repeated, EventKind::arrival, subject_, slot);
  }
}

void Link::on_departure() {
  if (kernel_.now() == departure_at_) departure_at_ = Instant::never();
  pump(kernel_.now());
}

void Link::on_arrival(uint64_t slot) {
  Flight& flight = flights_[slot];
  COTERIE_ASSERT(flight.arrivals > 0);
  flight.arrivals -= 1;
  if (flight.epoch != epoch_ || !receiver_up_ || stream_cut_ || flight.cut_bytes == 0) {
    lose(flight, "connection broken");
  } else {
    feed(flight);
  }
  if (flight.arrivals > 0) return;
  in_flight_.erase(std::find(in_flight_.begin(), in_flight_.end(), static_cast<uint32_t>(slot)));
  release(static_cast<uint32_t>(slot));
}

// The bytes come in as they were sent, so far as they come.
void Link::feed(const Flight& flight) {
  uint64_t left = flight.cut_bytes;
  const auto feed_some = [&](std::string_view bytes) {
    bytes = bytes.substr(0, left);
    left -= bytes.size();
    if (!bytes.empty()) decoder_->feed(bytes);
  };
  feed_some(flight.header.view());
  for (const Payload& part : flight.parts) feed_some(part.view());
  auto frame = decoder_->next();
  COTERIE_ASSERT(frame.has_value());
  COTERIE_ASSERT(frame->has_value() == (flight.cut_bytes == flight.size_bytes));
  if (!frame->has_value()) {
    COTERIE_REACHED("simulated connection breaks in mid-frame");
    stream_cut_ = true;
    lose(flight, "cut in the middle");
    return;
  }
  kernel_.fold(flight.size_bytes << 32 ^ load_le<uint32_t>(flight.header.data() + 4));
  receiver_.frame_arrived(*this, flight.epoch, flight.number, *std::move(*frame));
}

void Link::consumed(uint64_t epoch, uint64_t size_bytes) {
  if (epoch != epoch_) return;
  unread_bytes_ -= size_bytes + world::frame_header_bytes;
  if (!waiting_.empty()) pump(kernel_.now());
}

}  // namespace coterie::sim
