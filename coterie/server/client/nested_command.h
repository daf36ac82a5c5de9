// ONCE and FENCE carry another command. What can be known of it is checked before the log, with the
// errors that it would have got by itself.
#pragma once

#include <string>
#include <string_view>

#include "coterie/server/client/connection.h"

namespace coterie::server {

// The error of the command within `args` of `spec`; empty: none, or `spec` carries no command.
std::string check_nested(const state::CommandSpec& spec, Words args);

}  // namespace coterie::server
