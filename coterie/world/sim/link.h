// One direction between two nodes: connections that come and go, and the frames on them. A
// connection is a stream of bytes; when it breaks, the stream is cut at any byte, and what the
// receiver has of a half frame is discarded by the same decoder that the real world uses. Both ends
// hear of the break each in its own time, and the sender connects again.
//
// While the link is blocked (a partition) nothing moves: frames wait at the sender, as they do in
// TCP, and arrive late when it heals soon; otherwise both ends give the connection up after a
// silence.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/random.h"
#include "coterie/world/frame.h"
#include "coterie/world/sim/fate.h"
#include "coterie/world/sim/kernel.h"
#include "coterie/world/sim/options.h"
#include "coterie/world/world.h"

namespace coterie::sim {

class Link;

// What a link asks and tells its ends.
class LinkEnd {
 public:
  virtual ~LinkEnd() = default;
  virtual bool accepts() const = 0;  // a process runs there
  virtual void link_changed(NodeId peer, world::LinkChange change) = 0;
  // The receiver says link.consumed(epoch, frame.size()) when its node has taken it.
  virtual void frame_arrived(Link& link, uint64_t epoch, uint64_t number, Payload frame) = 0;
};

class Link {
 public:
  // `subject` is how events name this link. The ends and the kernel outlive it.
  Link(Kernel& kernel, uint32_t subject, NodeId from, LinkEnd& sender, NodeId to, LinkEnd& receiver,
       const LinkOptions& options, uint64_t seed);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  NodeId from() const { return from_; }
  NodeId to() const { return to_; }

  // The sender's side. A frame leaves at `at` or later. REQUIRES: at >= now; parts together <=
  // frame_bytes_max.
  void send(Instant at, std::vector<Payload> parts);
  bool connected() const { return sender_up_; }
  uint64_t queued_bytes() const { return queued_bytes_; }
  // The receiver's side.
  void consumed(uint64_t epoch, uint64_t size_bytes);

  void sender_started();
  void sender_crashed(CrashKind kind);
  void receiver_started();
  void receiver_crashed(CrashKind kind);

  void block();
  void unblock();
  bool blocked() const { return blocked_; }
  void break_now();              // nothing if there is no connection
  void clog(Duration how_long);  // nothing leaves until then
  const LinkOptions& options() const { return options_; }
  void set_options(const LinkOptions& options);
  // For the nth frame that departs from now on, besides what is drawn for it. The streams draw for
  // this frame as for any other. REQUIRES: nth > 0
  void give_fate(uint64_t nth, const Fate& fate);
  void forget_fates();  // those not yet met
  // Called when a frame departs, and when a connection breaks as drawn. The run is the same with
  // it.
  void on_moment(std::function<void(const LinkMoment&)> hook) { hook_ = std::move(hook); }

  void on_arrival(uint64_t slot);
  void on_departure();
  void on_timer(uint64_t argument);

 private:
  enum class Timer : uint8_t {
    attempt,
    established,
    sender_notices,
    receiver_notices,
    silence,
    break_fault,
    clog_fault
  };

  // A frame from send() until it has arrived for the last time.
  struct Flight {
    Payload header;
    std::vector<Payload> parts;
    uint64_t size_bytes = 0;  // header included
    uint64_t cut_bytes = 0;   // how much of it arrives; size_bytes when all
    uint64_t epoch = 0;
    uint64_t number = 0;
    uint32_t arrivals = 0;  // still to come
  };

  // What happens to one frame.
  struct Fortune {
    bool lost = false;
    std::optional<Duration> repeated, overtaken;
    Duration late;
  };

  Random stream(uint64_t number, uint64_t seed) const;
  Fortune draw_fortune(const Flight& flight);
  void draw_fates(std::vector<Fate>& drawn);
  void set_timer(Timer timer, Instant when, uint64_t number);
  void attempt_at(Instant when);
  void establish();
  void pump(Instant at);
  void depart(uint32_t slot, Instant at);
  void lose(const Flight& flight, std::string_view why);
  void release(uint32_t slot);
  void feed(const Flight& flight);
  Instant cut_stream(bool queue_too);
  void drop_waiting(std::string_view why);
  void end_connection(Duration sender_after, Duration receiver_after, bool queue_too);
  void start_breaks();
  void start_clogs();

  Kernel& kernel_;
  const uint32_t subject_;
  const NodeId from_;
  const NodeId to_;
  LinkEnd& sender_;
  LinkEnd& receiver_;
  LinkOptions options_;
  const uint64_t seed_;
  Random delay_random_;  // one number a frame, and one or two of each fault that is on
  Random loss_random_, duplicate_random_, reorder_random_, late_random_;
  Random connection_random_;
  Random break_random_, clog_random_;

  uint64_t epoch_ = 0;      // number of the connection
  bool wire_up_ = false;    // bytes can pass
  bool sender_up_ = false;  // as each end has it
  bool receiver_up_ = false;
  bool blocked_ = false;
  bool stream_cut_ = false;  // a half frame was the last that arrived on this connection
  uint64_t attempt_ = 0;
  uint64_t silence_ = 0;
  uint64_t break_chain_ = 0;
  uint64_t clog_chain_ = 0;
  uint64_t departures_ = 0;
  std::multimap<uint64_t, Fate> given_;  // by departure
  std::vector<Fate> fates_;              // of the frame that departs
  std::function<void(const LinkMoment&)> hook_;

  std::vector<Flight> flights_;
  std::vector<uint32_t> free_flights_;
  std::deque<uint32_t> waiting_;    // not yet given to the connection
  std::deque<uint32_t> in_flight_;  // in the order of departure
  uint64_t queued_bytes_ = 0;
  uint64_t unread_bytes_ = 0;  // departed on this connection, not yet consumed
  Instant free_at_;            // the connection is busy with earlier bytes until then
  Instant clogged_until_;
  Instant last_arrival_;
  Instant departure_at_ = Instant::never();  // when a departure event is due
  std::optional<world::FrameDecoder> decoder_;
};

}  // namespace coterie::sim
