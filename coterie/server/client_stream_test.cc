#include "coterie/server/client_stream.h"

#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

struct Host final : StreamHost {
  void touch() override { ++touches; }
  size_t unsent_bytes() const override { return unsent; }
  size_t touches = 0;
  size_t unsent = 0;
};

std::string take(ByteStream& stream) {
  std::string out;
  for (const Payload& piece : stream.output()) out += piece.view();
  stream.output().clear();
  return out;
}

TEST(ClientStream, CarriesBytesTouchesAndEnds) {
  Settings settings;
  settings.limits.output_bytes_max = 1'000;
  FakeNode node(settings);
  Host host;
  const auto stream = client_streams(node.hub)("127.0.0.1:50000", host);
  EXPECT_EQ(node.hub.connections().size(), 1u);
  stream->on_bytes("SET a 1\r\nPING\r\n");
  EXPECT_TRUE(stream->wants_input());
  EXPECT_EQ(take(*stream), "");
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_GT(host.touches, 0u);
  EXPECT_EQ(take(*stream), "+OK\r\n+PONG\r\n");
  stream->on_end_of_input();
  EXPECT_TRUE(stream->closed());
  stream->on_disconnect();
  EXPECT_TRUE(node.hub.connections().empty());
}

TEST(ClientStream, CountsWhatTheHostHasNotSent) {
  Settings settings;
  settings.limits.output_bytes_max = 1'000;
  FakeNode node(settings);
  Host host;
  host.unsent = 1'001;
  const auto stream = client_streams(node.hub)("127.0.0.1:50000", host);
  stream->on_bytes("PING\r\n");
  EXPECT_TRUE(stream->closed());
  stream->on_disconnect();
}

TEST(ClientStream, TurnsOtherMachinesAwayWithoutAPassword) {
  FakeNode node;
  Host host;
  const auto stream = client_streams(node.hub)("10.0.0.1:50000", host);
  EXPECT_TRUE(stream->closed());
  EXPECT_TRUE(take(*stream).starts_with("-DENIED "));
  stream->on_disconnect();
}

}  // namespace
}  // namespace coterie::server
