// A check that cannot fail is worth nothing: here each fails on a small made-up project, and passes
// on its neighbour.
#include "tests/tidy/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tidy/layers.h"
#include "tests/tidy/picture.h"

namespace coterie::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Tree = std::vector<SourceFile>;

std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> result;
  for (const Finding& finding : findings) result.push_back(finding.text());
  return result;
}

Layers small_house() {
  return parse_layers(
             "# who may enter which\nbase <-\nworld <- base  # the contract\nworld/sim <- base "
             "world\n"
             "node <- base world\ncli <- *\n*_test <- world/sim\n")
      .value();
}

TEST(Blanking, CommentsAndLiteralsAreNotCode) {
  const SourceFile file = make_file("coterie/a.cc",
                                    "int a = 1'000;  // rand()\n"
                                    "const char* b = \"rand() \\\" rand()\";\n"
                                    "/* rand()\n rand() */ int c = rand();\n"
                                    "auto d = R\"(rand(\n)\"; char e = '\"'; int f = rand();\n"
                                    "#include \"coterie/base/ids.h\"\n");
  EXPECT_THAT(file.code[0], Not(HasSubstr("rand")));
  EXPECT_EQ(file.code[0].substr(0, 14), "int a = 1'000;");
  EXPECT_THAT(file.code[1], Not(HasSubstr("rand")));
  EXPECT_THAT(file.code[2], Not(HasSubstr("rand")));
  EXPECT_EQ(file.code[3].substr(11), "int c = rand();");
  EXPECT_THAT(file.code[4], Not(HasSubstr("rand")));
  EXPECT_THAT(file.code[5], HasSubstr("int f = rand();"));
  EXPECT_EQ(quoted_include(file.code[6]), "coterie/base/ids.h");
}

TEST(Words, AreWhole) {
  EXPECT_EQ(find_word("operand rand", "rand"), 8u);
  EXPECT_EQ(find_word("strand", "rand"), std::string_view::npos);
  EXPECT_EQ(find_word("rand_r", "rand"), std::string_view::npos);
}

TEST(Layers, TheInnermostRoomCounts) {
  const Layers house = small_house();
  EXPECT_EQ(house.room_of("coterie/world/world.h"), "world");
  EXPECT_EQ(house.room_of("coterie/world/sim/disk.cc"), "world/sim");
  EXPECT_EQ(house.room_of("cli/main.cc"), "cli");
  EXPECT_EQ(house.room_of("coterie/worldly/x.h"), "");
}

TEST(Layers, AForbiddenIncludeIsNamedWithItsArrow) {
  const Tree tree{
      make_file("coterie/base/a.h",
                "// A.\n#include \"coterie/base/b.h\"\n#include \"coterie/world/world.h\"\n")};
  EXPECT_THAT(texts(check_includes(small_house(), tree)),
              ElementsAre("coterie/base/a.h:3: includes coterie/world/world.h: no arrow base <- "
                          "world in coterie/LAYERS"));
}

TEST(Layers, NothingIsInherited) {
  const Tree tree{make_file("coterie/node/a.cc", "#include \"coterie/world/sim/sim.h\"\n"),
                  make_file("cli/a.cc", "#include \"coterie/world/sim/sim.h\"\n")};
  EXPECT_THAT(texts(check_includes(small_house(), tree)),
              ElementsAre(HasSubstr("no arrow node <- world/sim")));
}

TEST(Layers, TestsBesideTheCodeMayEnterMore) {
  const Tree tree{
      make_file("coterie/node/a_test.cc",
                "#include \"coterie/world/sim/sim.h\"\n#include \"coterie/node/h.h\"\n"),
      make_file("coterie/node/h.h", "#include \"coterie/world/sim/sim.h\"\n")};
  EXPECT_THAT(check_includes(small_house(), tree), IsEmpty());
}

TEST(Layers, EverySourceLiesInARoom) {
  const Tree tree{make_file("coterie/attic/a.cc", "")};
  EXPECT_THAT(texts(check_includes(small_house(), tree)),
              ElementsAre(HasSubstr("lies in no room")));
}

TEST(Layers, RefusesWhatMakesNoSense) {
  EXPECT_THAT(parse_layers("a <- b\nb <- a\n").error().message, HasSubstr("circle"));
  EXPECT_THAT(parse_layers("a <- b\n").error().message, HasSubstr("not listed"));
  EXPECT_THAT(parse_layers("a <-\na <-\n").error().message, HasSubstr("twice"));
  EXPECT_THAT(parse_layers("a b\n").error().message, HasSubstr("expected"));
}

TEST(Layers, LevelsAndTheArrowsWorthDrawing) {
  const Layers house = small_house();
  EXPECT_EQ(house.levels().at("base"), 0);
  EXPECT_EQ(house.levels().at("world/sim"), 2);
  EXPECT_THAT(house.arrows_to_draw().at("node"), ElementsAre("world"));
}

