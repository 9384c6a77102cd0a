"""The client of the template process: starts it, sends messages, and handles its end.

Starting one takes 75 ms of CPU, and a command needs it two to five times: a process that is not
used any more rests for a moment, and the next user begins anew with it.
"""

import atexit
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from pipeline.errors import LocalFault
from pipeline.templates.messages import BEGIN, FrameBroken, Slots, framed, receive

_ANSWER_TIMEOUT = 120.0
"""Seconds to wait for a whole answer, for which the process may use 2 s of CPU time."""
_PIECE = 1024 * 1024
"""Most bytes that are read at once."""
_REST = 2.0
"""Seconds that a process waits for its next user before it is ended."""
_MOST_USERS = 100
"""Users after whom a process is ended, since its memory is limited and may fragment."""


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
        program, environment = [sys.executable, "-P", "-m", _WORKER], _environment()
        self._kind = (program, environment, os.getpid())
        self._unanswered = 0
        resting = _resting.take(self._kind)
        if resting is not None:
            self._process, self._progress, self._users = resting
            with suppress(LocalFault, TemplateProcessDied):
                self._send(BEGIN.decode())
                self.raw_answer()
                self._users += 1
                return
            self._end()
        self._process, self._progress = _started(program, environment)
        self._users = 1

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
        self._unanswered -= 1
        return body

    def close(self) -> None:
        """Let the process rest, or end it if something went wrong."""
        if self._unanswered or self._users >= _MOST_USERS or self._process.poll() is not None:
            self._end()
        else:
            _resting.keep(self._kind, (self._process, self._progress, self._users))

    def _end(self) -> None:
        _end(self._process, self._progress)

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
        self._unanswered += 1
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


Child = tuple[subprocess.Popen[bytes], mmap.mmap, int]
"""A process, its progress, and how many users it had."""
Kind = tuple[Sequence[str], Mapping[str, str], int]
"""Program, environment and parent of a process: whoever wants another one gets another one."""


def _started(program: Sequence[str], environment: Mapping[str, str]) -> tuple[Any, mmap.mmap]:
    handle = -1
    try:
        handle = _progress_file()
        progress = mmap.mmap(handle, mmap.PAGESIZE)
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [*program, str(os.getpid()), str(handle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=(handle,),
            env=environment,
            start_new_session=True,
        )
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
    except OSError as error:
        raise LocalFault(f"cannot start the process that writes prompts: {error}") from error
    finally:
        if handle >= 0:
            os.close(handle)
    return process, progress


def _end(process: subprocess.Popen[bytes], progress: mmap.mmap) -> None:
    """End a process, by the end of its input if it reads that."""
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
    progress.close()


class _Resting:
    """The one process that waits for its next user; it is ended if none comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: tuple[Kind, Child] | None = None
        self._timer: threading.Timer | None = None

    def take(self, kind: Kind) -> Child | None:
        """Return the process if it is of this kind; from then on it is the caller's."""
        with self._lock:
            if self._child is None or self._child[0] != kind:
                return None
            _, child = self._child
            self._child = None
            if self._timer is not None:
                self._timer.cancel()
        return child

    def keep(self, kind: Kind, child: Child) -> None:
        """Keep a process for its next user; the one before it is ended."""
        timer = threading.Timer(_REST, self._expired, [child])
        timer.daemon = True
        with self._lock:
            before, self._child = self._child, (kind, child)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = timer
        timer.start()
        self._end(before)

    def end(self) -> None:
        """End the process that rests, unless it is that of a parent of this process."""
        with self._lock:
            child, self._child = self._child, None
        self._end(child)

    def _expired(self, child: Child) -> None:
        with self._lock:
            expired = self._child
            if expired is None or expired[1] is not child:
                return
            self._child = None
        self._end(expired)

    def _end(self, child: tuple[Kind, Child] | None) -> None:
        if child is not None and child[0][2] == os.getpid():
            process, progress, _ = child[1]
            process.kill()  # it has nothing to finish
            _end(process, progress)


_resting = _Resting()
atexit.register(_resting.end)


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
