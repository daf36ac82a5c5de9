// See serve_options.h.
#include "cli/serve_options.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace coterie::cli {

const ServeSetting serve_settings[12] = {
    {"node", &ServeSettings::node, "N", "which of the nodes in --cluster this is"},
    {"cluster", &ServeSettings::cluster, "1=HOST:PORT,...",
     "where the nodes hear each other, this one included; without it a single node"},
    {"listen", &ServeSettings::listen, "HOST:PORT", "where clients are served"},
    {"http", &ServeSettings::http, "HOST:PORT",
     "where /healthz, /readyz and /status.json are served, or `off`"},
    {"data", &ServeSettings::data, "FOLDER",
     "where the log and the snapshots are kept [./coterie-data/NODE]"},
    {"fsync", &ServeSettings::fsync, "always|interval|never",
     "when the log is synced; anything but always may lose acknowledged writes"},
    {"request-timeout", &ServeSettings::request_timeout, "TIME",
     "how long a request may wait for a majority before it is answered with an error"},
    {"requirepass", &ServeSettings::requirepass, "PASSWORD",
     "what clients must AUTH with (visible in ps: prefer a file)"},
    {"requirepass-file", &ServeSettings::requirepass_file, "FILE",
     "a file whose first line is that password"},
    {"log-level", &ServeSettings::log_level, "debug|info|warning|error", "how much is logged"},
    {"log-format", &ServeSettings::log_format, "text|json", "how it is logged"},
    {"insecure-network", &ServeSettings::insecure_network, "",
     "let --cluster and --http be reached from other machines. There is no encryption and no "
     "password on them: whoever "
     "reaches them can read and change everything"},
};

namespace {

Result<uint64_t> parse_number(std::string_view text, std::string_view what) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > 65'535) {
    return fail(Fault::invalid, fmt::format("{} '{}' is not a number from 1 to 65535", what, text));
  }
  return number;
}

Result<world::HostPort> parse_address(std::string_view flag, const std::string& text) {
  Result<world::HostPort> address = world::parse_host_port(text);
  if (!address) return fail(Fault::invalid, fmt::format("{}: {}", flag, address.error().message));
  return address;
}

Result<std::map<NodeId, world::HostPort>> parse_cluster(std::string_view text) {
  std::map<NodeId, world::HostPort> nodes;
  while (!text.empty()) {
    const std::string item(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string::npos) {
      return fail(
          Fault::invalid,
          fmt::format("--cluster: '{}' is not NODE=HOST:PORT, as in 1=10.0.0.1:7579", item));
    }
    COTERIE_TRY(number, parse_number(item.substr(0, equals), "--cluster: node"));
    COTERIE_TRY(address, parse_address("--cluster", item.substr(equals + 1)));
    if (address.port == 0) {
      return fail(Fault::invalid,
                  fmt::format("--cluster: '{}' needs a port, for the others must find it", item));
    }
    for (const auto& [other, taken] : nodes) {
      if (taken == address) {
        return fail(Fault::invalid,
                    fmt::format("--cluster: nodes {} and {} have one address", other, number));
      }
    }
    if (!nodes.emplace(NodeId(number), address).second) {
      return fail(Fault::invalid, fmt::format("--cluster names node {} twice", number));
    }
  }
  if (nodes.size() > cluster_nodes_max) {
    return fail(Fault::invalid, fmt::format("--cluster names {} nodes; {} at most", nodes.size(),
                                            cluster_nodes_max));
  }
  return nodes;
}

template <class T>
Result<T> one_of(std::string_view flag, const std::string& text,
                 std::initializer_list<std::pair<const char*, T>> all) {
  std::string names;
  for (const auto& [name, value] : all) {
    if (text == name) return value;
    names += fmt::format("{}{}", names.empty() ? "" : "|", name);
  }
  return fail(Fault::invalid, fmt::format("{}: '{}' is not one of {}", flag, text, names));
}

Result<std::string> read_password(const ServeSettings& settings) {
  if (settings.requirepass_file.empty()) return settings.requirepass;
  if (!settings.requirepass.empty()) {
    return fail(Fault::invalid, "--requirepass and --requirepass-file exclude each other");
  }
  std::ifstream in(settings.requirepass_file);
  std::string line;
  if (!in)
    return fail(Fault::not_found,
                fmt::format("--requirepass-file: cannot read {}", settings.requirepass_file));
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) {
    return fail(Fault::invalid, fmt::format("--requirepass-file: the first line of {} is empty",
                                            settings.requirepass_file));
  }
  return line;
}

