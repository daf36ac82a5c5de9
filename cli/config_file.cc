// See config_file.h.
#include "cli/config_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace coterie::cli {

namespace {

std::optional<std::string> as_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> as_cluster(const toml::table& table) {
  std::string all;
  for (const auto& [name, address] : table) {
    const auto* text = address.as_string();
    if (text == nullptr) return std::nullopt;
    all += fmt::format("{}{}={}", all.empty() ? "" : ",", name.str(), text->get());
  }
  return all;
}

}  // namespace

Result<Settings> parse_config(std::string_view content, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(content, path);
  } catch (const toml::parse_error& error) {
    return fail(Fault::invalid,
                fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  Settings settings;
  for (const auto& [name, node] : table) {
    const toml::table* inner = node.as_table();
    const auto text =
        inner != nullptr && name.str() == "cluster" ? as_cluster(*inner) : as_text(node);
    if (!text) {
      return fail(Fault::invalid, fmt::format("{}:{}: {} has a value of the wrong kind", path,
                                              node.source().begin.line, name.str()));
    }
    settings.emplace(name.str(), *text);
  }
  return settings;
}

Result<Settings> read_config_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof())
    return fail(Fault::not_found, fmt::format("{}: {}", path, std::strerror(errno)));
  return parse_config(content, path);
}

}  // namespace coterie::cli
