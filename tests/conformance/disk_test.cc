// The disk: what a node may rely on, with no fault in sight.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/conformance/probe.h"

namespace coterie::conformance {
namespace {

using world::Sync;

std::vector<Payload> parts(std::string_view text) { return {Payload::copy_of(text)}; }

struct OneNode : Cluster {
  explicit OneNode(const WorldMaker& maker) : Cluster(maker, 1) {}
  world::Disk& disk() { return probe(1).world.disk(); }
  world::Disk::Done done(std::string note) { return probe(1).done(std::move(note)); }
  world::Disk::ReadDone read_done(std::string note) { return probe(1).read_done(std::move(note)); }
  // Submits in one turn, and waits for everything that is submitted by it.
  void run(const std::function<void()>& submit, size_t completions) {
    const size_t before = probe(1).outcomes.size();
    in_turn(1, [&] {
      submit();
      EXPECT_EQ(probe(1).outcomes.size(), before) << "completed within the submission";
    });
    until([&] { return probe(1).outcomes.size() == before + completions; });
  }
  bool good(const std::string& note) { return probe(1).outcomes.at(note).has_value(); }
  std::string_view bytes(const std::string& note) { return probe(1).outcomes.at(note)->view(); }
  Fault fault(const std::string& note) {
    const Result<Payload>& outcome = probe(1).outcomes.at(note);
    EXPECT_FALSE(outcome.has_value()) << note;
    return outcome.has_value() ? Fault::refused : outcome.error().fault;
  }
  // A new run of the node on the same disk; `recover` is called where a node recovers, before its
  // first turn.
  void restart(const std::function<void(world::Disk&)>& recover) {
    kill(1);
    start(1);
    recover(disk());
  }
};

TEST_P(DiskConformance, CreateMakesZerosAndRefusesWhatExists) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("a", 10'000, node.done("create"));
        node.disk().create("a", 10, node.done("again"));
        node.disk().create("empty", 0, node.done("empty"));
        node.disk().read("a", 0, 10'000, node.read_done("read"));
      },
      4);
  EXPECT_TRUE(node.good("create"));
  EXPECT_TRUE(node.good("empty"));
  EXPECT_EQ(node.fault("again"), Fault::refused);
  EXPECT_EQ(node.bytes("read"), std::string(10'000, '\0'));
}

TEST_P(DiskConformance, WritesPutTheirPartsOneAfterTheOther) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("a", 16, node.done("create"));
        node.disk().write("a", 3, {Payload::copy_of("ab"), Payload(), Payload::copy_of("cde")},
                          Sync::no, node.done("plain"));
        node.disk().write("a", 10, parts("xyz"), Sync::yes, node.done("synced"));
        node.disk().read("a", 0, 16, node.read_done("read"));
      },
      4);
  EXPECT_EQ(node.bytes("read"), std::string_view("\0\0\0abcde\0\0xyz\0\0\0", 16));
}

TEST_P(DiskConformance, AWriteBeyondTheEndGrowsTheFile) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("a", 2, node.done("create"));
        node.disk().write("a", 1, parts("bcd"), Sync::yes, node.done("across"));
        node.disk().write("a", 8, parts("z"), Sync::yes, node.done("with a gap"));
        node.disk().read("a", 0, 9, node.read_done("read"));
      },
      4);
  EXPECT_EQ(node.bytes("read"), std::string_view("\0bcd\0\0\0\0z", 9));
}

TEST_P(DiskConformance, AReadOutsideTheFileIsAnError) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("a", 10, node.done("create"));
        node.disk().read("a", 4, 6, node.read_done("to the end"));
        node.disk().read("a", 10, 0, node.read_done("nothing at the end"));
        node.disk().read("a", 4, 7, node.read_done("across the end"));
        node.disk().read("a", 11, 1, node.read_done("behind the end"));
      },
      5);
  EXPECT_EQ(node.bytes("to the end").size(), 6u);
  EXPECT_EQ(node.bytes("nothing at the end").size(), 0u);
  EXPECT_EQ(node.fault("across the end"), Fault::invalid);
  EXPECT_EQ(node.fault("behind the end"), Fault::invalid);
}

TEST_P(DiskConformance, WhatIsNotThereIsNotFound) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().write("a", 0, parts("x"), Sync::no, node.done("write"));
        node.disk().write("a", 0, parts("x"), Sync::yes, node.done("synced write"));
        node.disk().sync("a", node.done("sync"));
        node.disk().read("a", 0, 0, node.read_done("read"));
        node.disk().rename("a", "b", node.done("rename"));
        node.disk().remove("a", node.done("remove"));
      },
      6);
  for (const char* note : {"write", "synced write", "sync", "read", "rename", "remove"}) {
    EXPECT_EQ(node.fault(note), Fault::not_found) << note;
  }
}

TEST_P(DiskConformance, CompletionsOfAFileKeepTheOrder) {
  OneNode node(GetParam());
  std::vector<std::string> expected;
  node.run(
      [&] {
        node.disk().create("a", 4096, node.done("000"));
        expected.push_back("000");
        for (uint64_t i = 1; i <= 60; ++i) {
          std::string note = fmt::format("{:03}", i);
          expected.push_back(note);
          if (i % 7 == 0) {
            node.disk().sync("a", node.done(note));
          } else if (i % 5 == 0) {
            node.disk().read("a", 0, 3, node.read_done(note));
          } else {
            node.disk().write("a", 0, parts(note), i % 3 == 0 ? Sync::yes : Sync::no,
                              node.done(note));
          }
        }
      },
      61);
  std::vector<std::string> order;
  for (const Event& event : node.probe(1).events) {
    if (event.kind == Event::Kind::disk) order.push_back(event.note);
  }
  EXPECT_EQ(order, expected);
  // A read sees the write just before it.
  EXPECT_EQ(node.bytes("005"), "004");
  EXPECT_EQ(node.bytes("055"), "054");
}

