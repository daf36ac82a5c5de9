// The run as the script of the page reads it: JSON in short arrays, all text in one table, all
// times in nanoseconds from the start of the run. coterie/picture/page/data.js is the other end.
#pragma once

#include <string>

#include "coterie/picture/run.h"

namespace coterie::picture {

// REQUIRES: complete(run); `focus` lies within its span.
std::string page_data(const Run& run, const Span& focus);

}  // namespace coterie::picture
