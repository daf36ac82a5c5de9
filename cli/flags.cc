// See flags.h.
#include "cli/flags.h"

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/exit_codes.h"

namespace coterie::cli {

struct Flags::Impl {
  Impl(std::string command_name, const std::string& summary)
      : app(summary, command_name), command(command_name) {}

  CLI::App app;
  std::string command;
};

Flags::Flags(std::string command, std::string summary)
    : impl_(std::make_unique<Impl>(std::move(command), summary)) {
  impl_->app.set_help_flag("-h,--help", "print this help");
  impl_->app.get_formatter()->column_width(34);
  impl_->app.get_formatter()->label("REQUIRED", "");
}

Flags::~Flags() = default;

void Flags::text(std::string name, std::string value, std::string& variable, std::string help) {
  CLI::Option* option = impl_->app.add_option(std::move(name), variable, std::move(help));
  option->type_name(std::move(value));
  if (!variable.empty()) option->capture_default_str();
}

void Flags::number(std::string name, std::string value, uint64_t& variable, std::string help) {
  impl_->app.add_option(std::move(name), variable, std::move(help))
      ->type_name(std::move(value))
      ->capture_default_str();
}

void Flags::choice(std::string name, std::vector<std::string> choices, std::string& variable,
                   std::string help) {
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "" : "|") + choice;
  const auto check = [all, choices](const std::string& given) -> std::string {
    const bool known = std::find(choices.begin(), choices.end(), given) != choices.end();
    return known ? "" : fmt::format("{} is not one of {}", given, all);
  };
  impl_->app.add_option(std::move(name), variable, std::move(help))
      ->check(CLI::Validator(check, ""))
      ->type_name(all)
      ->capture_default_str();
}

void Flags::on(std::string name, bool& variable, std::string help) {
  impl_->app.add_flag(std::move(name), variable, std::move(help));
}

void Flags::argument(std::string name, std::string& variable, std::string help, bool required) {
  impl_->app.add_option(std::move(name), variable, std::move(help))
      ->type_name("")
      ->required(required);
}

void Flags::epilogue(std::string text) { impl_->app.footer(std::move(text)); }

std::optional<int> Flags::parse(Arguments arguments) {
  // CLI11 takes them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    impl_->app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::fputs(impl_->app.help().c_str(), stdout);
    return exit_done;
  } catch (const CLI::ParseError& error) {
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    fmt::print(stderr, "{}: {} (see {} --help)\n", impl_->command, message, impl_->command);
    return exit_usage;
  }
}

bool Flags::given(const std::string& name) const {
  return impl_->app.get_option(name)->count() > 0;
}

std::string Flags::value(const std::string& name) const {
  return impl_->app.get_option(name)->results().back();
}

}  // namespace coterie::cli
