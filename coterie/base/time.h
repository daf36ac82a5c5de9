// Time is an argument. A machine is told the time; it never reads a clock. Two kinds are kept
// apart:
//   Instant   monotonic, from an arbitrary origin of its node; timeouts use it and nothing else.
//   WallTime  milliseconds since 1970 as the node's wall clock has it: it may step and be wrong.
#pragma once

#include <compare>
#include <cstdint>

namespace coterie {

struct Duration {
  int64_t ns = 0;

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr int64_t ms() const { return ns / 1'000'000; }
  constexpr double seconds() const { return static_cast<double>(ns) / 1e9; }
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, int64_t n) { return {a.ns * n}; }
  friend constexpr Duration operator/(Duration a, int64_t n) { return {a.ns / n}; }
};

constexpr Duration nanoseconds(int64_t n) { return {n}; }
constexpr Duration microseconds(int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(int64_t n) { return {n * 1'000'000'000}; }

struct Instant {
  int64_t ns = 0;

  constexpr auto operator<=>(const Instant&) const = default;
  static constexpr Instant never() { return {INT64_MAX}; }
  constexpr int64_t ms_floor() const { return ns / 1'000'000; }
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
  friend constexpr Instant operator-(Instant a, Duration d) { return {a.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};

struct WallTime {
  int64_t ms = 0;  // since 1970-01-01 UTC

  constexpr auto operator<=>(const WallTime&) const = default;
};

// What a machine is told of the time at a step.
struct Now {
  Instant monotonic;
  WallTime wall;
};

}  // namespace coterie
