// Listening sockets; see asio_access.h.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <fmt/format.h>

#include "coterie/world/net/asio_access.h"

namespace coterie::world {

namespace {

tl::unexpected<Error> cannot_listen(const HostPort& address, std::string_view what,
                                    const ErrorCode& error) {
  if (error == boost::asio::error::address_in_use) {
    return fail(Fault::refused,
                fmt::format("cannot listen for {} at {}: another process has this port; stop it or "
                            "choose another port",
                            what, address.text()));
  }
  return fail(Fault::invalid,
              fmt::format("cannot listen for {} at {}: {}", what, address.text(), error.message()));
}

}  // namespace

Result<void> listen_on(TcpAcceptor& acceptor, const HostPort& address, std::string_view what) {
  ErrorCode error;
  boost::asio::ip::basic_resolver<Tcp, Executor> resolver(acceptor.get_executor());
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port),
                       Tcp::resolver::passive | Tcp::resolver::numeric_service, error);
  if (error || found.empty()) return cannot_listen(address, what, error);
  const Tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) return {};
  ErrorCode ignored;
  acceptor.close(ignored);
  return cannot_listen(address, what, error);
}

}  // namespace coterie::world
