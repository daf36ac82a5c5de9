// Bytes between clients' sockets and streams that know nothing of sockets: in one receive and one
// send a turn, within bounds, and to a clean end.
#include "coterie/server/client_listener.h"

#include <algorithm>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "coterie/world/net/loop_for_test.h"

namespace coterie::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using world::PlainSocket;

// A stream that answers each line with it; what the test needs besides is told by its fields.
class EchoStream final : public ByteStream {
 public:
  struct Record {
    int disconnects = 0;
    int ends_of_input = 0;
    bool destroyed = false;
    size_t largest_piece = 0;
    std::string input;
  };
  EchoStream(StreamHost& its_host, std::shared_ptr<Record> its_record)
      : host(its_host), record(std::move(its_record)) {}
  ~EchoStream() override {
    EXPECT_EQ(record->disconnects, 1) << "the last call has come before the end";
    record->destroyed = true;
  }

  void on_bytes(std::string_view bytes) override {
    EXPECT_FALSE(bytes.empty());
    EXPECT_EQ(record->ends_of_input, 0);
    EXPECT_FALSE(ended);
    record->input += bytes;
    record->largest_piece = std::max(record->largest_piece, bytes.size());
    if (echo) out.push_back(Payload::copy_of(bytes));
    if (record->input.find("QUIT") != std::string::npos) ended = true;
  }
  void on_end_of_input() override {
    ++record->ends_of_input;
    if (end_with_input) ended = true;
  }
  bool wants_input() const override { return wants; }
  bool closed() const override { return ended; }
  std::vector<Payload>& output() override { return out; }
  void on_disconnect() override { ++record->disconnects; }

  StreamHost& host;
  std::shared_ptr<Record> record;
  std::vector<Payload> out;
  bool wants = true;
  bool ended = false;
  bool echo = true;
  bool end_with_input = true;
};

class ClientListenerTest : public testing::Test {
 protected:
  ClientListenerTest() {
    world::NetOptions options = world::options_for_test(scratch_, 1);
    options.listen.clear();
    world_ = world::open_for_test(options);
    world_->attach(tenant_);
    limits_.linger = milliseconds(200);
    limits_.drain = milliseconds(200);
  }
  void listen() {
    auto opened = ClientListener::open(
        *world_, "127.0.0.1:0", limits_, [this](std::string_view remote, StreamHost& host) {
          remotes_.emplace_back(remote);
          records_.push_back(std::make_shared<EchoStream::Record>());
          auto stream = std::make_unique<EchoStream>(host, records_.back());
          newest_ = stream.get();
          if (on_new_) on_new_(*stream);
          return stream;
        });
    ASSERT_TRUE(opened) << opened.error().message;
    listener_ = std::move(*opened);
  }
  bool until(const std::function<bool()>& condition) {
    return world::run_until({world_.get()}, condition);
  }
  // A client that the listener knows of, and its stream in newest_.
  std::unique_ptr<PlainSocket> connect() {
    const size_t before = records_.size();
    auto socket = std::make_unique<PlainSocket>(listener_->port());
    until([&] { return records_.size() == before + 1; });
    return socket;
  }

  world::ScratchDir scratch_;
  world::RecordingTenant tenant_;
  ClientLimits limits_;
  std::unique_ptr<world::NetWorld> world_;
  std::vector<std::string> remotes_;
  std::vector<std::shared_ptr<EchoStream::Record>> records_;
  EchoStream* newest_ = nullptr;
  std::function<void(EchoStream&)> on_new_;
  std::unique_ptr<ClientListener> listener_;
};

TEST_F(ClientListenerTest, BytesGoInAndOut) {
  listen();
  const auto client = connect();
  EXPECT_THAT(remotes_.front(), StartsWith("127.0.0.1:"));
  client->send("PING\r\n");
  until([&] { return client->received() == "PING\r\n"; });
  client->send("again");
  until([&] { return client->received() == "PING\r\nagain"; });
  const ClientCounts counts = listener_->counts();
  EXPECT_EQ(counts.connected, 1u);
  EXPECT_EQ(counts.accepted, 1u);
  EXPECT_EQ(counts.bytes_in, 11u);
  EXPECT_EQ(counts.bytes_out, 11u);
  client->close();
  until([&] { return records_[0]->destroyed; });
  EXPECT_EQ(listener_->counts().connected, 0u);
}

