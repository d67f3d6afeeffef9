"""A way to a server that can be cut at the worst moment: between a commit and the answer that it has been made.

The server has then done what it was asked to, and the client cannot know. Whoever repeats what it asked does it twice,
whoever does not may have lost it.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Listens on a port of its own and passes on what comes, until it is told to cut.

    Attributes:
        n_commits: How many commits have come by.
        cut_after: At the commit of this number the server's answer is kept back and the connection is closed.
        n_cut: How many connections have been cut so.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self._target = ("127.0.0.1", parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = urlunsplit(
            parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{self._listener.getsockname()[1]}"))
        )
        self.n_commits = 0
        self.cut_after = -1
        self.n_cut = 0
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._sockets: list[socket.socket] = []
        self._threads[0].start()

    def close(self) -> None:
        """Cut all and listen no more."""
        for one in [self._listener, *self._sockets]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            is_cut = threading.Event()
            for pump in ((self._ask, client, server, is_cut), (self._answer, server, client, is_cut)):
                self._threads.append(threading.Thread(target=pump[0], args=pump[1:], daemon=True))
                self._threads[-1].start()

    def _ask(self, client: socket.socket, server: socket.socket, is_cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if b"COMMIT" in data:
                    self.n_commits += 1
                    if self.n_commits == self.cut_after:
                        is_cut.set()
                server.sendall(data)
        self._hang_up(server)

    def _answer(self, server: socket.socket, client: socket.socket, is_cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if is_cut.is_set():  # the server has answered, so it has done it
                    self.n_cut += 1
                    break
                client.sendall(data)
        self._hang_up(client)

    @staticmethod
    def _hang_up(end: socket.socket) -> None:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(url: str) -> Iterator[Proxy]:
    """Open such a way to a database."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
