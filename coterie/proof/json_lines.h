// Histories written down: one JSON object a line, as docs/formats/history.md says. A line that is
// not one is refused with its number and the reason; nothing is guessed.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/proof/history.h"

namespace coterie::proof {

struct ReadLimits {
  size_t line_bytes_max = 16 << 20;
  size_t operations_max = 50'000'000;
  size_t calls_max = 1'000;  // of one transaction
};

// Fault::invalid with the reason, without a line number.
Result<Operation> operation_of_line(std::string_view line, const ReadLimits& limits = {});
// Without the line's end. operation_of_line() gives the same operation, if its failed or unknown
// outcome has no result and returned_ns of an unknown one is not asked for. Texts that are no UTF-8
// are written as {"hex":"..."}.
std::string line_of(const Operation& operation);

bool is_utf8(std::string_view text);

// All lines to the end; empty ones are passed over. Fault::invalid: "line 7: ..."; Fault::io when
// the stream breaks. `progress`, if given, is called now and then with the bytes that were read.
Result<History> read_history(std::istream& in, const ReadLimits& limits = {},
                             const std::function<void(uint64_t)>& progress = {});
void write_history(const History& history, std::ostream& out);

}  // namespace coterie::proof
