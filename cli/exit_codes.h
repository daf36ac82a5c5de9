// How the program ends: as in sysexits.h, and 1 for "the answer is no".
#pragma once

namespace coterie::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_no = 1;              // the answer is no: degraded, a step failed
inline constexpr int exit_bound = 3;           // a bound was met before the answer was known
inline constexpr int exit_usage = 64;          // a flag is wrong
inline constexpr int exit_data = 65;           // what was read is not what it should be
inline constexpr int exit_no_input = 66;       // a file that was named is not there
inline constexpr int exit_unavailable = 69;    // a port is in use, no node answers
inline constexpr int exit_software = 70;       // it should not have happened
inline constexpr int exit_cannot_create = 73;  // a file or folder cannot be written
inline constexpr int exit_try_later = 75;      // another one is at work there
inline constexpr int exit_config = 78;         // the configuration file is wrong, an id is taken

}  // namespace coterie::cli
