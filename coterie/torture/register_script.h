// Clients for stores that know less than Redis: GET, SET, DEL and compare-and-set (SET new IFEQ
// old) on few keys, with values that no two writes share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coterie/workload/script.h"

namespace coterie::torture {

inline constexpr uint32_t register_keys = 5;
std::string register_key(uint64_t number);

// `options.kind` and `options.keys` are not looked at.
std::unique_ptr<workload::Script> register_script(const workload::ScriptOptions& options);

}  // namespace coterie::torture
