"""A proxy between a client and its Postgres server, which can lose replies and cut the line."""

import socket
import time
from contextlib import suppress
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit


class CutLine:
    """Passes bytes on in threads of its own, until it is told otherwise."""

    def __init__(self, address, *, delay=0.0):
        """`delay` is in seconds, each way."""
        self.delay = delay
        parts = urlsplit(address)
        (folder,) = parse_qs(parts.query)["host"]
        self._server = f"{folder}/.s.PGSQL.5432"
        self.lost_replies = 0
        self.lose = lambda: False
        """Called at each write of a group: True loses its reply, and cuts the line."""
        self.silent = False
        """Swallow everything, as a partition of the network does."""
        self._pairs = []
        self._lock = Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        self.address = f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self):
        """Hang up on everybody."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for one in pair:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self):
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._server)
                except OSError:  # it is restarting
                    client.close()
                    server.close()
                    continue
                pair = _Pair(self, client, server)
                with self._lock:
                    self._pairs.append((client, server))
                self._threads += pair.threads
                for thread in pair.threads:
                    thread.start()


class _Pair:
    """One connection: its two directions."""

    def __init__(self, line, client, server):
        self._line, self._client, self._server = line, client, server
        self._losing = False
        self.threads = [
            Thread(target=self._pass, args=way, daemon=True)
            for way in ((client, server, self._request), (server, client, self._reply))
        ]

    def _request(self, data):
        self._losing = self._losing or (b"write_group" in data and self._line.lose())
        return not self._line.silent

    def _reply(self, _):
        if self._losing:  # the server has committed, and nobody hears of it
            self._line.lost_replies += 1
            raise OSError("lost")
        return not self._line.silent

    def _pass(self, source, target, passes):
        with suppress(OSError):
            while data := source.recv(1 << 20):
                if passes(data):
                    time.sleep(self._line.delay)
                    target.sendall(data)
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()
