// See log_sink.h. The one file that knows spdlog.
#include "coterie/world/net/log_sink.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace coterie::world {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "info") return LogLevel::info;
  if (text == "warning") return LogLevel::warning;
  if (text == "error") return LogLevel::error;
  return fail(Fault::invalid,
              fmt::format("log level '{}' is unknown: use debug, info, warning or error", text));
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return fail(Fault::invalid, fmt::format("log format '{}' is unknown: use text or json", text));
}

std::string json_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

struct LogSink::Impl {
  Impl(spdlog::sink_ptr sink, LogFormat form) : logger("coterie", std::move(sink)), format(form) {}
  spdlog::logger logger;
  LogFormat format;
};

LogSink::LogSink() = default;
LogSink::~LogSink() = default;

Result<std::unique_ptr<LogSink>> LogSink::open(const LogSettings& settings, NodeId node) {
  spdlog::sink_ptr sink;
  if (settings.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  } else {
    // spdlog says by an exception that a file cannot be opened; it ends here.
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(settings.file);
    } catch (const spdlog::spdlog_ex&) {
      return fail(Fault::io,
                  fmt::format("cannot open the log file {}: check its directory and permissions",
                              settings.file));
    }
  }
  std::unique_ptr<LogSink> log(new LogSink);
  log->impl_ = std::make_unique<Impl>(std::move(sink), settings.format);
  spdlog::logger& logger = log->impl_->logger;
  const std::string pattern =
      settings.format == LogFormat::text
          ? fmt::format("%Y-%m-%dT%H:%M:%S.%eZ node {} %l: %v", node)
          : fmt::format(
                R"({{"time":"%Y-%m-%dT%H:%M:%S.%eZ","node":{},"level":"%l","message":"%v"}})",
                node);
  logger.set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  logger.set_level(spdlog_level(settings.level));
  logger.flush_on(spdlog::level::debug);
  return log;
}

bool LogSink::wants(LogLevel level) const { return impl_->logger.should_log(spdlog_level(level)); }

void LogSink::write(LogLevel level, std::string_view line) {
  if (!wants(level)) return;
  // A line is a line: whatever text is logged, it can neither begin a new one nor end the JSON
  // object.
  if (impl_->format == LogFormat::json) {
    const std::string escaped = json_escaped(line);
    impl_->logger.log(spdlog_level(level), spdlog::string_view_t(escaped));
    return;
  }
  std::string flat(line);
  for (char& c : flat) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  impl_->logger.log(spdlog_level(level), spdlog::string_view_t(flat));
}

}  // namespace coterie::world
