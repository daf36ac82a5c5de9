// The texts of errors that more than one command gives, as Redis 7 words them.
#pragma once

#include <string_view>

namespace coterie::state::errors {

inline constexpr std::string_view wrong_type =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
inline constexpr std::string_view hash_not_an_integer = "ERR hash value is not an integer";
inline constexpr std::string_view would_overflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view decrement_would_overflow = "ERR decrement would overflow";
inline constexpr std::string_view must_be_positive = "ERR value is out of range, must be positive";
inline constexpr std::string_view syntax = "ERR syntax error";
inline constexpr std::string_view too_large =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view no_such_key = "ERR no such key";
inline constexpr std::string_view index_out_of_range = "ERR index out of range";
inline constexpr std::string_view invalid_cursor = "ERR invalid cursor";
inline constexpr std::string_view timeout_not_a_float =
    "ERR timeout is not a float or out of range";
inline constexpr std::string_view timeout_out_of_range = "ERR timeout is out of range";
inline constexpr std::string_view timeout_negative = "ERR timeout is negative";
inline constexpr std::string_view expire_nx_incompatible =
    "ERR NX and XX, GT or LT options at the same time are not compatible";
inline constexpr std::string_view expire_gt_lt_incompatible =
    "ERR GT and LT options at the same time are not compatible";

}  // namespace coterie::state::errors
