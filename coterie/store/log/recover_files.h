// A data directory as a map of names and bytes, for tests and fuzzers: recovered as one on a disk.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/store/log/recovery.h"

namespace coterie::store {

using Files = std::map<std::string, std::string>;

inline Result<RecoveredDirectory> recover(const Files& files) {
  std::vector<world::FileInfo> list;
  for (const auto& [name, bytes] : files) list.push_back({name, bytes.size()});
  return recover_directory(
      list, [&](std::string_view name, uint64_t offset, uint64_t size_bytes) -> Result<Payload> {
        const std::string& bytes = files.at(std::string(name));
        return Payload::copy_of(std::string_view(bytes).substr(offset, size_bytes));
      });
}

}  // namespace coterie::store
