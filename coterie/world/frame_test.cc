// Frames in a stream of bytes: found whole however they are cut, and never found in broken bytes.
#include "coterie/world/frame.h"

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/random.h"

namespace coterie::world {
namespace {

std::string framed(std::string_view bytes) {
  const std::vector<Payload> parts = {Payload::copy_of(bytes)};
  return frame_header(parts).text() + std::string(bytes);
}

std::vector<std::string> all_of(FrameDecoder& decoder) {
  std::vector<std::string> frames;
  while (true) {
    auto frame = decoder.next();
    if (!frame.has_value() || !frame->has_value()) return frames;
    frames.push_back((*frame)->text());
  }
}

TEST(Frame, HeaderIsLengthAndCrc) {
  const Payload header =
      frame_header({Payload::copy_of("12345"), Payload(), Payload::copy_of("6789")});
  EXPECT_EQ(header.view(), std::string_view("\x09\0\0\0\x83\x92\x06\xe3", 8));
  EXPECT_EQ(frame_header({}).view(), std::string_view("\0\0\0\0\0\0\0\0", 8));
}

TEST(Frame, WholeFramesComeOut) {
  FrameDecoder decoder(100);
  decoder.feed(framed("one") + framed("") + framed("three"));
  EXPECT_EQ(all_of(decoder), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_TRUE(all_of(decoder).empty());
  decoder.feed(framed("four"));
  EXPECT_EQ(all_of(decoder), (std::vector<std::string>{"four"}));
}

TEST(Frame, FoundHoweverTheStreamIsCut) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<std::string> sent;
    std::string stream;
    for (uint64_t i = random.below(20) + 1; i > 0; --i) {
      sent.emplace_back(random.below(3) == 0 ? random.below(3) : random.below(500),
                        static_cast<char>(random.below(256)));
      stream += framed(sent.back());
    }
    FrameDecoder decoder(1000);
    std::vector<std::string> received;
    std::vector<Payload> kept;
    while (!stream.empty()) {
      const size_t count =
          std::min<size_t>(stream.size(), random.below(random.chance(0.5) ? 3 : 700) + 1);
      decoder.feed(stream.substr(0, count));
      stream.erase(0, count);
      if (random.chance(0.3)) continue;  // not asked after every piece
      for (auto frame = decoder.next(); frame && *frame; frame = decoder.next())
        kept.push_back(**frame);
    }
    for (auto frame = decoder.next(); frame && *frame; frame = decoder.next())
      kept.push_back(**frame);
    for (const Payload& frame : kept)
      received.push_back(frame.text());  // later feeds have not changed them
    ASSERT_EQ(received, sent) << seed;
  }
}

TEST(Frame, LargerThanTheLimitIsRefusedByItsLength) {
  FrameDecoder decoder(10);
  decoder.feed(framed("0123456789"));
  EXPECT_EQ((**decoder.next()).view(), "0123456789");
  decoder.feed(framed("0123456789a").substr(0, 8));  // not one byte of it needs to be there
  EXPECT_EQ(decoder.next().error().fault, Fault::corrupt);
}

TEST(Frame, AnyChangedBitIsNoticed) {
  const std::string good = framed("some bytes of a frame") + framed("the next");
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    FrameDecoder decoder(1 << 20);
    decoder.feed(bad);
    bool refused = false;
    std::vector<std::string> frames;
    while (true) {
      auto frame = decoder.next();
      refused = !frame.has_value();
      if (refused || !frame->has_value()) break;
      frames.push_back((*frame)->text());
    }
    // A length that has grown leaves it waiting for more: then the frames are not there either.
    EXPECT_TRUE(refused || frames.size() < 2) << i;
    for (const std::string& frame : frames) EXPECT_EQ(frame, "some bytes of a frame");
  }
}

TEST(Frame, ABrokenStreamStaysBroken) {
  FrameDecoder decoder(100);
  std::string bad = framed("bad");
  bad.back() ^= 1;
  decoder.feed(bad + framed("good"));
  EXPECT_EQ(decoder.next().error().fault, Fault::corrupt);
  EXPECT_EQ(decoder.next().error().fault, Fault::corrupt);
  decoder.feed(framed("good"));
  EXPECT_EQ(decoder.next().error().fault, Fault::corrupt);
}

// A frame keeps the slab that it came in alive, and no more than one feed's worth of others.
TEST(Frame, MemoryFollowsWhatIsKept) {
  FrameDecoder decoder(1 << 20);
  std::vector<Payload> kept;
  for (int i = 0; i < 100; ++i) {
    decoder.feed(framed(std::string(1000, 'x')) + framed("y").substr(0, 5));
    auto frame = decoder.next();
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_LE((**frame).slab_bytes(), 8192u);
    kept.push_back(**frame);
    EXPECT_FALSE(decoder.next()->has_value());
    decoder.feed(framed("y").substr(5));
    EXPECT_EQ((**decoder.next()).view(), "y");
  }
}

TEST(Frame, ALargeFrameInSmallPiecesIsCopiedAFewTimesOnly) {
  FrameDecoder decoder(32 << 20);
  const std::string large = framed(std::string(16 << 20, 'l'));
  for (size_t i = 0; i < large.size(); i += 1400) {
    decoder.feed(std::string_view(large).substr(i, 1400));
    auto frame = decoder.next();
    ASSERT_TRUE(frame.has_value());
    ASSERT_EQ(frame->has_value(), i + 1400 >= large.size());
  }
}

}  // namespace
}  // namespace coterie::world
