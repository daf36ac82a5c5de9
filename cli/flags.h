// The flags of one subcommand: each is bound to a variable, whose value at that time is the default
// that the help shows. A thin face of CLI11, which only flags.cc includes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::cli {

using Arguments = std::span<const std::string>;

class Flags {
 public:
  // `command` as typed ("coterie serve"), `summary` in one sentence.
  Flags(std::string command, std::string summary);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // `name` with its dashes; `value` is what stands for the value in the help, such as HOST:PORT.
  // The variables outlive the Flags.
  void text(std::string name, std::string value, std::string& variable, std::string help);
  void number(std::string name, std::string value, uint64_t& variable, std::string help);
  void choice(std::string name, std::vector<std::string> choices, std::string& variable,
              std::string help);
  void on(std::string name, bool& variable, std::string help);
  // An argument without a flag, by its place.
  void argument(std::string name, std::string& variable, std::string help, bool required);
  // Text behind the list of flags in the help.
  void epilogue(std::string text);

  // Nothing: go on. Otherwise the exit code to end with: 0 after --help (printed on standard
  // output), 64 after a mistake (one line on standard error).
  std::optional<int> parse(Arguments arguments);
  // True when the flag was given on the command line.
  bool given(const std::string& name) const;
  // As it was written there. REQUIRES: given(name)
  std::string value(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coterie::cli
