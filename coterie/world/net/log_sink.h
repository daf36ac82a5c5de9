// Where log lines go: standard error, as text or as one JSON object a line. The node number and a
// UTC time stamp are part of each. Used by the loop's thread; writing is synchronous, so that the
// last line before an end is never lost.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/world/world.h"

namespace coterie::world {

enum class LogFormat { text, json };

struct LogSettings {
  LogLevel level = LogLevel::info;  // lines below it are dropped
  LogFormat format = LogFormat::text;
  std::string file;  // empty: standard error; otherwise appended to
};

// "debug" | "info" | "warning" | "error"; "text" | "json". Fault::invalid names the choices.
Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

class LogSink {
 public:
  // Fault::io when the file cannot be opened.
  static Result<std::unique_ptr<LogSink>> open(const LogSettings& settings, NodeId node);
  ~LogSink();

  void write(LogLevel level, std::string_view line);
  bool wants(LogLevel level) const;

 private:
  LogSink();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `text` as the inside of a JSON string: quotes, backslashes and control characters escaped.
std::string json_escaped(std::string_view text);

}  // namespace coterie::world