// What can be reached from other machines without a password must have been allowed to.
Result<void> check_exposure(const ServeSettings& settings, const server::ServeOptions& options) {
  if (settings.insecure_network == "true") return {};
  const auto refuse = [](std::string_view what, const world::HostPort& address,
                         std::string_view harm) {
    return fail(Fault::invalid, fmt::format("{} {} can be reached from other machines, without "
                                            "encryption and password: {}. In a network "
                                            "that only you can reach, say --insecure-network",
                                            what, address.text(), harm));
  };
  if (const auto own = options.cluster.find(options.node);
      own != options.cluster.end() && !world::is_loopback(own->second.host)) {
    return refuse("--cluster: this node's address", own->second,
                  "whoever reaches it can read and change everything");
  }
  if (!options.http.host.empty() && !world::is_loopback(options.http.host)) {
    return refuse("--http", options.http, "whoever reaches it can see the cluster's state");
  }
  return {};
}

// A wildcard is no address for others: the host by which the other nodes know this one is.
world::HostPort advertised(const world::HostPort& bound, const server::ServeOptions& options) {
  world::HostPort result = bound;
  const auto own = options.cluster.find(options.node);
  if ((bound.host == "0.0.0.0" || bound.host == "::") && own != options.cluster.end())
    result.host = own->second.host;
  return result;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  constexpr int64_t most = 86'400'000;
  if (error == std::errc{} && number > 0 && number <= most) {
    if (unit == "ms") return milliseconds(number);
    if (unit == "s") return seconds(number);
    if (unit == "m") return seconds(number * 60);
  }
  return fail(Fault::invalid, fmt::format("'{}' is no time: write 500ms, 10s or 2m", text));
}

Result<void> apply_config(const Settings& config, const std::string& path,
                          ServeSettings& settings) {
  for (const auto& [name, value] : config) {
    const auto* setting =
        std::find_if(std::begin(serve_settings), std::end(serve_settings),
                     [&wanted = name](const ServeSetting& one) { return wanted == one.name; });
    if (setting == std::end(serve_settings)) {
      return fail(
          Fault::invalid,
          fmt::format("{}: there is no setting '{}' (they are named as the flags of coterie serve)",
                      path, name));
    }
    settings.*setting->member = value;
  }
  return {};
}

Result<server::ServeOptions> check_serve_settings(const ServeSettings& settings) {
  server::ServeOptions options;
  COTERIE_TRY(node, parse_number(settings.node, "--node"));
  options.node = NodeId(node);
  COTERIE_TRY(cluster, parse_cluster(settings.cluster));
  if (!cluster.empty() && !cluster.contains(options.node)) {
    return fail(Fault::invalid, fmt::format("--cluster does not name node {}: add {}=HOST:PORT, or "
                                            "say with --node which one this is",
                                            node, node));
  }
  options.cluster = std::move(cluster);
  COTERIE_TRY(listen, parse_address("--listen", settings.listen));
  options.listen = listen;
  options.http = {};
  if (settings.http != "off") {
    COTERIE_TRY(http, parse_address("--http", settings.http));
    options.http = http;
  }
  options.advertised_listen = advertised(options.listen, options);
  options.advertised_http = advertised(options.http, options);
  options.data = settings.data.empty() ? fmt::format("./coterie-data/{}", node) : settings.data;
  using store::FsyncMode;
  COTERIE_TRY(fsync, one_of<FsyncMode>("--fsync", settings.fsync,
                                       {{"always", FsyncMode::always},
                                        {"interval", FsyncMode::interval},
                                        {"never", FsyncMode::never}}));
  options.fsync = fsync;
  Result<Duration> timeout = parse_duration(settings.request_timeout);
  if (!timeout) return fail(Fault::invalid, "--request-timeout: " + timeout.error().message);
  options.request_timeout = *timeout;
  COTERIE_TRY(password, read_password(settings));
  options.password = password;
  using world::LogLevel;
  COTERIE_TRY(level, one_of<LogLevel>("--log-level", settings.log_level,
                                      {{"debug", LogLevel::debug},
                                       {"info", LogLevel::info},
                                       {"warning", LogLevel::warning},
                                       {"error", LogLevel::error}}));
  options.log_level = level;
  using server::LogFormat;
  COTERIE_TRY(format, one_of<LogFormat>("--log-format", settings.log_format,
                                        {{"text", LogFormat::text}, {"json", LogFormat::json}}));
  options.log_format = format;
  COTERIE_TRY(insecure, one_of<bool>("--insecure-network", settings.insecure_network,
                                     {{"true", true}, {"false", false}}));
  static_cast<void>(insecure);
  COTERIE_CHECK(check_exposure(settings, options));
  return options;
}

}  // namespace coterie::cli
