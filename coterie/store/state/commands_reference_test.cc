// docs/reference/commands.md and docs/formats/commands.md are written from the command table. These
// tests fail when a page is stale; with COTERIE_REWRITE=1 they write it anew.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "coterie/store/state/command.h"

namespace coterie::state {
namespace {

constexpr const char* page_path = COTERIE_SOURCE_DIR "/docs/reference/commands.md";
constexpr const char* numbers_path = COTERIE_SOURCE_DIR "/docs/formats/commands.md";

bool rewriting() {
  const char* rewrite = std::getenv("COTERIE_REWRITE");
  return rewrite != nullptr && std::string_view(rewrite) == "1";
}

std::string text_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream there;
  there << file.rdbuf();
  return there.str();
}

struct Group {
  std::string_view name, title;
};
constexpr Group groups[] = {
    {"string", "Strings"},
    {"generic", "Keys of any type"},
    {"list", "Lists"},
    {"hash", "Hashes"},
    {"set", "Sets"},
    {"pubsub", "Publish and subscribe"},
    {"transactions", "Transactions"},
    {"coterie", "Coterie's own"},
    {"connection", "Connection"},
    {"server", "Server and cluster"},
};

std::string class_name(CommandClass kind) {
  switch (kind) {
    case CommandClass::connection:
      return "connection";
    case CommandClass::read:
      return "read";
    case CommandClass::write:
      return "write";
    case CommandClass::blocking:
      return "write, may wait";
    case CommandClass::cluster:
      return "cluster";
    case CommandClass::internal:
      return "internal";
  }
  return {};
}

// A | within a cell would end it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string upper_of(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

std::string page() {
  std::string text =
      "# Commands\n\n"
      "Replies and errors are those of Redis 7; what differs is listed in "
      "[differences from Redis](../explanation/differences-from-redis.md).\n\n"
      "The class says where a command is carried out. *read*: on the node you are connected to, "
      "linearizable unless\n"
      "`READONLY` was asked for. *write*: in the log, so acknowledged means that a majority has it "
      "on disk.\n"
      "*connection*: by the connection alone. *cluster*: by the node, about itself or the "
      "cluster.\n\n"
      "This page is written from the command table (`coterie/store/state/command_table.cc`) by a "
      "test:\n"
      "`COTERIE_REWRITE=1 build/release/state_test --gtest_filter='CommandsReference.*'`.\n";
  for (const Group& group : groups) {
    text +=
        fmt::format("\n## {}\n\n| command | what it does | class |\n|---|---|---|\n", group.title);
    for (const CommandSpec& spec : all_commands()) {
      if (spec.kind == CommandClass::internal || spec.group != group.name) continue;
      const std::string arguments = spec.arguments.empty() ? "" : " " + cell(spec.arguments);
      text += fmt::format("| `{}{}` | {} | {} |\n", upper_of(spec.name), arguments,
                          cell(spec.summary), class_name(spec.kind));
    }
  }
  return text;
}

TEST(CommandsReference, IsUpToDate) {
  const std::string wanted = page();
  if (rewriting()) std::ofstream(page_path, std::ios::binary) << wanted;
  EXPECT_EQ(text_of(page_path), wanted)
      << "stale: run this test with COTERIE_REWRITE=1 and commit " << page_path;
}

std::string numbers_page() {
  std::string text =
      "# Command numbers\n\n"
      "An entry names a command by its number (batch.md). A number is never given to another "
      "command, not even\n"
      "when its own is gone, and never changes its meaning: old logs are read with it. This page "
      "is written by the\n"
      "tests of the command table, which refuse to change a row.\n\n"
      "| number | command |\n|---|---|\n";
  for (const CommandSpec& spec : all_commands()) {
    const bool in_the_log = spec.kind == CommandClass::read || spec.kind == CommandClass::write ||
                            spec.kind == CommandClass::blocking ||
                            spec.kind == CommandClass::internal;
    if (in_the_log) text += fmt::format("| {} | {} |\n", spec.number, spec.name);
  }
  return text;
}

TEST(CommandNumbers, AreNeverChanged) {
  std::istringstream rows(text_of(numbers_path));
  int seen = 0;
  for (std::string line; std::getline(rows, line);) {
    unsigned number = 0;
    char name[64] = {};
    if (std::sscanf(line.c_str(), "| %u | %63s |", &number, name) != 2) continue;
    const CommandSpec* spec = command_by_number(static_cast<uint16_t>(number));
    ASSERT_NE(spec, nullptr) << "command " << number << " (" << name << ") stands in old logs";
    ASSERT_EQ(spec->name, name) << "number " << number << " stands in old logs for another command";
    ++seen;
  }
  const std::string wanted = numbers_page();
  if (rewriting()) std::ofstream(numbers_path, std::ios::binary) << wanted;
  EXPECT_EQ(text_of(numbers_path), wanted) << "stale: run this test with COTERIE_REWRITE=1";
  EXPECT_TRUE(rewriting() || seen > 50);
}

TEST(CommandsReference, HasEveryPublicCommand) {
  const std::string text = page();
  for (const CommandSpec& spec : all_commands()) {
    if (spec.kind == CommandClass::internal) continue;
    EXPECT_NE(text.find("| `" + upper_of(spec.name)), std::string::npos)
        << spec.name << " is in no group of the page";
  }
}

}  // namespace
}  // namespace coterie::state
