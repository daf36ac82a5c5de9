// What becomes of single frames: drawn from streams that no other decision moves, recorded, and
// given to a frame by its number.
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "coterie/world/sim/link.h"
#include "coterie/world/sim/test_tenant.h"

namespace coterie::sim {
namespace {

struct Arrival {
  Instant when;
  uint64_t number = 0;
  bool operator==(const Arrival&) const = default;
};

// Node 1 sends numbered frames to node 2, one a millisecond.
struct Stream {
  explicit Stream(uint64_t seed = 1, LinkOptions options = {}) : cluster(make(seed, options), 2) {
    cluster.connect();
    link().on_moment([this](const LinkMoment& moment) { moments.push_back(moment); });
    cluster.tenant(2).frame_hook = [this](NodeId, const Payload& frame) {
      arrivals.push_back({cluster.simulation.now(), std::stoull(frame.text())});
    };
  }
  static SimOptions make(uint64_t seed, const LinkOptions& options) {
    SimOptions all;
    all.seed = seed;
    all.link = options;
    return all;
  }
  Link& link() { return cluster.simulation.link(NodeId(1), NodeId(2)); }
  void send(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      cluster.simulation.poke(NodeId(1),
                              [this] { cluster.tenant(1).send(2, std::to_string(++sent)); });
      cluster.simulation.run_for(milliseconds(1));
    }
  }
  void settle() { cluster.simulation.run_for(seconds(10)); }
  std::map<uint64_t, int> copies() const {
    std::map<uint64_t, int> count;
    for (const Arrival& arrival : arrivals) count[arrival.number] += 1;
    return count;
  }
  // What was drawn for the n-th frame sent, in each.
  std::vector<std::vector<Fate>> drawn() const {
    std::vector<std::vector<Fate>> all;
    for (const LinkMoment& moment : moments) all.push_back(moment.drawn);
    return all;
  }
  uint64_t sent = 0;
  TestCluster cluster;
  std::vector<Arrival> arrivals;
  std::vector<LinkMoment> moments;
};

LinkOptions foul(uint64_t seed) {
  LinkOptions options;
  options.loss_probability = options.duplicate_probability = options.reorder_probability = 0.2;
  options.late = Delay::exponential({}, milliseconds(1));
  options.loss_seed = options.duplicate_seed = options.reorder_seed = options.late_seed = seed;
  return options;
}

TEST(LinkFate, IsMetByTheFrameItIsGivenTo) {
  Stream stream;
  stream.send(5);
  stream.link().give_fate(2, {Fate::Kind::lost, {}, 11});
  stream.link().give_fate(4, {Fate::Kind::repeated, milliseconds(30), 12});
  stream.link().give_fate(6, {Fate::Kind::overtaken, milliseconds(5), 13});
  stream.link().give_fate(9, {Fate::Kind::late, milliseconds(40), 14});
  stream.send(10);
  stream.settle();
  std::map<uint64_t, int> expected;
  for (uint64_t number = 1; number <= 15; ++number) expected[number] = 1;
  expected.erase(7);
  expected[9] = 2;
  EXPECT_EQ(stream.copies(), expected);
  std::vector<uint64_t> order;
  for (const Arrival& arrival : stream.arrivals) order.push_back(arrival.number);
  EXPECT_EQ(order, (std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 11, 9, 14, 15}))
      << "frame 14 holds 15 back, frame 11 nobody";
}

TEST(LinkFate, ThoseNotYetMetAreForgotten) {
  Stream stream;
  stream.link().give_fate(3, {Fate::Kind::lost, {}, 1});
  stream.send(2);
  stream.link().forget_fates();
  stream.send(5);
  stream.settle();
  EXPECT_EQ(stream.arrivals.size(), 7u);
}

