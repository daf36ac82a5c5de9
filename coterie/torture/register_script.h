// Clients for stores that know less than Redis: GET, SET, DEL and compare-and-set (SET new IFEQ
// old) on few keys, with values that no two writes share.
#pragma once

#include <memory>

#include "coterie/workload/script.h"

namespace coterie::torture {

// `options.kind` is not looked at.
std::unique_ptr<workload::Script> register_script(const workload::ScriptOptions& options);

}  // namespace coterie::torture
