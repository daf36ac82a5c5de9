// The picture for a terminal, against tests/golden/picture. COTERIE_REWRITE=1 writes what comes now
// into the files: read the difference before you keep it.
#include "coterie/picture/text.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "coterie/picture/test_run.h"

namespace coterie::picture {
namespace {

void expect_golden(const std::string& name, const std::string& now) {
  const std::string path = COTERIE_SOURCE_DIR "/tests/golden/picture/" + name;
  if (std::getenv("COTERIE_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << now;
    return;
  }
  std::ostringstream before;
  before << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(now, before.str()) << "if this is as it should be, run with COTERIE_REWRITE=1";
}

size_t widest(const std::string& text) {
  std::istringstream lines(text);
  size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, line.size());
  return width;
}

TEST(Text, OfAFailure) { expect_golden("failure.txt", text_picture(test_run())); }

TEST(Text, OfTheWholeRun) {
  TextOptions options;
  options.window = Span{0, 1'000 * test_ms};
  options.width = 72;
  expect_golden("whole.txt", text_picture(test_run(), options));
}

TEST(Text, OfAHistoryAlone) {
  proof::History history;
  for (const ClientOperation& one : test_run().operations) history.push_back(one.operation);
  picture::Run run = run_of(history);
  run.verdict = test_run().verdict;
  expect_golden("history.txt", text_picture(run));
}

TEST(Text, IsNeverWiderThanAskedFor) {
  picture::Run run = test_run();
  run.title = run.command = std::string(500, 'x');
  run.verdict.why = std::string(300, 'y') + " " + std::string(300, 'z');
  run.nodes[0].name = std::string(100, 'n');
  run.operations[0].operation.calls[0].key = std::string(300, 'k');
  for (size_t width : {40, 80, 200}) {
    TextOptions options;
    options.width = width;
    EXPECT_LE(widest(text_picture(run, options)), width);
  }
}

TEST(Text, HasLimitsAndSaysSo) {
  picture::Run run = test_run();
  for (uint32_t i = 0; i < 100; ++i) {
    const auto at_ms = static_cast<int64_t>(100 + i);
    run.operations.push_back(test_operation(10 + i, {"get", "z", {}}, "0", at_ms, at_ms + 1, 1));
  }
  const std::string text = text_picture(run);
  EXPECT_NE(text.find("(86 more clients)"), std::string::npos) << text;
  EXPECT_NE(text.find(" more events "), std::string::npos) << text;
  // The violated ones are never among those left out.
  EXPECT_NE(text.find("##   0.100000 s  client 1   set x 1 -> OK"), std::string::npos) << text;
  EXPECT_NE(text.find("##   0.500000 s  client 2   get x -> 0"), std::string::npos) << text;
}

TEST(Text, HoldsNothingThatATerminalWouldObey) {
  picture::Run run = test_run();
  run.title = "\x1b[2J\x1b[31m";
  run.operations[0].operation.calls[0].args = {std::string("\0\x1b]0;title\x07\xc2\x9b", 14)};
  for (const char c : text_picture(run)) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(Text, OfNothing) { EXPECT_LE(widest(text_picture({})), 100u); }

}  // namespace
}  // namespace coterie::picture
