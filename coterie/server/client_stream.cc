// See client_stream.h.
#include "coterie/server/client_stream.h"

namespace coterie::server {

namespace {

class ClientStream final : public ByteStream, private ConnectionHost {
 public:
  ClientStream(Hub& hub, std::string_view remote, StreamHost& host)
      : host_(host), connection_(hub.accept(std::string(remote), *this)) {}

  void on_bytes(std::string_view bytes) override { connection_->on_bytes(bytes); }
  void on_end_of_input() override { connection_->on_end_of_input(); }
  bool wants_input() const override { return connection_->wants_input(); }
  bool closed() const override { return connection_->closed(); }
  std::vector<Payload>& output() override { return connection_->output(); }
  void on_disconnect() override { connection_->on_disconnect(); }

 private:
  void touch() override { host_.touch(); }
  size_t unsent_bytes() const override { return host_.unsent_bytes(); }

  StreamHost& host_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

StreamFactory client_streams(Hub& hub) {
  return [&hub](std::string_view remote, StreamHost& host) -> std::unique_ptr<ByteStream> {
    return std::make_unique<ClientStream>(hub, remote, host);
  };
}

}  // namespace coterie::server
