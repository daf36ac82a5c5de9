// Expected failures are values. A Result<T> holds a T or an Error that says what kind of failure it
// was and what the user can do. "It may have happened" is a kind of its own: nobody may treat it as
// "it did not".
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace coterie {

enum class Fault {
  refused,          // not done, and will not be by asking again
  invalid,          // the input is malformed or out of range
  not_found,        // what was named is not there
  timed_out,        // not done within its time, and known not to have been
  outcome_unknown,  // may or may not have happened
  corrupt,          // stored or received bytes fail their check
  no_space,         // the disk is full
  io,               // the surroundings failed
};

// The word for a fault, for messages and tests.
const char* fault_name(Fault fault);

struct Error {
  Fault fault = Fault::refused;
  std::string message;  // one line, tells what to do where something can be done

  bool operator==(const Error&) const = default;
};

inline tl::unexpected<Error> fail(Fault fault, std::string message) {
  return tl::unexpected<Error>(Error{fault, std::move(message)});
}

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

}  // namespace coterie

#define COTERIE_CONCAT_INNER(a, b) a##b
#define COTERIE_CONCAT(a, b) COTERIE_CONCAT_INNER(a, b)

// Declares `name` with the value of `expression`, or returns its error. In statement position only.
#define COTERIE_TRY(name, expression)                                          \
  auto name##_result = (expression);                                           \
  if (!name##_result) return tl::unexpected(std::move(name##_result).error()); \
  auto name = *std::move(name##_result)

// Returns the error of `expression` if it has one; for Result<void>.
#define COTERIE_CHECK(expression)                                                                  \
  if (auto COTERIE_CONCAT(checked_, __LINE__) = (expression); !COTERIE_CONCAT(checked_, __LINE__)) \
  return tl::unexpected(std::move(COTERIE_CONCAT(checked_, __LINE__)).error())
