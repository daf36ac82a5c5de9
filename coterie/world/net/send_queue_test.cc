// One system call for a turn's output, whatever its shape, and no byte lost when the socket takes
// only a part.
#include "coterie/world/net/send_queue.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/base/random.h"

namespace coterie::world {
namespace {

class SendQueueTest : public testing::Test {
 protected:
  void open(int type) {
    ASSERT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds_), 0);
  }
  ~SendQueueTest() override {
    for (const int fd : fds_) {
      if (fd >= 0) ::close(fd);
    }
  }
  // One message of a packet socket is what one call has sent.
  std::string receive() {
    std::string bytes(1 << 20, '\0');
    const ssize_t got = ::recv(fds_[1], bytes.data(), bytes.size(), 0);
    bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return bytes;
  }

  int fds_[2] = {-1, -1};
  SendQueue queue_;
};

TEST_F(SendQueueTest, ManySmallPartsAndALargeOneLeaveInOneCall) {
  open(SOCK_SEQPACKET);
  std::string all;
  const auto push = [&](std::string bytes) {
    all += bytes;
    queue_.push(Payload::copy_of(bytes));
  };
  for (int i = 0; i < 2000; ++i) push("+" + std::to_string(i) + "\r\n");
  push(std::string(4096, 'x'));
  for (int i = 0; i < 2000; ++i) push(":" + std::to_string(i) + "\r\n");
  push({});
  EXPECT_EQ(queue_.bytes(), all.size());
  EXPECT_EQ(queue_.send(fds_[0]), SendQueue::Sent::all);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(receive(), all);
  EXPECT_EQ(receive(), "") << "a second call";
}

TEST_F(SendQueueTest, NothingIsLostAcrossPartialSends) {
  open(SOCK_STREAM);
  Random random(1985);
  std::string all;
  std::string got;
  bool waited = false;
  for (int round = 0; round < 300; ++round) {
    for (uint64_t part = random.below(40); part > 0; --part) {
      const std::string bytes(random.below(random.chance(0.1) ? 20'000 : 600),
                              static_cast<char>('a' + random.below(26)));
      all += bytes;
      queue_.push(Payload::copy_of(bytes));
    }
    const SendQueue::Sent sent = queue_.send(fds_[0]);
    ASSERT_NE(sent, SendQueue::Sent::broken);
    waited = waited || sent == SendQueue::Sent::some;
    EXPECT_EQ(sent == SendQueue::Sent::all, queue_.empty());
    if (random.chance(0.1)) got += receive();
  }
  while (got.size() < all.size()) {
    got += receive();
    ASSERT_NE(queue_.send(fds_[0]), SendQueue::Sent::broken);
  }
  EXPECT_TRUE(waited) << "the test never filled the socket";
  EXPECT_TRUE(got == all);
}

TEST_F(SendQueueTest, MoreThanOneCallTakesIsSentInSeveral) {
  open(SOCK_STREAM);
  std::string all;
  for (int i = 0; i < 600; ++i) {
    all += std::string(512, static_cast<char>('a' + i % 26));
    queue_.push(Payload::copy_of(std::string(512, static_cast<char>('a' + i % 26))));
  }
  std::string got;
  while (got.size() < all.size()) {
    ASSERT_NE(queue_.send(fds_[0]), SendQueue::Sent::broken);
    got += receive();
  }
  EXPECT_TRUE(got == all);
}

TEST_F(SendQueueTest, ALostConnectionIsBroken) {
  open(SOCK_STREAM);
  ::close(std::exchange(fds_[1], -1));
  queue_.push(Payload::copy_of("x"));
  EXPECT_EQ(queue_.send(fds_[0]), SendQueue::Sent::broken) << "and no SIGPIPE";
  EXPECT_EQ(errno, EPIPE);
  queue_.clear();
  EXPECT_EQ(queue_.bytes(), 0u);
}

}  // namespace
}  // namespace coterie::world
