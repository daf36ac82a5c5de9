// Reads whose cost grows with the keyspace (KEYS, and large answers of SMEMBERS, HGETALL, LRANGE),
// done in slices over a frozen copy, so that no turn of the node exceeds its bound.
#pragma once

#include <memory>
#include <optional>

#include "coterie/store/state/state.h"

namespace coterie::state {

// True when State::read() would take long: ask for a LongRead instead.
bool is_long_read(const State& state, const CommandSpec& spec, uint8_t db,
                  std::span<const std::string_view> args);

class LongRead {
 public:
  // Freezes the state; copies the arguments.
  LongRead(const State& state, const CommandSpec& spec, uint8_t db,
           std::span<const std::string_view> args);
  ~LongRead();
  LongRead(LongRead&&) noexcept;
  LongRead& operator=(LongRead&&) noexcept;
  // Looks at `elements` more; the reply when it is complete. Gives the same bytes as State::read()
  // would.
  std::optional<Reply> advance(size_t elements);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coterie::state
