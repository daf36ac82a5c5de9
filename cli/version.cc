// See version.h.
#include "cli/version.h"

#include <fmt/format.h>

#include "coterie/node/wire.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot_format.h"
#include "coterie/store/log/state_format.h"
#include "coterie/store/state/snapshot_format.h"
#include "coterie/world/net/preamble.h"

namespace coterie::cli {

std::string version_text() {
  return fmt::format(
      "coterie {}\n"
      "formats: log {}, identity {}, hard state {}, snapshot file {}, snapshot of the state {}, "
      "peers {}, frames {}\n",
      COTERIE_VERSION, store::log_format_version, store::papers_format_version,
      store::state_format_version, store::snapshot_format_version, state::snapshot::format_version,
      world::peer_protocol_version, node::wire_version);
}

}  // namespace coterie::cli
