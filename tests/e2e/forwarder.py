"""A TCP forwarder of which a test can change the target, and hold back what passes: a virtual address that is moved from one
server to another, or a link that lags behind."""

import contextlib
import socket
import threading


class Forwarder:
    def __init__(self, target_port):
        self._target_port = target_port
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self):
        """From now on nothing passes."""
        self._flows.clear()

    def move(self, target_port):
        """Ends all connections; new ones reach the other port."""
        self._target_port = target_port
        self._end_connections()

    def close(self):
        self._listener.close()
        self._flows.set()
        self._end_connections()

    def _end_connections(self):
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port), timeout=15)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
            threading.Thread(target=self._join, args=(client, server), daemon=True).start()

    def _join(self, client, server):
        back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
        back.start()
        self._pass(client, server)
        back.join()
        with self._lock:
            self._sockets -= {client, server}
            client.close()
            server.close()

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
