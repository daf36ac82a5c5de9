// docs/reference/commands.md is written from the command table. This test fails when it is stale;
// with COTERIE_REWRITE=1 it writes it anew.
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
  if (const char* rewrite = std::getenv("COTERIE_REWRITE");
      rewrite != nullptr && std::string(rewrite) == "1") {
    std::ofstream(page_path, std::ios::binary) << wanted;
  }
  std::ifstream file(page_path, std::ios::binary);
  std::stringstream there;
  there << file.rdbuf();
  EXPECT_EQ(there.str(), wanted) << "stale: run this test with COTERIE_REWRITE=1 and commit "
                                 << page_path;
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