TEST(Picture, FollowsTheLayers) {
  const std::string svg = draw_svg(small_house());
  EXPECT_THAT(svg, HasSubstr(">world/sim</text>"));
  EXPECT_NE(svg, draw_svg(parse_layers("base <-\nworld <- base\n").value()));
  EXPECT_THAT(draw_text(small_house()), HasSubstr("node       uses base world\n"));
  const std::string page = "before\n" + std::string(generated_begin) + "stale\n" +
                           std::string(generated_end) + "\nafter\n";
  EXPECT_EQ(with_generated_part(page, "fresh\n"), "before\n" + std::string(generated_begin) +
                                                      "fresh\n" + std::string(generated_end) +
                                                      "\nafter\n");
  EXPECT_EQ(with_generated_part("no marks\n", "fresh\n"), "no marks\n");
}

std::string function_of(size_t lines) {
  std::string text = "int f(int a) {\n";
  for (size_t i = 2; i < lines; ++i) text += "  if (a) { a = 1; }\n";
  return text + "}\n";
}

TEST(Lengths, AFunctionOverTheLimitIsFoundWhereverItStands) {
  const std::string longest = function_of(function_lines_max),
                    longer = function_of(function_lines_max + 1);
  EXPECT_THAT(check_lengths({make_file("a.cc", longest + longest)}), IsEmpty());
  EXPECT_THAT(texts(check_lengths({make_file("a.cc", "\n" + longer)})),
              ElementsAre(HasSubstr("a.cc:2: a function of 71")));
  EXPECT_EQ(check_lengths({make_file("a.cc", "namespace {\nint x = 1;\n" + longer + longest +
                                                 longer + "}\n")})
                .size(),
            2u);
  EXPECT_EQ(check_lengths({make_file("a.h", "class A : public B {\n  int y;\n" + longer + "};\n")})
                .size(),
            1u);
  EXPECT_EQ(check_lengths(
                {make_file("a.h", "template <class T>\nstruct A {\n  int y;\n" + longer + "};\n")})
                .size(),
            1u);
}

TEST(Lengths, TablesAndClassesMayBeLong) {
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += "  {1, 2},\n";
  EXPECT_THAT(check_lengths({make_file(
                  "a.cc", "const Row rows[] = {\n" + rows + "};\nint f() { return 1; }\n")}),
              IsEmpty());
  std::string members;
  for (int i = 0; i < 200; ++i) members += "  int f() const;\n";
  EXPECT_THAT(check_lengths({make_file("a.h", "class A {\n" + members + "};\n")}), IsEmpty());
}

TEST(Lengths, AFileHasALimit) {
  std::string lines;
  for (size_t i = 0; i < file_lines_max; ++i) lines += "int a;\n";
  EXPECT_THAT(check_lengths({make_file("a.cc", lines)}), IsEmpty());
  EXPECT_THAT(texts(check_lengths({make_file("a.cc", lines + "int b;\n")})),
              ElementsAre(HasSubstr("601 lines")));
}

TEST(Names, AreForbiddenByRoomWithTheirReplacement) {
  const std::string text = "int a = std::random_device{}();\n";
  EXPECT_THAT(
      texts(check_names({make_file("coterie/protocol/raft/a.cc", text)})),
      ElementsAre(HasSubstr("a.cc:1: std::random_device is forbidden here: use coterie::Random")));
  EXPECT_THAT(check_names({make_file("coterie/world/net/a.cc", text)}), IsEmpty());
}

TEST(Names, EachOfThemIsFound) {
  const std::vector<std::string> forbidden_in_machines{"std::mt19937 r;",
                                                       "std::uniform_int_distribution<int> d;",
                                                       "rand();",
                                                       "auto t = std::chrono::system_clock::now();",
                                                       "steady_clock::now();",
                                                       "std::time(nullptr);",
                                                       "time(nullptr);",
                                                       "std::thread t;",
                                                       "std::mutex m;",
                                                       "getenv(\"A\");",
                                                       "fopen(a, b);",
                                                       "std::unordered_map<int, int> m;",
                                                       "std::unordered_set<int> s;",
                                                       "std::log(2.0);",
                                                       "std::exp(2.0);",
                                                       "std::pow(2.0, 2.0);",
                                                       "#include <boost/asio.hpp>",
                                                       "#include <boost/beast/core.hpp>",
                                                       "#include <openssl/evp.h>",
                                                       "co_await x;",
                                                       "co_yield x;",
                                                       "#include <coroutine>",
                                                       "#include <filesystem>",
                                                       "std::ifstream in;"};
  for (const std::string& line : forbidden_in_machines) {
    EXPECT_EQ(check_names({make_file("coterie/store/state/a.cc", line + "\n")}).size(), 1u) << line;
    EXPECT_THAT(check_names({make_file("coterie/store/state/a.cc", "// " + line + "\n")}),
                IsEmpty())
        << line;
  }
}

TEST(Names, MembersAndLongerNamesAreNotThem) {
  EXPECT_THAT(
      check_names({make_file("coterie/store/state/a.cc",
                             "log.time(1); strand(x); wall->time(2); state.log_time(1);\n")}),
      IsEmpty());
}

