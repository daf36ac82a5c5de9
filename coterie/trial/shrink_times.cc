// Times that are easy to read: a fault at 1200 ms instead of 1203.417 ms, for 40 ms instead of 43,
// and no long waits in which nothing happens, as long as the run fails in the same way. See
// shrink.h.
#include "coterie/trial/shrinker.h"

namespace coterie::trial {

namespace {

constexpr int64_t units_ns[] = {1'000'000'000, 500'000'000, 100'000'000, 50'000'000, 10'000'000,
                                5'000'000,     1'000'000,   100'000,     10'000,     1'000};

// Frames are counted from the beginning of a millisecond: that stays.
bool may_move(const PlannedFault& fault) { return !about_a_frame(fault.kind); }

Duration nearest(Duration value, int64_t unit_ns) {
  return {std::max<int64_t>((value.ns + unit_ns / 2) / unit_ns, value.ns > 0 ? 1 : 0) * unit_ns};
}

template <class Visit>
void for_each_time(Plan& plan, Visit visit) {
  for (PlannedFault& fault : plan.faults) visit(fault.at);
  for (auto& [number, client] : plan.clients) {
    for (auto& [conversation, held] : client.held) visit(held.at);
  }
}

// Everything from `from` on comes that much earlier.
void pull(Plan& plan, Duration from, Duration by) {
  for_each_time(plan, [&](Duration& at) {
    if (at >= from) at = at - by;
  });
  plan.duration = plan.duration - by;
  put_in_order(plan);
}

}  // namespace

// What comes next comes sooner: the whole story first, then each wait within it.
bool Shrinker::shorter_waits() {
  constexpr int64_t least_ms = 50, wait_ms = 10;
  constexpr size_t times_max = 100;  // more are no story that somebody reads
  std::vector<Duration> times;
  for_each_time(best_.plan, [&](Duration& at) { times.push_back(at); });
  if (times.size() > times_max) return false;
  bool any = false;
  Duration before;
  for (size_t i = 0; i < times.size() && !stopped_; ++i) {
    times.clear();
    for_each_time(best_.plan, [&](Duration& at) { times.push_back(at); });
    std::sort(times.begin(), times.end());
    before = i == 0 ? Duration() : times[i - 1];
    for (int64_t by_ms = (times[i] - before).ms() - wait_ms; by_ms >= least_ms; by_ms /= 2) {
      if (milliseconds(by_ms + wait_ms) > best_.plan.duration) continue;
      const auto earlier = [&](Plan& plan) { pull(plan, times[i], milliseconds(by_ms)); };
      if (!try_with(earlier)) continue;
      any = true;
      break;
    }
  }
  return any;
}

// True when it has become a multiple of a larger unit.
bool Shrinker::rounder(const std::function<Duration*(Plan&)>& which, bool up_too) {
  for (const int64_t unit_ns : units_ns) {
    Plan plan = best_.plan;
    const int64_t now_ns = which(plan)->ns;
    if (now_ns % unit_ns == 0) return false;
    const int64_t below_ns = now_ns / unit_ns * unit_ns;
    for (const int64_t ns : {below_ns, below_ns + unit_ns}) {
      if (ns == 0 || (ns > now_ns && !up_too)) continue;
      plan = best_.plan;
      which(plan)->ns = ns;
      put_in_order(plan);
      if (try_plan(plan)) return true;
      if (stopped_) return false;
    }
  }
  return false;
}

bool Shrinker::rounder_together() {
  constexpr int64_t least_ns = 1'000'000;
  for (const int64_t unit_ns : units_ns) {
    if (unit_ns < least_ns) break;
    const bool rounded = try_with([&](Plan& plan) {
      for (PlannedFault& fault : plan.faults) {
        if (may_move(fault)) fault.at = nearest(fault.at, unit_ns);
      }
      for (auto& [number, client] : plan.clients) {
        for (auto& [conversation, held] : client.held) held.at = nearest(held.at, unit_ns);
      }
      put_in_order(plan);
    });
    if (rounded) return true;
  }
  return false;
}

bool Shrinker::rounder_times() {
  bool any = rounder_together();
  for (size_t i = 0; i < best_.plan.faults.size() && !stopped_; ++i) {
    // Faults change their places when their times do: each is found by its place of that moment.
    if (may_move(best_.plan.faults[i]))
      any |= rounder([i](Plan& plan) { return &plan.faults[i].at; }, true);
    any |= rounder([i](Plan& plan) { return &plan.faults[i].length; }, false);
  }
  constexpr size_t conversations_max = 60;  // more are not read one by one
  std::vector<std::pair<uint32_t, uint64_t>> conversations;
  for (const auto& [number, client] : best_.plan.clients) {
    for (const auto& [conversation, held] : client.held)
      conversations.emplace_back(number, conversation);
  }
  if (conversations.size() > conversations_max) return any;
  for (const auto& [number, conversation] : conversations) {
    any |= rounder([number = number, conversation = conversation](
                       Plan& plan) { return &plan.clients[number].held[conversation].at; },
                   true);
  }
  return any;
}

// Up: the last thing to be done, since less() would take it back.
void Shrinker::rounder_duration() {
  for (const int64_t unit_ns : units_ns) {
    const int64_t up_ns = (best_.plan.duration.ns + unit_ns - 1) / unit_ns * unit_ns;
    if (up_ns == best_.plan.duration.ns) return;
    if (up_ns - best_.plan.duration.ns > best_.plan.duration.ns / 4) continue;
    if (try_with([&](Plan& plan) { plan.duration.ns = up_ns; })) return;
  }
}

}  // namespace coterie::trial
