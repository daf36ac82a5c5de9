"""A TCP proxy in front of a node that can lose replies: it passes a request on and cuts the connection before the reply."""

import socket
import threading


class ReplyDroppingProxy:
    """`drop(request_bytes)` is asked for every request; true: its reply is not delivered and the connection ends."""

    def __init__(self, target_port, drop):
        self._target_port = target_port
        self._drop = drop
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port), timeout=15)
        except OSError:
            client.close()
            return
        with client, server:
            try:
                while True:
                    request = client.recv(65536)
                    if not request:
                        return
                    server.sendall(request)
                    reply = server.recv(65536)
                    if not reply or self._drop(request):
                        return
                    client.sendall(reply)
            except OSError:
                return

    def close(self):
        self._closing = True
        self._listener.close()