TEST(Names, TheInnerRoomDecides) {
  const std::string asio = "boost::asio::io_context loop;\n";
  EXPECT_THAT(check_names({make_file("coterie/server/listener.cc", asio)}), IsEmpty());
  EXPECT_EQ(check_names({make_file("coterie/server/resp/a.cc", asio)}).size(), 1u);
  EXPECT_EQ(
      check_names({make_file("coterie/server/listener.cc", "boost::beast::http::request r;\n")})
          .size(),
      1u);
  EXPECT_THAT(
      check_names({make_file("coterie/server/http/a.cc", "boost::beast::http::request r;\n")}),
      IsEmpty());
}

TEST(Headers, OpenWithTheirIdeaAndAGuard) {
  EXPECT_THAT(check_headers({make_file("a.h", "// An idea.\n#pragma once\n")}), IsEmpty());
  EXPECT_EQ(check_headers({make_file("a.h", "#pragma once\n")}).size(), 1u);
  EXPECT_EQ(check_headers({make_file("a.h", "// An idea.\n")}).size(), 1u);
}

TEST(Hygiene, UnfinishedWorkAndMachinesPathsAreFoundInAnyText) {
  EXPECT_EQ(check_hygiene({make_file("docs/a.md", std::string("later TO") + "DO\n")}).size(), 1u);
  EXPECT_EQ(check_hygiene({make_file("a.cc", std::string("// FIX") + "ME: soon\n")}).size(), 1u);
  EXPECT_EQ(check_hygiene({make_file("dev", std::string("cd /ho") + "me/me/project\n")}).size(),
            1u);
  EXPECT_THAT(check_hygiene({make_file("a.cc", "mkdtemp(\"coterie-XXXXXX\");  // the method\n")}),
              IsEmpty());
}

TEST(Hygiene, TestsNeitherSleepNorChoosePorts) {
  const std::string sleeping = std::string("std::this_thread::sleep_") + "for(1s);\n";
  EXPECT_EQ(check_hygiene({make_file("coterie/node/a_test.cc", sleeping)}).size(), 1u);
  EXPECT_THAT(check_hygiene({make_file("cli/supervisor.cc", sleeping)}), IsEmpty());
  const std::string python_sleep = std::string("    time.") + "sleep(1)\n";
  EXPECT_EQ(check_hygiene({make_file("tests/e2e/a.py", python_sleep)}).size(), 1u);
  EXPECT_THAT(check_hygiene({make_file("tests/e2e/wait.py", python_sleep)}), IsEmpty());
  EXPECT_EQ(check_hygiene({make_file("tests/e2e/a.py", "redis.Redis(port=6379)\n")}).size(), 1u);
  EXPECT_THAT(check_hygiene({make_file("tests/e2e/a.py", "redis.Redis(port=0)\n")}), IsEmpty());
}

TEST(Built, ASourceThatNoTargetCompilesIsFound) {
  const std::string commands = "\"file\": \"/somewhere/coterie/base/a_test.cc\"\n";
  EXPECT_THAT(texts(check_built(
                  {make_file("coterie/base/a_test.cc", ""), make_file("coterie/base/b_test.cc", ""),
                   make_file("coterie/base/c_fuzz.cc", "")},
                  commands)),
              ElementsAre(HasSubstr("coterie/base/b_test.cc: no target builds it")));
}

TEST(Promises, WithoutATestOrWithOneThatIsNotThereAreFound) {
  const std::string page =
      "| The rule | Noticed by |\n"
      "| kept | `Suite.Kept`, `Suite.OnTwoLines`, `told.txt`, `test_a.py` `test_it` |\n"
      "| hoped `for` | nothing |\n"
      "| kept once | `Suite.Renamed` |\n";
  EXPECT_THAT(texts(check_promises(
                  {make_file(std::string(promises_page), page),
                   make_file("coterie/base/a_test.cc",
                             "TEST(Suite, Kept) {}\nTEST_F(Suite,\n       OnTwoLines) {}\n"),
                   make_file("tests/golden/raft/told.txt", ""),
                   make_file("tests/e2e/test_a.py", "    def test_it(self):\n")})),
              ElementsAre(HasSubstr(":3: a promise without a test"),
                          HasSubstr(":4: there is no test Suite.Renamed")));
}

TEST(TestCode, IsWhatOnlyTestsReach) {
  const Tree tree{make_file("coterie/a/fake.h",
                            "#include \"coterie/a/deep_fake.h\"\n#include \"coterie/a/real.h\"\n"),
                  make_file("coterie/a/deep_fake.h", ""),
                  make_file("coterie/a/real.h", ""),
                  make_file("coterie/a/unused.h", ""),
                  make_file("coterie/a/a_test.cc", "#include \"coterie/a/fake.h\"\n"),
                  make_file("coterie/a/a.cc", "#include \"coterie/a/real.h\"\n")};
  EXPECT_THAT(test_code(tree),
              testing::UnorderedElementsAre("coterie/a/fake.h", "coterie/a/deep_fake.h",
                                            "coterie/a/a_test.cc"));
}

}  // namespace
}  // namespace coterie::tidy
