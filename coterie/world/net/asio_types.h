// The Asio types that world/net, and the server's sockets with it, are written in: bound to the one
// io_context, so that no handler goes through a type-erased executor. Included by few translation
// units (Asio is slow to compile).
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace coterie::world {

using Executor = boost::asio::io_context::executor_type;
using Tcp = boost::asio::ip::tcp;
using TcpSocket = boost::asio::basic_stream_socket<Tcp, Executor>;
using TcpAcceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;
using ErrorCode = boost::system::error_code;

}  // namespace coterie::world
