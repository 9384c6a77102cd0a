"""The client of the template process: starts it, sends messages, and handles its end."""

import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from pipeline.errors import LocalFault
from pipeline.templates.messages import FrameBroken, Slots, framed, receive

_ANSWER_TIMEOUT = 120.0
"""Seconds to wait for a whole answer, for which the process may use 2 s of CPU time."""
_PIECE = 1024 * 1024
"""Most bytes that are read at once."""


class TemplateProcessDied(Exception):
    """The process exceeded one of its limits while it worked on one template, cell or row."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, reason)
        self.number = number
        """Number of the part of the message that it was working on, from 0."""
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateSetup(Slots):
    """The templates, expressions and limits that the process needs before it can write."""

    templates: Mapping[str, str]
    expressions: Mapping[str, str]
    longest: int
    """Most characters of a prompt that the provider accepts."""


class TemplateProcess:
    """One child process; close it, or use it in a `with`."""

    def __init__(self) -> None:
        handle = -1
        try:
            handle = _progress_file()
            self._progress = mmap.mmap(handle, mmap.PAGESIZE)
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-P", "-m", _WORKER, str(os.getpid()), str(handle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(handle,),
                env=_environment(),
                start_new_session=True,
            )
            if self._process.stdin is not None:
                os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise LocalFault(f"cannot start the process that writes prompts: {error}") from error
        finally:
            if handle >= 0:
                os.close(handle)

    def compile(self, setup: TemplateSetup) -> Mapping[str, Any]:
        """Send templates to compile; return `problems`, `names` and `needs` (files to include)."""
        self._post(
            {
                "op": "compile",
                "templates": setup.templates,
                "expressions": setup.expressions,
                "columns": setup.columns,
                "decimals": setup.decimals,
                "own_ids": setup.own_ids,
                "longest": setup.longest,
            }
        )
        return self.answer()

    def post(self, head: Mapping[str, object], values: Sequence[str]) -> None:
        """Send one batch; `values` are JSON texts. Fetch the answer before sending another."""
        body = json.dumps(head, separators=(",", ":"))
        self._send(f'{body[:-1]},"values":[{",".join(values)}]}}')

    def answer(self) -> Mapping[str, Any]:
        """Return the answer to the last message; raise `TemplateProcessDied` if there is none."""
        reply: Mapping[str, Any] = json.loads(self.raw_answer())
        return reply

    def raw_answer(self) -> bytes:
        """Return the answer as bytes, unparsed; raise the same errors as `answer`."""
        stream = self._process.stdout
        if stream is None:
            raise self._end_error("has no output")
        try:
            body = receive(_WithDeadline(stream.fileno()))
        except TimeoutError:
            raise self._end_error(f"gave no whole answer within {_ANSWER_TIMEOUT:.0f} s") from None
        except (FrameBroken, OSError) as error:
            raise self._end_error("broke off") from error
        if body is None:
            raise self._end_error("gave no answer")
        return body

    def close(self) -> None:
        """End the process."""
        process = self._process
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    process.kill()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._progress.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _post(self, message: Mapping[str, object]) -> None:
        self._send(json.dumps(message, separators=(",", ":")))

    def _send(self, text: str) -> None:
        stream = self._process.stdin
        if stream is None:
            raise self._end_error("has no input")
        left = memoryview(framed(text))
        try:
            while left:
                # A process that was stopped takes nothing, and a blocking write would not end.
                _, ready, _ = select.select([], [stream], [], _ANSWER_TIMEOUT)
                if not ready:
                    raise self._end_error("takes no message")
                with suppress(BlockingIOError):
                    left = left[os.write(stream.fileno(), left) :]
        except OSError as error:
            raise self._end_error("is gone") from error

    def _end_error(self, how: str) -> TemplateProcessDied | LocalFault:
        """Return the error for a process that ended, by a template or for another reason."""
        number = int.from_bytes(self._progress[0:4], "little")
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return LocalFault(f"the process that writes prompts {how}; run the command again")
        if code == -signal.SIGPROF:
            return TemplateProcessDied(number, "takes too long or too much memory to write")
        if -code in _CRASHES:
            reason = f"cannot be written: it ends the writing process (exit {code})"
            return TemplateProcessDied(number, reason)
        last_words = self._process.stderr.read(4000) if self._process.stderr else b""
        lines = last_words.decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"it {how}, exit {code}"
        if code < 0:
            why = f"killed by signal {-code}, by the system (out of memory?) or by somebody"
        return LocalFault(f"the process that writes prompts ended: {why}; run the command again")


class _WithDeadline:
    """A `ByteSource` that raises `TimeoutError` if an answer takes too long, in any part of it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._until = time.monotonic() + _ANSWER_TIMEOUT

    def read(self, size: int, /) -> bytes:
        found = bytearray()
        while len(found) < size:
            left = max(0.0, self._until - time.monotonic())
            ready, _, _ = select.select([self._descriptor], [], [], left)
            if not ready:
                raise TimeoutError
            piece = os.read(self._descriptor, min(size - len(found), _PIECE))
            if not piece:
                break
            found += piece
        return bytes(found)


_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
"""Signals that end the process because of a template, e.g. by deep recursion."""
_WORKER = "pipeline.templates.template_worker"


def _progress_file() -> int:
    """Open an unnamed file, one page long, in which the process records its progress."""
    if sys.platform == "linux":
        handle = os.memfd_create("progress")
    else:
        with tempfile.TemporaryFile() as file:
            handle = os.dup(file.fileno())
    os.ftruncate(handle, mmap.PAGESIZE)
    return handle


def _environment() -> dict[str, str]:
    """Return an environment with the paths of the code, and without keys and settings."""
    paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100  keeps links as they are
    kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}
    return kept | own


_NEEDED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
"""Variables without which some interpreters do not start."""
