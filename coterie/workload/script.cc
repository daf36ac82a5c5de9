// See script.h.
#include "coterie/workload/script.h"

#include <array>

#include "coterie/base/assert.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {
constexpr std::array<std::string_view, kinds> names = {
    "strings", "sets", "hashes", "queue", "once", "lock", "transfer", "expiry", "pubsub"};
}

std::string_view kind_name(Kind kind) { return names[static_cast<size_t>(kind)]; }

std::optional<Kind> kind_of(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Kind>(i);
  }
  return {};
}

bool offered(Kind kind, bool plain_redis) {
  return !plain_redis || (kind != Kind::once && kind != Kind::lock);
}

std::unique_ptr<Script> make_script(const ScriptOptions& options) {
  COTERIE_ASSERT(offered(options.kind, options.plain_redis));
  switch (options.kind) {
    case Kind::strings:
      return strings_script(options);
    case Kind::sets:
      return sets_script(options);
    case Kind::hashes:
      return hashes_script(options);
    case Kind::queue:
      return queue_script(options);
    case Kind::once:
      return once_script(options);
    case Kind::lock:
      return lock_script(options);
    case Kind::transfer:
      return transfer_script(options);
    case Kind::expiry:
      return expiry_script(options);
    case Kind::pubsub:
      return options.client % 2 == 0 ? publisher_script(options) : subscriber_script(options);
  }
  COTERIE_ASSERT(false);
  return nullptr;
}

}  // namespace coterie::workload
