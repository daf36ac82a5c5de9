#include "coterie/store/state/batch.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/random.h"
#include "coterie/store/state/log_driver.h"
#include "coterie/store/state/transaction.h"

namespace coterie::state {
namespace {

TEST(Batch, DecodesTheDocumentedExample) {
  const std::string bytes = documented_example("batch.md");
  const auto block = BlockView::check(bytes);
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(block->header().session, SessionId(7));
  EXPECT_EQ(block->header().first_number, 42u);
  EXPECT_EQ(block->header().acknowledged, 41u);
  EXPECT_EQ(block->header().count, 2u);
  std::vector<std::string> seen;
  block->each([&](uint64_t number, const CommandView& command) {
    std::string text = std::to_string(number) + " " + std::to_string(command.command()) + " " +
                       std::to_string(command.db());
    for (uint32_t i = 0; i < command.argc(); ++i) text += " '" + std::string(command.arg(i)) + "'";
    seen.push_back(text);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"42 101 0 'key' 'val1'", "43 100 3 '' 'key2'"}));
}

TEST(Batch, EncodesTheDocumentedExample) {
  PayloadBuilder commands;
  const std::string_view first[] = {"key", "val1"};
  const std::string_view second[] = {"", "key2"};
  encode_command(commands, 101, 0, first);
  encode_command(commands, 100, 3, second);
  PayloadBuilder out;
  encode_block_header(out,
                      {.session = SessionId(7), .first_number = 42, .acknowledged = 41, .count = 2},
                      commands.size());
  out.append(commands.view());
  EXPECT_EQ(out.view(), documented_example("batch.md"));
}

TEST(Batch, RefusesEveryCutAndEveryForgedField) {
  const std::string good = documented_example("batch.md");
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(BlockView::check({good.data(), size})) << size;
  const auto forged = [&](size_t offset, uint32_t value) {
    std::string bytes = good;
    store_le(bytes.data() + offset, value);
    return !BlockView::check(bytes);
  };
  EXPECT_TRUE(forged(24, 1));           // fewer commands than bytes
  EXPECT_TRUE(forged(24, 3));           // more
  EXPECT_TRUE(forged(28, 0xffffffff));  // a block larger than its entry
  EXPECT_TRUE(forged(28, 0));           // no room for its commands
  EXPECT_TRUE(forged(32, 0xffffffff));  // a command larger than its block
  EXPECT_TRUE(forged(32, 3));           // smaller than its header
  EXPECT_TRUE(forged(36, 0x00100065));  // database 16
  EXPECT_TRUE(forged(36, 0x01000065));  // the reserved byte
  EXPECT_TRUE(forged(40, 0xffffffff));  // arguments beyond the command
  EXPECT_TRUE(forged(40, batch_arguments_max + 1));
  EXPECT_TRUE(forged(44, 8));  // ends that fall
  EXPECT_TRUE(forged(48, 8));  // an end beyond the command
  EXPECT_TRUE(forged(48, 6));  // bytes of no argument
  std::string numbers = good;
  store_le(numbers.data() + 8, UINT64_MAX);
  EXPECT_FALSE(BlockView::check(numbers)) << "numbers that overflow";
}

TEST(Batch, EachBlockStopsAtTheMalformedOne) {
  const std::string good = documented_example("batch.md");
  int blocks = 0;
  const auto count = [&](const BlockView&) { ++blocks; };
  EXPECT_TRUE(each_block(good + good, count));
  EXPECT_EQ(blocks, 2);
  blocks = 0;
  EXPECT_FALSE(each_block(good + "x" + good, count));
  EXPECT_EQ(blocks, 1);
  EXPECT_TRUE(each_block("", count));
}

TEST(Batch, RandomBytesAreCheckedWithinTheirBounds) {
  Random random(5);
  const std::string good = documented_example("batch.md");
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = good;
    for (uint64_t i = 0; i <= random.below(4); ++i) {
      bytes[random.below(bytes.size())] =
          static_cast<char>(random.chance(0.3) ? 0xff : random.next());
    }
    bytes.resize(random.below(bytes.size() + 8));
    const std::vector<char> exact(bytes.begin(), bytes.end());  // nothing readable behind it
    const auto block = BlockView::check({exact.data(), exact.size()});
    if (!block) continue;
    size_t sum = 0;
    block->each([&](uint64_t, const CommandView& command) {
      for (uint32_t i = 0; i < command.argc(); ++i) sum += command.arg(i).size();
    });
    ASSERT_LE(sum, bytes.size());
  }
}

TEST(Transaction, GuardsComeBack) {
  const std::vector<Guard> guards = {{0, "key", Revision(7)},
                                     {15, "", Revision(0)},
                                     {3, std::string(300, 'k'), Revision(UINT64_MAX)}};
  const std::string bytes = encode_guards(guards);
  const auto back = decode_guards(bytes);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*back)[i].db, guards[i].db);
    EXPECT_EQ((*back)[i].key, guards[i].key);
    EXPECT_EQ((*back)[i].seen, guards[i].seen);
  }
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_guards({bytes.data(), size}));
  EXPECT_FALSE(decode_guards(bytes + "x"));
  EXPECT_FALSE(decode_guards(std::string("\xff\xff\xff\xff", 4) + std::string(100, '\0')));
}

}  // namespace
}  // namespace coterie::state