TEST_P(DiskConformance, RenameReplaces) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("new", 3, node.done("create new"));
        node.disk().create("old", 5, node.done("create old"));
        node.disk().write("new", 0, parts("new"), Sync::yes, node.done("write"));
        node.disk().rename("new", "old", node.done("rename"));
        node.disk().read("old", 0, 3, node.read_done("read"));
        node.disk().read("new", 0, 0, node.read_done("gone"));
        node.disk().read("old", 0, 4, node.read_done("longer"));
      },
      7);
  EXPECT_TRUE(node.good("rename"));
  EXPECT_EQ(node.bytes("read"), "new");
  EXPECT_EQ(node.fault("gone"), Fault::not_found);
  EXPECT_EQ(node.fault("longer"), Fault::invalid);
}

TEST_P(DiskConformance, RemovedFilesCanBeMadeAgain) {
  OneNode node(GetParam());
  node.run(
      [&] {
        node.disk().create("a", 3, node.done("create"));
        node.disk().write("a", 0, parts("old"), Sync::yes, node.done("write"));
        node.disk().remove("a", node.done("remove"));
        node.disk().read("a", 0, 1, node.read_done("gone"));
        node.disk().create("a", 3, node.done("create again"));
        node.disk().read("a", 0, 3, node.read_done("zeros"));
      },
      6);
  EXPECT_EQ(node.fault("gone"), Fault::not_found);
  EXPECT_TRUE(node.good("create again"));
  EXPECT_EQ(node.bytes("zeros"), std::string_view("\0\0\0", 3));
}

TEST_P(DiskConformance, ANewDirectoryIsEmpty) {
  OneNode node(GetParam());
  node.kill(1);
  node.start(1);
  const auto files = node.disk().list();
  ASSERT_TRUE(files.has_value());
  EXPECT_TRUE(files->empty());
  EXPECT_EQ(node.disk().load("a").error().fault, Fault::not_found);
}

TEST_P(DiskConformance, RecoveryFindsWhatWasWritten) {
  OneNode node(GetParam());
  const std::string large(3'000'000, 'l');
  node.run(
      [&] {
        node.disk().create("b", 2, node.done("b"));
        node.disk().create("a10", 2, node.done("a10"));
        node.disk().create("a9", 0, node.done("a9"));
        node.disk().create("c", 4, node.done("c"));
        node.disk().write("b", 0, parts("synced"), Sync::yes, node.done("write b"));
        node.disk().write("a10", 0, parts(large), Sync::no, node.done("write a10"));
        node.disk().sync("a10", node.done("sync a10"));
        node.disk().rename("c", "d", node.done("rename"));
        node.disk().create("e", 4, node.done("e"));
        node.disk().remove("e", node.done("remove e"));
      },
      10);
  node.restart([&](world::Disk& disk) {
    const auto files = disk.list();
    ASSERT_TRUE(files.has_value());
    std::vector<std::pair<std::string, uint64_t>> found;
    for (const world::FileInfo& file : *files) found.emplace_back(file.name, file.size_bytes);
    const std::vector<std::pair<std::string, uint64_t>> expected = {
        {"a10", large.size()}, {"a9", 0}, {"b", 6}, {"d", 4}};
    EXPECT_EQ(found, expected);
    EXPECT_EQ(disk.load("b")->view(), "synced");
    EXPECT_TRUE(disk.load("a10")->view() == large);
    EXPECT_EQ(disk.load("a9")->view(), "");
    EXPECT_EQ(disk.load("c").error().fault, Fault::not_found);
  });
}

TEST_P(DiskConformance, LargeAndManyWritesComeBack) {
  OneNode node(GetParam());
  std::string expected(1'000'000, '\0');
  node.run([&] { node.disk().create("a", expected.size(), node.done("create")); }, 1);
  node.run(
      [&] {
        for (uint64_t i = 0; i < 200; ++i) {
          const uint64_t offset = i * 48'271 % 900'000;
          const std::string text(i * 397 % 9'000 + 1, static_cast<char>('a' + i % 26));
          expected.replace(offset, text.size(), text);
          node.disk().write("a", offset, parts(text), i % 10 == 0 ? Sync::yes : Sync::no,
                            node.done(std::to_string(i)));
        }
      },
      200);
  node.run([&] { node.disk().read("a", 0, expected.size(), node.read_done("read")); }, 1);
  EXPECT_TRUE(node.bytes("read") == expected);
}

TEST_P(DiskConformance, ACompletionMaySubmitAgain) {
  OneNode node(GetParam());
  int left = 20;
  std::function<void(Result<void>)> again = [&](Result<void> result) {
    EXPECT_TRUE(result.has_value());
    if (--left > 0) node.disk().write("a", 0, parts("x"), Sync::yes, again);
  };
  node.in_turn(1, [&] { node.disk().create("a", 1, again); });
  node.until([&] { return left == 0; });
}

TEST_P(DiskConformance, NothingCompletesForANodeThatWasKilled) {
  OneNode node(GetParam());
  node.run([&] { node.disk().create("a", 1, node.done("create")); }, 1);
  auto called = std::make_shared<int>(0);
  node.in_turn(1, [&] {
    for (int i = 0; i < 50; ++i) {
      node.disk().write("a", 0, parts("x"), Sync::yes, [called](Result<void>) { ++*called; });
    }
  });
  node.kill(1);
  const int before = *called;
  node.start(1);
  node.run([&] { node.disk().sync("a", node.done("sync")); }, 1);
  EXPECT_EQ(*called, before);
}

}  // namespace
}  // namespace coterie::conformance
