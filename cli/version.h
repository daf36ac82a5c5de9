// What --version tells: the version of the program and those of all it reads and writes, for
// whoever mixes versions.
#pragma once

#include <string>

namespace coterie::cli {

std::string version_text();

}  // namespace coterie::cli
