// The scripts there are, by kind; for make_script().
#pragma once

#include <memory>

#include "coterie/workload/script.h"

namespace coterie::workload {

std::unique_ptr<Script> strings_script(const ScriptOptions& options);
std::unique_ptr<Script> sets_script(const ScriptOptions& options);
std::unique_ptr<Script> hashes_script(const ScriptOptions& options);
std::unique_ptr<Script> queue_script(const ScriptOptions& options);
std::unique_ptr<Script> once_script(const ScriptOptions& options);
std::unique_ptr<Script> lock_script(const ScriptOptions& options);
std::unique_ptr<Script> transfer_script(const ScriptOptions& options);
std::unique_ptr<Script> expiry_script(const ScriptOptions& options);
std::unique_ptr<Script> publisher_script(const ScriptOptions& options);
std::unique_ptr<Script> subscriber_script(const ScriptOptions& options);

// The names of the keys, so that closing_reads() finds them.
std::string once_counter(uint32_t client);
inline constexpr std::string_view string_prefix = "k", counter_prefix = "c", set_prefix = "s",
                                  hash_prefix = "h", queue_prefix = "q", account_prefix = "a",
                                  expiry_prefix = "e";

}  // namespace coterie::workload
