// A configuration file in TOML as a flat list of settings, named as the flags of `coterie serve`
// without their dashes:
//
//   node = 1
//   listen = "10.0.0.1:7379"
//   insecure-network = true
//   [cluster]
//   1 = "10.0.0.1:7579"
//   2 = "10.0.0.2:7579"
#pragma once

#include <map>
#include <string>

#include "coterie/base/result.h"

namespace coterie::cli {

using Settings = std::map<std::string, std::string>;

// The table `cluster` becomes the text that --cluster takes. Fault::not_found: no such file;
// Fault::invalid: with the line that is wrong.
Result<Settings> read_config_file(const std::string& path);
Result<Settings> parse_config(std::string_view content, const std::string& path);

}  // namespace coterie::cli
