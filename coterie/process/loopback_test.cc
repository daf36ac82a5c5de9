#include "coterie/process/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::process {
namespace {

// Port 0: the kernel chooses.
TEST(Loopback, TellsThatAPortIsTakenAndLetsItGoWhenClosed) {
  const auto first = listen_on_loopback(0, 1);
  ASSERT_TRUE(first) << first.error().message;
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(getsockname(*first, reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
  const uint16_t port = ntohs(address.sin_port);
  const auto second = listen_on_loopback(port, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::io);
  EXPECT_NE(second.error().message.find(std::to_string(port)), std::string::npos);
  ::close(*first);
  const auto again = listen_on_loopback(port, 1);
  ASSERT_TRUE(again) << again.error().message;
  ::close(*again);
}

}  // namespace
}  // namespace coterie::process
