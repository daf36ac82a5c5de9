// The wire form of plain aggregates, from one walk over their fields (Boost.PFR): little-endian
// integers, u32-length strings and sequences, a u16 tag for variants. An aggregate is preceded by
// its length, so that fields can be appended: a reader takes those it knows, defaults those that
// are absent and skips those it does not know. Fields are never removed, reordered or changed in
// type.
//
// The same walk gives a digest and a printed form of any message, for the simulator's traces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/pfr/core.hpp>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie {

// Little-endian integers at a place in memory, for fixed layouts.
template <class T>
void store_le(char* place, T value) {
  using Unsigned = std::make_unsigned_t<T>;
  auto bits = static_cast<Unsigned>(value);
  for (size_t i = 0; i < sizeof(T); ++i)
    place[i] = static_cast<char>(static_cast<uint64_t>(bits) >> (8 * i));
}
template <class T>
T load_le(const char* place) {
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    bits |= uint64_t{static_cast<unsigned char>(place[i])} << (8 * i);
  return static_cast<T>(bits);
}

// Reads from bytes that may be malformed. The first failure is latched: later reads give zero
// values, and ok() is asked once at the end. Payload fields are slices of `whole`; nothing is
// copied.
class WireReader {
 public:
  explicit WireReader(Payload whole) : whole_(std::move(whole)), rest_(whole_.view()) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return rest_.size(); }
  void latch_failure() { ok_ = false, rest_ = {}; }

  template <class T>
  T integer() {
    const std::string_view bytes = take(sizeof(T));
    return bytes.size() == sizeof(T) ? load_le<T>(bytes.data()) : T{};
  }
  // `count` bytes, or none and a latched failure.
  std::string_view take(size_t count);
  Payload take_payload(size_t count);
  // Narrows the reader to the next `count` bytes; widen() with the returned rest ends it and skips
  // what was not read.
  std::string_view narrow(size_t count);
  void widen(std::string_view rest) { rest_ = ok_ ? rest : std::string_view{}; }

 private:
  Payload whole_;
  std::string_view rest_;
  bool ok_ = true;
};

namespace wire {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_variant : std::false_type {};
template <class... T>
struct is_variant<std::variant<T...>> : std::true_type {};
template <class T>
struct is_id : std::false_type {};
template <class Tag>
struct is_id<Id<Tag>> : std::true_type {};

template <class T>
void put_integer(PayloadBuilder& out, T value) {
  store_le(out.extend(sizeof(T)), value);
}

template <class T>
void encode(PayloadBuilder& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.push(value ? 1 : 0);
  } else if constexpr (std::is_integral_v<T>) {
    put_integer(out, value);
  } else if constexpr (std::is_enum_v<T>) {
    put_integer(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (is_id<T>::value) {
    put_integer(out, value.value);
  } else if constexpr (std::is_base_of_v<Identity, T>) {
    put_integer(out, value.high);
    put_integer(out, value.low);
  } else if constexpr (std::is_same_v<T, Duration> || std::is_same_v<T, Instant>) {
    put_integer(out, value.ns);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    put_integer(out, value.ms);
  } else if constexpr (std::is_same_v<T, std::string>) {
    put_integer(out, static_cast<uint32_t>(value.size()));
    out.append(value);
  } else if constexpr (std::is_same_v<T, Payload>) {
    put_integer(out, static_cast<uint32_t>(value.size()));
    out.append(value.view());
  } else if constexpr (is_vector<T>::value) {
    put_integer(out, static_cast<uint32_t>(value.size()));
    for (const auto& element : value) encode(out, element);
  } else if constexpr (is_optional<T>::value) {
    out.push(value ? 1 : 0);
    if (value) encode(out, *value);
  } else if constexpr (is_variant<T>::value) {
    put_integer(out, static_cast<uint16_t>(value.index()));
    std::visit([&](const auto& alternative) { encode(out, alternative); }, value);
  } else {
    static_assert(std::is_aggregate_v<T>, "only plain aggregates have a wire form");
    const size_t start = out.size();
    out.extend(4);
    boost::pfr::for_each_field(value, [&](const auto& field) { encode(out, field); });
    char length[4];
    store_le(length, static_cast<uint32_t>(out.size() - start - 4));
    out.overwrite(start, {length, 4});
  }
}

template <class T>
void decode(WireReader& in, T& value);

template <class Variant, size_t I = 0>
void decode_alternative(WireReader& in, size_t tag, Variant& value) {
  if constexpr (I < std::variant_size_v<Variant>) {
    if (tag == I) {
      decode(in, value.template emplace<I>());
    } else {
      decode_alternative<Variant, I + 1>(in, tag, value);
    }
  } else {
    in.latch_failure();
  }
}

template <class T>
void decode(WireReader& in, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = in.integer<uint8_t>() != 0;
  } else if constexpr (std::is_integral_v<T>) {
    value = in.integer<T>();
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(in.integer<std::underlying_type_t<T>>());
  } else if constexpr (is_id<T>::value) {
    value = T(in.integer<uint64_t>());
  } else if constexpr (std::is_base_of_v<Identity, T>) {
    value.high = in.integer<uint64_t>();
    value.low = in.integer<uint64_t>();
  } else if constexpr (std::is_same_v<T, Duration> || std::is_same_v<T, Instant>) {
    value.ns = in.integer<int64_t>();
  } else if constexpr (std::is_same_v<T, WallTime>) {
    value.ms = in.integer<int64_t>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = std::string(in.take(in.integer<uint32_t>()));
  } else if constexpr (std::is_same_v<T, Payload>) {
    value = in.take_payload(in.integer<uint32_t>());
  } else if constexpr (is_vector<T>::value) {
    // Every element takes a byte at least, so a forged count cannot make us allocate more than was
    // received.
    const auto count = in.integer<uint32_t>();
    if (count > in.remaining()) return in.latch_failure();
    value.clear();
    for (uint32_t i = 0; i < count && in.ok(); ++i) decode(in, value.emplace_back());
  } else if constexpr (is_optional<T>::value) {
    value.reset();
    if (in.integer<uint8_t>() != 0) decode(in, value.emplace());
  } else if constexpr (is_variant<T>::value) {
    decode_alternative(in, in.integer<uint16_t>(), value);
  } else {
    const std::string_view rest = in.narrow(in.integer<uint32_t>());
    boost::pfr::for_each_field(value, [&](auto& field) {
      if (in.remaining() > 0) decode(in, field);
    });
    in.widen(rest);
  }
}

}  // namespace wire

// The wire form of `message` as one Payload.
template <class T>
Payload to_wire(const T& message) {
  PayloadBuilder out(128);
  wire::encode(out, message);
  return out.take();
}

// The message that `bytes` are; Fault::corrupt when they are none. Its Payload fields are slices of
// `bytes`.
template <class T>
Result<T> from_wire(const Payload& bytes) {
  WireReader in(bytes);
  T message{};
  wire::decode(in, message);
  if (!in.ok() || in.remaining() != 0) return fail(Fault::corrupt, "malformed message");
  return message;
}

}  // namespace coterie