// What the streams have drawn, given frame by frame on a quiet link, is the same run.
TEST(LinkFate, WhatWasDrawnCanBeGivenInstead) {
  Stream drawn;
  drawn.link().set_options(foul(7));
  drawn.send(200);
  drawn.link().set_options({});
  drawn.send(50);
  drawn.settle();

  Stream given;
  for (const LinkMoment& moment : drawn.moments) {
    for (const Fate& fate : moment.drawn) given.link().give_fate(moment.departures, fate);
  }
  given.send(250);
  given.settle();
  EXPECT_EQ(given.arrivals, drawn.arrivals);
  EXPECT_LT(given.copies().size(), 230u);
}

// One decision less, or one more, moves none of the others: the streams draw for every frame.
TEST(LinkFate, OneDecisionMovesNoOther) {
  Stream plain(3);
  plain.link().set_options(foul(7));
  plain.send(300);
  Stream touched(3);
  touched.link().set_options(foul(7));
  touched.link().give_fate(20, {Fate::Kind::lost, {}, 1});
  touched.link().give_fate(40, {Fate::Kind::repeated, milliseconds(1), 1});
  touched.link().give_fate(60, {Fate::Kind::late, milliseconds(9), 1});
  touched.send(300);
  EXPECT_EQ(touched.drawn(), plain.drawn());
}

// One kind of weather moves no other's decisions, nor do breaks of connections or other delays.
TEST(LinkFate, OneKindMovesNoOther) {
  const auto only = [](const Stream& stream, Fate::Kind kind) {
    std::vector<std::pair<uint64_t, Fate>> all;
    for (const LinkMoment& moment : stream.moments) {
      for (const Fate& fate : moment.drawn) {
        if (fate.kind == kind) all.emplace_back(moment.departures, fate);
      }
    }
    return all;
  };
  Stream all(3);
  all.link().set_options(foul(7));
  all.send(300);
  for (const Fate::Kind kind :
       {Fate::Kind::lost, Fate::Kind::repeated, Fate::Kind::overtaken, Fate::Kind::late}) {
    LinkOptions options = foul(7);
    if (kind != Fate::Kind::lost) options.loss_probability = 0;
    if (kind != Fate::Kind::repeated) options.duplicate_probability = 0;
    if (kind != Fate::Kind::overtaken) options.reorder_probability = 0;
    if (kind != Fate::Kind::late) options.late = {};
    Stream one(3);
    one.link().set_options(options);
    one.send(300);
    EXPECT_EQ(only(one, kind), only(all, kind));
    EXPECT_FALSE(only(one, kind).empty());
  }
}

// Weather with a seed of its own does not depend on what the link has drawn before.
TEST(LinkFate, WeatherBeginsItsStreamAnew) {
  const auto after = [](uint64_t before, uint64_t other_seed) {
    Stream stream(5);
    stream.link().set_options(foul(other_seed));
    stream.send(before);
    stream.moments.clear();
    stream.link().set_options(foul(9));
    stream.send(100);
    return stream.drawn();
  };
  EXPECT_EQ(after(0, 1), after(37, 2));
  EXPECT_NE(after(0, 1), after(37, 9)) << "the same weather goes on";
}

TEST(LinkFate, BreaksAreToldAndKeepTheirTimes) {
  const auto breaks = [](bool foul_too) {
    Stream stream(5);
    LinkOptions options = foul_too ? foul(3) : LinkOptions();
    options.break_mean = milliseconds(50);
    options.break_seed = 4;
    stream.link().set_options(options);
    stream.send(200);
    options.loss_probability = 0.5;
    stream.link().set_options(options);  // the same breaks go on
    stream.send(200);
    std::vector<Instant> times;
    for (const LinkMoment& moment : stream.moments) {
      if (moment.broken) times.push_back(moment.when);
      EXPECT_TRUE(!moment.broken || moment.break_seed == 4);
    }
    return times;
  };
  EXPECT_GT(breaks(false).size(), 3u);
  EXPECT_EQ(breaks(false), breaks(true));
}

}  // namespace
}  // namespace coterie::sim
