// The file itself: what is in it, its bounds, and that nothing of the data gets out of its place.
// How it looks and behaves in a browser is tested in tests/picture.
#include "coterie/picture/space_time_html.h"

#include <gtest/gtest.h>

#include "coterie/picture/test_run.h"

namespace coterie::picture {
namespace {

size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}
bool has(const std::string& text, std::string_view part) { return count_of(text, part) > 0; }

Run busy_run(size_t messages, bool routine) {
  picture::Run run = test_run();
  for (size_t i = 0; i < messages; ++i) {
    const auto at_ns = static_cast<int64_t>(i) * 1'000 * test_ms / static_cast<int64_t>(messages);
    run.messages.push_back({100 + i,
                            1,
                            2,
                            at_ns,
                            at_ns + test_ms,
                            Message::Fate::delivered,
                            false,
                            routine,
                            "heartbeat",
                            "heartbeat t1",
                            {},
                            50});
  }
  return run;
}

TEST(Html, SaysWhyAndHowToReplay) {
  const std::string page = space_time_html(test_run());
  EXPECT_TRUE(
      has(page, "<h1>client 2 read x = 0 after client 1&#39;s write of 1 had returned.</h1>"));
  EXPECT_TRUE(has(page, "<code id=\"command\">coterie sim --seed 7 --html failure.html</code>"));
  EXPECT_TRUE(has(page, "<b>client 2</b> <span>get x &rarr; 0</span>"));
  EXPECT_FALSE(has(page, "id=\"omitted\""));
}

TEST(Html, NeedsNothingFromElsewhere) {
  const std::string page = space_time_html(test_run());
  EXPECT_TRUE(has(page, "default-src 'none'"));
  for (const char* reference :
       {" src=", "@import", "url(http", "<link", "fetch(", "XMLHttpRequest"})
    EXPECT_FALSE(has(page, reference)) << reference;
  // The name space of SVG is a name and no address.
  EXPECT_EQ(count_of(page, "http"),
            count_of(page, "http://www.w3.org/2000/svg") + count_of(page, "http-equiv"));
}

TEST(Html, HoldsTheViolatedOperations) {
  const std::string page = space_time_html(test_run());
  // client, lane of its node, called, returned, outcome, two texts, violated, no order
  EXPECT_TRUE(has(page, "[1,0,100000000,140000000,0,"));
  EXPECT_TRUE(has(page, "[2,2,500000000,560000000,0,"));
  // The outcome of the third never became known.
  EXPECT_TRUE(has(page, "[1,0,600000000,-1,2,"));
}

TEST(Html, HostileTextsStayTexts) {
  const std::string hostile = std::string("</script><script>alert(1)</script><!--") + "\"'" +
                              std::string(1, '\0') + "\xff\xe2\x80\xa8";
  picture::Run run = test_run();
  const std::string clean = space_time_html(run);
  run.title = run.command = run.narrow = run.verdict.why = run.time = hostile;
  run.nodes[0].name = hostile;
  run.operations[0].operation.calls = {{hostile, hostile, {hostile}}};
  run.operations[0].operation.result = proof::Value::of(hostile);
  run.messages[0].kind = run.messages[0].text = run.messages[0].why = hostile;
  run.conditions[0].why = run.marks[0].text = run.disk[0].text = run.standings[0].text = hostile;
  run.omissions.push_back({hostile, 3});
  const std::string page = space_time_html(run);
  for (const char* part : {"<script", "</script", "<!--", "<h1>", "<svg", "<button"})
    EXPECT_EQ(count_of(page, part), count_of(clean, part)) << part;
  EXPECT_EQ(page.find('\0'), std::string::npos);
  EXPECT_EQ(page.find('\xff'), std::string::npos);
  EXPECT_TRUE(has(page, "alert(1)"));
}

TEST(Html, LeavesOutTheRoutineFirstAndSaysSo) {
  HtmlOptions options;
  options.bytes_max = html_bytes_least;
  const std::string page = space_time_html(busy_run(6'000, true), options);
  EXPECT_LE(page.size(), options.bytes_max);
  EXPECT_TRUE(has(page, "routine messages that arrived"));
  EXPECT_TRUE(has(page, "Not everything is drawn"));
}

TEST(Html, NarrowsAroundTheViolationWhenThatIsNotEnough) {
  picture::Run run = busy_run(20'000, false);
  run.narrow = "--from 1s --to 2s";
  HtmlOptions options;
  options.bytes_max = html_bytes_least;
  const std::string page = space_time_html(run, options);
  EXPECT_LE(page.size(), options.bytes_max);
  EXPECT_TRUE(has(page, " messages"));
  EXPECT_TRUE(has(page, "For a part of the run in full: <code>--from 1s --to 2s</code>"));
  // Both violated operations are there; the first was called 100 ms after the start.
  EXPECT_EQ(count_of(page, "data-operation="), 2u);
}

TEST(Html, CountsEventsToo) {
  HtmlOptions options;
  options.events_max = 500;
  const std::string page = space_time_html(busy_run(2'000, false), options);
  EXPECT_TRUE(has(page, "Not everything is drawn"));
}

TEST(Html, AWindowThatIsAskedForIsDrawn) {
  HtmlOptions options;
  options.window = Span{450 * test_ms, 580 * test_ms};
  const std::string page = space_time_html(test_run(), options);
  EXPECT_TRUE(has(page, "vote request t2"));
  EXPECT_FALSE(has(page, "heartbeat t1"));
  EXPECT_TRUE(has(page, "Not everything is drawn"));
}

TEST(Html, OfManyViolatedOperationsTheLastAreSeenAndTheRestFolded) {
  picture::Run run = test_run();
  for (int64_t i = 0; i < 60; ++i) {
    run.verdict.operations.push_back(run.operations.size());
    run.operations.push_back(test_operation(3, {"incr", "n", {}}, std::to_string(i), i, i + 1, 1));
  }
  const std::string page = space_time_html(run);
  EXPECT_TRUE(has(page, "58 earlier operations with which these cannot be explained (the last 36"));
  EXPECT_EQ(count_of(page, "data-operation="), 40u);
  // The read that cannot be explained was called last.
  EXPECT_GT(page.find("get x &rarr; 0"), page.find("</details>"));
}

// More violated operations than a page can hold: the sentence is what is left.
TEST(Html, IsNeverTooLarge) {
  picture::Run run = test_run();
  for (uint32_t i = 0; i < 4'000; ++i) {
    run.verdict.operations.push_back(run.operations.size());
    run.operations.push_back(test_operation(
        1, {"set", "x", {std::string(180, 'v') + std::to_string(i)}}, "OK", 0, 1'000, 1));
  }
  run.verdict.why += std::string(100'000, 'w');
  HtmlOptions options;
  options.bytes_max = html_bytes_least;
  const std::string page = space_time_html(run, options);
  EXPECT_LE(page.size(), options.bytes_max);
  EXPECT_TRUE(has(page, "the violated operations alone are too many"));
  EXPECT_TRUE(has(page, "coterie sim --seed 7"));
}

TEST(Html, AnEmptyRunIsAPageToo) {
  EXPECT_TRUE(has(space_time_html({}), "A run, as it was seen."));
  EXPECT_TRUE(has(space_time_html(run_of({})), "not judged"));
}

}  // namespace
}  // namespace coterie::picture
