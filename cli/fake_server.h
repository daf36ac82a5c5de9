// The server that the tests of the command line start: it only remembers.
#pragma once

#include <optional>
#include <utility>

#include "coterie/server/serve.h"

namespace coterie::cli {

// The options of the last start since the last call.
std::optional<server::ServeOptions> take_served();

}  // namespace coterie::cli
