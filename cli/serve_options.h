// From flags and a configuration file to the options of a node: flags override the file, and the
// whole is checked before anything starts.
#pragma once

#include <string>

#include "cli/config_file.h"
#include "coterie/base/result.h"
#include "coterie/server/serve.h"

namespace coterie::cli {

inline constexpr size_t cluster_nodes_max = 9;

// Every setting as the text that was given for it; empty: not given.
struct ServeSettings {
  std::string node = "1";
  std::string cluster;
  std::string listen = "127.0.0.1:7379";
  std::string http = "127.0.0.1:7479";
  std::string data;  // empty: ./coterie-data/NODE
  std::string fsync = "always";
  std::string request_timeout = "10s";
  std::string requirepass;
  std::string requirepass_file;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string insecure_network = "false";
};

// A name, the member it sets, and what the help says of it.
struct ServeSetting {
  const char* name;
  std::string ServeSettings::*member;
  const char* value;
  const char* help;
};
extern const ServeSetting serve_settings[12];

// Puts what the file says into `settings`. Fault::invalid: it names a setting that there is not.
Result<void> apply_config(const Settings& config, const std::string& path, ServeSettings& settings);

// The options, or in one line what is wrong and what to do. Fault::not_found: the password's file.
Result<server::ServeOptions> check_serve_settings(const ServeSettings& settings);

// "10s", "500ms", "2m".
Result<Duration> parse_duration(std::string_view text);

}  // namespace coterie::cli