TEST_F(ClientListenerTest, OutputOfATurnIsSentAfterTheTenantsEnd) {
  listen();
  const auto client = connect();
  newest_->echo = false;
  tenant_.events.clear();
  client->send("x");
  until([&] { return !records_[0]->input.empty(); });
  tenant_.in_turn = [&] {
    for (const char* reply : {"a", "b", "c"}) newest_->out.push_back(Payload::copy_of(reply));
    newest_->host.touch();
    newest_->host.touch();
  };
  world_->want_turn();
  world_->turn(milliseconds(0));
  EXPECT_EQ(client->received(), "abc") << "in the turn in which it came into being";
}

TEST_F(ClientListenerTest, AConnectionIsReadOnceATurnAndWithinABound) {
  limits_.read_bytes_max = 16u << 10;
  listen();
  const auto client = connect();
  newest_->echo = false;
  client->send(std::string(100'000, 'x'));
  size_t seen = 0;
  until([&] {
    EXPECT_LE(records_[0]->input.size() - seen, limits_.read_bytes_max)
        << "more than that in a turn";
    seen = records_[0]->input.size();
    return seen == 100'000;
  });
  EXPECT_EQ(records_[0]->largest_piece, limits_.read_bytes_max)
      << "the buffer grows up to its bound";
}

TEST_F(ClientListenerTest, AStreamThatHasEnoughIsNotRead) {
  listen();
  const auto client = connect();
  newest_->wants = false;
  newest_->host.touch();
  client->send("one");
  until([&] { return client->received() == "one"; });  // it was being received already
  client->send("two");
  for (int i = 0; i < 20; ++i) world_->turn(milliseconds(1));
  EXPECT_EQ(records_[0]->input, "one");
  newest_->wants = true;
  newest_->host.touch();
  until([&] { return client->received() == "onetwo"; });
}

TEST_F(ClientListenerTest, AClientThatDoesNotReadIsNotReadEither) {
  limits_.unsent_pause_bytes = 1u << 20;
  listen();
  const auto client = connect();
  newest_->echo = false;
  newest_->out.push_back(Payload::copy_of(std::string(16u << 20, 'r')));
  newest_->host.touch();
  until([&] { return newest_->host.unsent_bytes() > limits_.unsent_pause_bytes; });
  client->send("one");
  until([&] { return records_[0]->input == "one"; });  // it was being received already
  client->send("two");
  for (int i = 0; i < 20; ++i) world_->turn(milliseconds(1));
  EXPECT_EQ(records_[0]->input, "one");
  until([&] { return client->received().size() == 16u << 20; });
  until([&] { return records_[0]->input == "onetwo"; });
}

TEST_F(ClientListenerTest, TooMuchUnreadOutputCutsOff) {
  limits_.unsent_bytes_max = 1u << 20;
  listen();
  const auto client = connect();
  until([&] {
    if (records_[0]->disconnects == 1) return true;
    newest_->out.push_back(Payload::copy_of(std::string(300'000, 'r')));
    newest_->host.touch();
    return false;
  });
  until([&] { return client->ended(); });
  EXPECT_EQ(listener_->counts().cut_off, 1u);
  EXPECT_THAT(world::text_of_file(scratch_.path("log-1")), HasSubstr("bytes of replies unread"));
}

TEST_F(ClientListenerTest, OneTooManyIsToldSo) {
  limits_.clients_max = 2;
  listen();
  const auto one = connect();
  auto two = connect();
  PlainSocket third(listener_->port());
  third.send("PING\r\n");
  until([&] { return third.ended(); });
  EXPECT_EQ(third.received(), "-ERR max number of clients reached\r\n");
  EXPECT_FALSE(third.was_reset());
  EXPECT_EQ(listener_->counts().refused, 1u);
  EXPECT_EQ(records_.size(), 2u) << "no stream was made for it";
  two.reset();
  until([&] { return records_[1]->destroyed; });
  const auto fourth = connect();
  fourth->send("x");
  until([&] { return fourth->received() == "x"; });
}

TEST_F(ClientListenerTest, HalfClosedClientsGetTheirReplies) {
  listen();
  const auto client = connect();
  newest_->end_with_input = false;
  client->send("PING\r\n");
  client->end_sending();
  until([&] { return records_[0]->ends_of_input == 1; });
  until([&] { return client->received() == "PING\r\n"; });
  EXPECT_FALSE(client->ended()) << "a reply is under way";
  newest_->out.push_back(Payload::copy_of("late"));
  newest_->ended = true;
  newest_->host.touch();
  until([&] { return client->ended(); });
  EXPECT_EQ(client->received(), "PING\r\nlate");
  EXPECT_FALSE(client->was_reset());
  EXPECT_TRUE(records_[0]->destroyed);
  EXPECT_EQ(listener_->counts().cut_off, 0u);
}

TEST_F(ClientListenerTest, AStreamThatDoesNotEndIsEnded) {
  listen();
  const auto client = connect();
  newest_->end_with_input = false;
  client->end_sending();
  until([&] { return records_[0]->destroyed; });
  EXPECT_EQ(listener_->counts().cut_off, 1u);
}

TEST_F(ClientListenerTest, LastWordsArriveThoughTheClientStillTalks) {
  limits_.drain = seconds(60);
  listen();
  const auto client = connect();
  client->send("QUIT");
  until([&] { return records_[0]->destroyed; });
  client->send(std::string(50'000, 'x'));
  until([&] { return client->received() == "QUIT" && client->ended(); });
  EXPECT_FALSE(client->was_reset());
  EXPECT_EQ(records_[0]->input, "QUIT") << "what comes after is not looked at";
  EXPECT_EQ(listener_->counts().connected, 0u);
}

TEST_F(ClientListenerTest, NothingIsHandedToAClosedStream) {
  limits_.linger = seconds(60);
  listen();
  const auto client = connect();
  newest_->echo = false;
  newest_->out.push_back(Payload::copy_of(std::string(16u << 20, 'r')));
  newest_->ended = true;
  newest_->host.touch();
  until([&] { return newest_->host.unsent_bytes() > 0; });
  client->send("more");  // it was being received already
  until([&] { return listener_->counts().bytes_in == 4; });
  EXPECT_EQ(records_[0]->input, "");
  until([&] { return client->received().size() == 16u << 20 && client->ended(); });
}

TEST_F(ClientListenerTest, AStreamMayBeClosedFromTheStart) {
  on_new_ = [](EchoStream& stream) {
    stream.out.push_back(Payload::copy_of("-DENIED\r\n"));
    stream.ended = true;
  };
  listen();
  const auto client = connect();
  client->send("PING\r\n");
  until([&] { return client->ended(); });
  EXPECT_EQ(client->received(), "-DENIED\r\n");
}

TEST_F(ClientListenerTest, AResetConnectionIsNoticed) {
  listen();
  auto client = connect();
  newest_->echo = false;
  newest_->out.push_back(Payload::copy_of(std::string(1000, 'r')));
  newest_->host.touch();
  for (int i = 0; i < 3; ++i) world_->turn(milliseconds(1));
  client.reset();  // with unread bytes: the kernel resets
  until([&] { return records_[0]->destroyed; });
  EXPECT_EQ(records_[0]->ends_of_input, 0);
}

TEST_F(ClientListenerTest, HandingOverIsSlicedAndNobodyIsForgotten) {
  limits_.hand_over_time_max = nanoseconds(0);  // one connection a turn
  listen();
  std::vector<std::unique_ptr<PlainSocket>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect());
  for (size_t round = 1; round <= 3; ++round) {
    for (const auto& client : clients) client->send("x");
    const Instant start = world_->now().monotonic;
    const auto served = [&](const auto& record) { return record->input.size() == round; };
    while (!std::all_of(records_.begin(), records_.end(), served)) {
      ASSERT_TRUE(world_->turn(seconds(5)));
      ASSERT_LT(world_->now().monotonic, start + seconds(4)) << "it slept though clients waited";
    }
  }
}

TEST_F(ClientListenerTest, TheEndTellsEveryStream) {
  listen();
  const auto one = connect();
  const auto two = connect();
  one->send("QUIT");
  until([&] { return records_[0]->destroyed; });  // draining
  listener_->stop_accepting();
  newest_->out.push_back(Payload::copy_of("bye"));
  newest_->host.touch();
  EXPECT_FALSE(listener_->all_sent());
  until([&] { return listener_->all_sent(); });
  listener_.reset();
  EXPECT_TRUE(records_[1]->destroyed);
  EXPECT_EQ(two->received(), "bye");
  for (int i = 0; i < 5; ++i)
    world_->turn(milliseconds(1));  // handlers that come late find nothing
  EXPECT_TRUE(two->ended());
}

// As when the process may open no more files.
TEST_F(ClientListenerTest, AcceptingGoesOnWhenDescriptorsAreFreeAgain) {
  listen();
  PlainSocket client(listener_->port());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 10; ++i) world_->turn(milliseconds(1));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(records_.empty());
  EXPECT_THAT(world::text_of_file(scratch_.path("log-1")),
              HasSubstr("cannot accept a client: Too many open files"));
  client.send("x");
  until([&] { return client.received() == "x"; });
}

TEST_F(ClientListenerTest, APortInUseIsSaid) {
  listen();
  const auto second =
      ClientListener::open(*world_, world::loopback(listener_->port()), limits_, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::refused);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen for clients at"));
}

}  // namespace
}  // namespace coterie::server
