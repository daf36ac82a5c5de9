// See transaction.h.
#include "coterie/store/state/transaction.h"

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"

namespace coterie::state {

namespace {
constexpr size_t count_bytes = 4;
constexpr size_t guard_bytes_least = 1 + 8 + 4;
}  // namespace

std::string encode_guards(const std::vector<Guard>& guards) {
  std::string out(count_bytes, '\0');
  store_le(out.data(), static_cast<uint32_t>(guards.size()));
  for (const Guard& guard : guards) {
    COTERIE_ASSERT(guard.db < databases && guard.key.size() <= UINT32_MAX);
    char fixed[guard_bytes_least];
    store_le(fixed, guard.db);
    store_le(fixed + 1, guard.seen.value);
    store_le(fixed + 9, static_cast<uint32_t>(guard.key.size()));
    out.append(fixed, sizeof fixed);
    out.append(guard.key);
  }
  return out;
}

Result<std::vector<Guard>> decode_guards(std::string_view bytes) {
  if (bytes.size() < count_bytes)
    return fail(Fault::corrupt, "transaction without a number of guards");
  const auto count = load_le<uint32_t>(bytes.data());
  bytes.remove_prefix(count_bytes);
  if (count > bytes.size() / guard_bytes_least) {
    return fail(Fault::corrupt, "transaction with an impossible number of guards");
  }
  std::vector<Guard> guards;
  guards.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (bytes.size() < guard_bytes_least)
      return fail(Fault::corrupt, "transaction with a cut guard");
    const auto db = load_le<uint8_t>(bytes.data());
    const auto seen = load_le<uint64_t>(bytes.data() + 1);
    const size_t key_bytes = load_le<uint32_t>(bytes.data() + 9);
    bytes.remove_prefix(guard_bytes_least);
    if (db >= databases || key_bytes > bytes.size())
      return fail(Fault::corrupt, "transaction with a bad guard");
    guards.push_back({db, std::string(bytes.substr(0, key_bytes)), Revision(seen)});
    bytes.remove_prefix(key_bytes);
  }
  if (!bytes.empty()) return fail(Fault::corrupt, "transaction with bytes after its guards");
  return guards;
}

}  // namespace coterie::state
