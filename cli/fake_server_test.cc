// In place of the server in this test program: it keeps the options it was given.
#include "cli/fake_server.h"

namespace coterie::server {

namespace {
std::optional<ServeOptions> last;
}

int run_server(const ServeOptions& options) {
  last = options;
  return 0;
}

}  // namespace coterie::server

namespace coterie::cli {
std::optional<server::ServeOptions> take_served() {
  return std::exchange(server::last, std::nullopt);
}
}  // namespace coterie::cli
