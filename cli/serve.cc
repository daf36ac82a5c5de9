// coterie serve: one node.
#include <cstdio>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/serve_options.h"
#include "cli/subcommands.h"

namespace coterie::cli {

namespace {

int refuse(const Error& error, int code) {
  fmt::print(stderr, "coterie serve: {}\n", error.message);
  return error.fault == Fault::not_found ? exit_no_input : code;
}

constexpr std::string_view insecure = "insecure-network";

void declare(Flags& flags, ServeSettings& settings, bool& insecure_network) {
  for (const ServeSetting& setting : serve_settings) {
    const std::string name = fmt::format("--{}", setting.name);
    if (setting.name == insecure) {
      flags.on(name, insecure_network, setting.help);
    } else {
      flags.text(name, setting.value, settings.*setting.member, setting.help);
    }
  }
}

}  // namespace

int serve(Arguments arguments) {
  ServeSettings given;
  bool insecure_network = false, check_only = false;
  std::string config_path;
  Flags flags("coterie serve",
              "Runs one node: alone, or as a member of the cluster that --cluster names.");
  declare(flags, given, insecure_network);
  flags.text("--config", "FILE", config_path,
             "settings in TOML, named as these flags; flags override it");
  flags.on("--check-config", check_only, "say whether all of it makes sense, and start nothing");
  if (const auto code = flags.parse(arguments)) return *code;
  if (insecure_network) given.insecure_network = "true";

  ServeSettings settings;
  int wrong = exit_usage;
  if (!config_path.empty()) {
    wrong = exit_config;
    const Result<Settings> config = read_config_file(config_path);
    if (!config) return refuse(config.error(), exit_config);
    if (const auto applied = apply_config(*config, config_path, settings); !applied) {
      return refuse(applied.error(), exit_config);
    }
  }
  for (const ServeSetting& setting : serve_settings) {
    if (flags.given(fmt::format("--{}", setting.name)))
      settings.*setting.member = given.*setting.member;
  }
  const Result<server::ServeOptions> options = check_serve_settings(settings);
  if (!options) return refuse(options.error(), wrong);
  if (check_only) {
    fmt::print("the configuration is good: node {} of {}, data in {}\n", options->node,
               options->cluster.empty() ? size_t{1} : options->cluster.size(), options->data);
    return exit_done;
  }
  return server::run_server(*options);
}

}  // namespace coterie::cli
