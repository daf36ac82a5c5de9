// Names that may not stand in certain rooms. See rules.h.
#include <algorithm>

#include <fmt/format.h>

#include "tests/tidy/rules.h"

namespace coterie::tidy {

namespace {

// What must give the same result in every run: a machine is told the time and owns its chance.
constexpr std::string_view machines = "coterie/base/ coterie/protocol/ coterie/store/state/";
// What runs in both worlds: it sees the surroundings through world/world.h.
constexpr std::string_view both_worlds =
    "coterie/base/ coterie/protocol/ coterie/store/ coterie/world/ coterie/node/ "
    "coterie/server/resp/ "
    "coterie/server/client/ coterie/trial/";
// Where the machine's own sockets, threads and clocks are used.
constexpr std::string_view surroundings =
    "coterie/world/net/ coterie/server/ coterie/client/ cli/ tests/ bench/";
// Memory that waits to be freed belongs to the thread, as the counts of references do; no result
// depends on it.
constexpr std::string_view thread_memory =
    "coterie/world/net/ coterie/server/ coterie/client/ cli/ tests/ bench/ "
    "coterie/store/state/reclaim.cc";
constexpr std::string_view whole_project = "coterie/ cli/ tests/ bench/ examples/ labs/";

enum class Match { word, call };  // a call is the word followed by `(`, and not a member's name

struct Rule {
  std::string_view rooms;   // where it holds
  std::string_view except;  // within these it does not
  bool in_tests;            // holds for test code too
  Match match;
  std::string_view name;
  std::string_view instead;
};

constexpr std::string_view use_random =
    "use coterie::Random (base/random.h), which gives the same numbers everywhere";
constexpr std::string_view use_now = "take `Now` as an argument";
constexpr std::string_view use_portable =
    "use portable_log, portable_exp, portable_pow (base/random.h)";
constexpr std::string_view use_world = "ask the world (world/world.h)";
constexpr std::string_view use_one_thread =
    "a world is confined to one thread; threads belong to world/net";
constexpr std::string_view use_ordered =
    "its order differs between runs and libraries: std::map, or a table by hash";
constexpr std::string_view use_links = "network code belongs into world/net and the server's glue";
constexpr std::string_view use_callbacks =
    "g++ 12 miscompiles coroutines: use callbacks or boost::asio::spawn";

const Rule rules[] = {
    {whole_project, "coterie/world/net/", true, Match::word, "std::random_device", use_random},
    {whole_project, "", true, Match::word, "std::mt19937", use_random},
    {whole_project, "", true, Match::word, "std::mt19937_64", use_random},
    {whole_project, "", true, Match::word, "std::uniform_int_distribution", use_random},
    {whole_project, "", true, Match::word, "std::uniform_real_distribution", use_random},
    {whole_project, "", true, Match::word, "std::normal_distribution", use_random},
    {whole_project, "", true, Match::word, "std::shuffle", use_random},
    {whole_project, "", true, Match::call, "rand", use_random},

    {both_worlds, surroundings, false, Match::word, "system_clock", use_now},
    {both_worlds, surroundings, false, Match::word, "steady_clock", use_now},
    {both_worlds, surroundings, false, Match::word, "high_resolution_clock", use_now},
    {both_worlds, surroundings, false, Match::call, "clock_gettime", use_now},
    {both_worlds, surroundings, false, Match::call, "gettimeofday", use_now},
    {both_worlds, surroundings, false, Match::word, "time(nullptr)", use_now},
    {both_worlds, surroundings, false, Match::word, "time(NULL)", use_now},

    {both_worlds, surroundings, false, Match::word, "std::thread", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "std::jthread", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "std::mutex", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "std::condition_variable", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "std::async", use_one_thread},
    {both_worlds, thread_memory, false, Match::word, "thread_local", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "<thread>", use_one_thread},
    {both_worlds, surroundings, false, Match::word, "<mutex>", use_one_thread},

    {both_worlds, surroundings, false, Match::call, "getenv", use_world},
    {both_worlds, surroundings, false, Match::call, "fopen", use_world},
    {both_worlds, surroundings, false, Match::word, "std::ifstream", use_world},
    {both_worlds, surroundings, false, Match::word, "std::ofstream", use_world},
    {both_worlds, surroundings, false, Match::word, "<filesystem>", use_world},
    {both_worlds, surroundings, false, Match::word, "std::cout", use_world},
    {both_worlds, surroundings, false, Match::word, "std::cerr", use_world},
    {both_worlds, surroundings, false, Match::call, "printf", use_world},

    {machines, "", false, Match::word, "std::unordered_map", use_ordered},
    {machines, "", false, Match::word, "std::unordered_set", use_ordered},
    {machines, "", false, Match::word, "std::log", use_portable},
    {machines, "", false, Match::word, "std::log2", use_portable},
    {machines, "", false, Match::word, "std::exp", use_portable},
    {machines, "", false, Match::word, "std::pow", use_portable},
    {machines, "", false, Match::word, "setlocale", "replies are the same under every locale"},
    {machines, "", false, Match::call, "strtod", "std::from_chars knows no locale"},
    {machines, "", false, Match::word, "std::stod", "std::from_chars knows no locale"},

    {both_worlds, surroundings, false, Match::word, "asio", use_links},
    {both_worlds, surroundings, false, Match::word, "<openssl", use_links},
    {both_worlds, surroundings, false, Match::word, "<sys/socket.h>", use_links},
    {whole_project, "coterie/server/http/", false, Match::word, "beast",
     "HTTP belongs into server/http"},
    {whole_project, "", true, Match::word, "co_await", use_callbacks},
    {whole_project, "", true, Match::word, "co_return", use_callbacks},
    {whole_project, "", true, Match::word, "co_yield", use_callbacks},
    {whole_project, "", true, Match::word, "<coroutine>", use_callbacks},
};

// The length of the longest of `rooms` (separated by spaces) that `path` lies in; 0: in none.
size_t depth_in(std::string_view path, std::string_view rooms) {
  size_t longest = 0;
  for (size_t start = 0; start < rooms.size();) {
    const size_t end = std::min(rooms.find(' ', start), rooms.size());
    const std::string_view room = rooms.substr(start, end - start);
    if (path.starts_with(room)) longest = std::max(longest, room.size());
    start = end + 1;
  }
  return longest;
}

// An inner room's rule overrides that of the room around it.
bool applies(const Rule& rule, std::string_view path) {
  return depth_in(path, rule.rooms) > depth_in(path, rule.except);
}

bool matches(const Rule& rule, std::string_view line) {
  for (size_t at = find_word(line, rule.name); at != std::string_view::npos;
       at = find_word(line, rule.name, at + 1)) {
    if (rule.match == Match::word) return true;
    const std::string_view before = line.substr(0, at);
    const bool member = before.ends_with('.') || before.ends_with("->") ||
                        (before.ends_with("::") && !before.ends_with("std::") && before != "::");
    if (!member && line.substr(at + rule.name.size()).starts_with('(')) return true;
  }
  return false;
}

}  // namespace

std::vector<Finding> check_names(const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  const std::set<std::string> tests = test_code(tree);
  for (const SourceFile& file : tree) {
    if (!file.is_cpp()) continue;
    const bool test = tests.contains(file.path);
    for (const Rule& rule : rules) {
      if ((test && !rule.in_tests) || !applies(rule, file.path)) continue;
      for (size_t i = 0; i < file.code.size(); ++i) {
        if (!matches(rule, file.code[i])) continue;
        findings.push_back(
            {file.path, i + 1, fmt::format("{} is forbidden here: {}", rule.name, rule.instead)});
      }
    }
  }
  return findings;
}

}  // namespace coterie::tidy
