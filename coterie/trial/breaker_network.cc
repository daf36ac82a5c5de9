// What each kind of fault does to the links. See breaker.h.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/trial/breaker.h"

namespace coterie::trial {

void Breaker::block_link(NodeId from, NodeId to, bool block) {
  if (from == to) return;
  int& count = blocked_[{from, to}];
  count += block ? 1 : -1;
  if (count > 0) {
    simulation_.block(from, to);
  } else {
    simulation_.unblock(from, to);
  }
}

void Breaker::block_side(uint32_t side, bool block) {
  for (NodeId a : nodes_) {
    for (NodeId b : nodes_) {
      if (in_side(a, side) != in_side(b, side)) block_link(a, b, block);
    }
  }
}

sim::LinkOptions Breaker::link_options(NodeId from, NodeId to) const {
  sim::LinkOptions options = links_;
  for (const Weather& weather : weather_) {
    const PlannedFault& fault = weather.fault;
    if (fault.node && (fault.node != from || fault.peer != to)) continue;
    const double probability = static_cast<double>(fault.amount) / 1'000;
    switch (fault.kind) {
      case FaultKind::lossy:
        options.loss_probability = probability;
        options.loss_seed = fault.seed + 1;
        break;
      case FaultKind::twice:
        options.duplicate_probability = probability;
        options.duplicate_seed = fault.seed + 1;
        break;
      case FaultKind::overtake:
        options.reorder_probability = probability;
        options.reorder_seed = fault.seed + 1;
        break;
      case FaultKind::late:
        options.late_seed = fault.seed + 1;
        options.late = fault.seed % 2 == 0
                           ? sim::Delay::pareto(milliseconds(fault.amount), 1.3, milliseconds(500))
                           : sim::Delay::exponential({}, milliseconds(fault.amount));
        break;
      case FaultKind::narrow:
        options.bytes_per_second = static_cast<uint64_t>(fault.amount) << 10;
        break;
      case FaultKind::fragile:
        options.break_mean = milliseconds(fault.amount);
        options.break_seed = fault.seed + 1;
        break;
      default:
        COTERIE_ASSERT(false);
    }
  }
  return options;
}

void Breaker::set_links() {
  for (NodeId from : nodes_) {
    for (NodeId to : nodes_) {
      if (from != to) simulation_.link(from, to).set_options(link_options(from, to));
    }
  }
}

void Breaker::add_weather(const PlannedFault& fault) {
  const uint64_t number = ++weathers_;
  weather_.push_back({number, fault});
  set_links();
  undo_later(fault, [this, number] {
    std::erase_if(weather_, [&](const Weather& weather) { return weather.number == number; });
    set_links();
  });
}

bool Breaker::strike_network(const PlannedFault& fault) {
  const auto block_for_a_while = [&](std::function<void(bool)> block) {
    block(true);
    undo_later(fault, [block] { block(false); });
  };
  switch (fault.kind) {
    case FaultKind::partition:
      block_for_a_while([this, side = fault.side](bool block) { block_side(side, block); });
      return true;
    case FaultKind::one_way:
      block_for_a_while(
          [this, from = fault.node, to = fault.peer](bool block) { block_link(from, to, block); });
      return true;
    case FaultKind::deaf:
      block_for_a_while([this, to = fault.node](bool block) {
        for (NodeId from : nodes_) block_link(from, to, block);
      });
      return true;
    case FaultKind::flap:
      flap(fault, true, simulation_.now() + fault.length);
      return true;
    case FaultKind::bridge:
      block_for_a_while([this, bridge = fault.node, side = fault.side](bool block) {
        for (NodeId a : nodes_) {
          for (NodeId b : nodes_) {
            if (a != bridge && b != bridge && in_side(a, side) != in_side(b, side))
              block_link(a, b, block);
          }
        }
      });
      return true;
    case FaultKind::clog:
      for (NodeId from : nodes_) {
        for (NodeId to : nodes_) {
          if (from == to) continue;
          if (fault.node && (fault.node != from || fault.peer != to)) continue;
          simulation_.link(from, to).clog(fault.length);
        }
      }
      return true;
    default:
      add_weather(fault);
      return true;
  }
}

bool Breaker::strike_link(const PlannedFault& fault) {
  sim::Link& link = simulation_.link(fault.node, fault.peer);
  if (fault.kind == FaultKind::cut_off) {
    link.break_now();
  } else {
    link.give_fate(fault.frame, fate_of(fault));
  }
  return true;
}

void Breaker::flap(const PlannedFault& fault, bool block, Instant end) {
  block_side(fault.side, block);
  if (block) {
    PlannedFault single;
    single.kind = FaultKind::partition;
    single.side = fault.side;
    single.length = milliseconds(std::max<int64_t>(fault.amount, 1));
    decided_now(fault, single);
  }
  if (!block && simulation_.now() >= end) return;
  simulation_.after(milliseconds(std::max<int64_t>(fault.amount, 1)),
                    [this, era = era_, &fault, block, end] {
                      if (era == era_) flap(fault, !block, end);
                    });
}

}  // namespace coterie::trial
