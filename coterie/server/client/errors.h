// The texts of errors that are given before a command is executed, as Redis 7 words them.
#pragma once

#include <string>
#include <string_view>

#include "coterie/server/client/connection.h"

namespace coterie::server {

inline constexpr std::string_view not_authenticated_error = "NOAUTH Authentication required.";
inline constexpr std::string_view not_in_multi_error =
    "ERR Command not allowed inside a transaction";
inline constexpr std::string_view transaction_too_large_error =
    "ERR transaction is too large: queue fewer commands, or smaller ones";
inline constexpr std::string_view request_late_error =
    "ERR the rest of this request did not come in time, while the requests of all clients were too "
    "large together: send it again, in smaller pieces";
inline constexpr std::string_view syntax_error = "ERR syntax error";

// "ERR unknown command 'foo', with args beginning with: 'a' 'b' "
std::string unknown_command_error(Words words);
std::string unknown_subcommand_error(std::string_view command, std::string_view subcommand);
std::string wrong_arity_error(std::string_view command);
std::string subscriber_error(std::string_view command);

}  // namespace coterie::server
