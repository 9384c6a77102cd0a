"""Writing messages and logs from a thread; a stalled reader loses lines, and delays nothing.

A pipe whose reader has stopped blocks every writer, and so does a terminal or a disk that hangs.
Setting the descriptor to non-blocking would change it for all processes that share it.
"""

import io
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

MOST_WAITING = 1024 * 1024
"""Most bytes that wait to be written; further ones are dropped and counted."""
_HAND_OVER = 64 * 1024
"""Number of bytes that are handed to the thread without a flush."""
_AT_ONCE = 4096
"""Number of bytes that a pipe accepts at once when it is ready, see pipe(7)."""
_PATIENCE = 0.25
"""Seconds that `flush` waits for a reader, until one has stalled."""
LAST_PATIENCE = 2.0
"""Seconds without progress after which `close` gives up."""

Notice = Callable[[int], str]
"""Returns a message about a number of dropped lines."""


def plain_notice(lines: int) -> str:
    """Return the notice for a person."""
    many = f"{lines:,} lines are" if lines > 1 else "1 line is"
    return f"… {many} missing here: nobody read this stream\n"


def json_notice(lines: int) -> str:
    """Return the notice for a program that reads one JSON object per line."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return f'{{"event": "dropped", "at": "{at}", "lines": {lines}}}\n'


class BackgroundWriter(io.TextIOBase):
    """A text stream on a descriptor; `write`, `flush` and `close` raise nothing and end soon.

    `flush` hands the text to the thread. If `orderly`, it also waits until the text is written, so
    that two streams on one terminal keep their order, but only once for a reader that has stalled.
    `close` closes the descriptor only if it is `owned`.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        notice: Notice = plain_notice,
        encoding: str = "utf-8",
        orderly: bool = True,
        owned: bool = False,
    ) -> None:
        self._descriptor, self._notice, self._encoding = descriptor, notice, encoding
        self._orderly, self._owned = orderly, owned
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._handed: list[bytes] = []
        self._waiting = 0
        """Number of bytes that were handed to the thread and are not written yet."""
        self._dropped = 0
        self._untold = 0
        self._torn = False
        self._gone = False
        self._stalled = False
        self._ending = False
        self._progress = 0.0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding; characters that it lacks are written as escapes."""
        return self._encoding

    @property
    def dropped(self) -> int:
        """Number of lines dropped so far."""
        return self._dropped

    def writable(self) -> bool:
        """Return true."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Accept a text; drop it if too much is waiting."""
        content = text.encode(self._encoding, errors="backslashreplace")
        with self._changed:
            if self._gone or self._buffered + self._waiting + len(content) > MOST_WAITING:
                self._drop(text.count("\n"))
                return len(text)
            content = self._notice_of_dropped() + content
            self._buffer.append(content)
            self._buffered += len(content)
        if self._buffered > _HAND_OVER:
            self._hand_over()
        return len(text)

    def flush(self) -> None:
        """Hand the text to the thread; the class says how long this waits."""
        self._hand_over()
        if self._orderly and not self._stalled:
            self._stalled = not self._wait(_PATIENCE)

    def close(self) -> None:
        """Write the rest, while there is progress."""
        if self._ending:
            return
        self._tell_dropped()
        self._hand_over()
        written = self._wait(LAST_PATIENCE)
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread is not None and written:
            self._thread.join(LAST_PATIENCE)
        if self._owned and written:
            with suppress(OSError):  # the last bytes of a failing disk: nobody is left to tell
                os.close(self._descriptor)

    def _notice_of_dropped(self) -> bytes:
        """Return the notice about lines that were dropped since the last one, if any."""
        if not self._untold:
            return b""
        told = self._notice(self._untold).encode(self._encoding, "backslashreplace")
        self._untold = 0
        torn, self._torn = self._torn, False
        return b"\n" + told if torn else told

    def _tell_dropped(self) -> None:
        """Say at the end that lines were dropped, if nothing was written after them."""
        with self._changed:
            if not self._gone and (notice := self._notice_of_dropped()):
                self._buffer.append(notice)
                self._buffered += len(notice)

    def _hand_over(self) -> None:
        with self._changed:
            if not self._buffer or self._ending:
                return
            self._handed += self._buffer
            self._waiting += self._buffered
            self._buffer, self._buffered = [], 0
            if self._thread is None:
                self._progress = time.monotonic()
                self._thread = self._started()
            self._changed.notify_all()
        if self._thread is None:
            self._write_while_ready()

    def _started(self) -> threading.Thread | None:
        # a daemon: a thread that waits for a reader for ever must not keep the program alive
        thread = threading.Thread(target=self._work, name="background-writer", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no further thread is to be had
            return None
        return thread

    def _wait(self, patience: float) -> bool:
        """Return True when all is written, False after so many seconds without progress."""
        with self._changed:
            asked = time.monotonic()
            while self._waiting and self._thread is not None:
                left = max(asked, self._progress) + patience - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._handed and not self._ending:
                    self._changed.wait()
                content, self._handed = b"".join(self._handed), []
            if not content:
                return
            self._write_out(content)

    def _write_out(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            try:
                taken = os.write(self._descriptor, left[:_HAND_OVER])
            except OSError as error:
                self._failed(bytes(left), gone=isinstance(error, BrokenPipeError))
                return
            left = left[taken:]
            self._took(taken)

    def _write_while_ready(self) -> None:
        """Without a thread, write what the descriptor accepts at once, and drop the rest."""
        content, self._handed = b"".join(self._handed), []
        ready = select.poll()
        ready.register(self._descriptor, select.POLLOUT)
        while content and ready.poll(0):
            self._write_out(content[:_AT_ONCE])
            content = content[_AT_ONCE:]
        if content:
            self._failed(content, gone=False)

    def _took(self, size: int) -> None:
        with self._changed:
            self._waiting -= size
            self._progress = time.monotonic()
            self._stalled = False
            self._changed.notify_all()

    def _failed(self, left: bytes, *, gone: bool) -> None:
        """Drop text that a failing disk or a closed pipe did not accept."""
        with self._changed:
            self._waiting -= len(left)
            self._gone = self._gone or gone
            self._torn = not gone
            self._drop(left.count(b"\n"))
            self._changed.notify_all()

    def _drop(self, lines: int) -> None:
        self._dropped += lines
        self._untold += lines
