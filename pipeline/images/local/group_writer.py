"""A writer that makes images that arrive together durable together.

Only one thread writes at a time. Several would pass the interpreter's lock back and forth for every
call, which takes more time than the disk, and each would wait for its own journal commit. A folder
is fsynced once for all images of a group in it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor as Threads
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from pipeline.files.confined import OpenFolder, sync_folder
from pipeline.images.local.part_file import PartFile
from pipeline.model.artifact import Artifact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Chunk:
    """Bytes of an image that is not complete yet."""

    part: PartFile
    chunks: Sequence[bytes]
    done: asyncio.Future[None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _FileEnd:
    """The last bytes of an image."""

    part: PartFile
    chunks: Sequence[bytes]
    replaces: frozenset[str]
    done: asyncio.Future[Artifact]


_Write = _Chunk | _FileEnd
_Answer = Artifact | Exception | None


class ImageGroupWriter:
    """Writes bytes in the order in which they arrive, in groups of several images."""

    MOST = 32
    """Most writes in a group, so that a caller need not wait for many others."""

    def __init__(self, disk: Threads | None) -> None:
        """`disk` runs the writes; by default the event loop's own thread pool."""
        self._disk = disk
        self._waiting: deque[_Write] = deque()
        self._busy = False

    def write(self, part: PartFile, chunks: Sequence[bytes]) -> asyncio.Future[None]:
        """Check and append bytes; errors as in `PartFile.write`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(_Chunk(part=part, chunks=chunks, done=done))
        return done

    def finish(
        self, part: PartFile, chunks: Sequence[bytes], replaces: frozenset[str]
    ) -> asyncio.Future[Artifact]:
        """Append the last bytes and name the file; durable when the future is done.

        This completes even if the caller is cancelled. If it fails, no file is left.
        """
        done: asyncio.Future[Artifact] = asyncio.get_running_loop().create_future()
        self._add(_FileEnd(part=part, chunks=chunks, replaces=replaces, done=done))
        return done

    def _add(self, write: _Write) -> None:
        self._waiting.append(write)
        if not self._busy:
            self._busy = True
            # Later, so that writes added in this turn of the loop join the group.
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(self.MOST, len(self._waiting)))]
        loop = asyncio.get_running_loop()
        writing: asyncio.Future[list[_Answer]]
        try:
            writing = loop.run_in_executor(self._disk, _write_group, group)
        except RuntimeError as error:
            # No further thread: whoever waits for this group has to hear of it.
            writing = loop.create_future()
            writing.set_result([error] * len(group))
        writing.add_done_callback(lambda written: self._deliver(group, written))

    def _deliver(self, group: Sequence[_Write], written: asyncio.Future[list[_Answer]]) -> None:
        if self._waiting:
            self._start()
        else:
            self._busy = False
        for write, answer in zip(group, written.result(), strict=True):
            if write.done.cancelled():
                continue
            if isinstance(answer, Exception):
                write.done.set_exception(answer)
            elif isinstance(write, _Chunk):
                write.done.set_result(None)
            elif answer is not None:
                write.done.set_result(answer)


def _write_group(group: Sequence[_Write]) -> list[_Answer]:
    """Write, fsync and rename each file, then fsync each folder; a failure affects one write."""
    answers = [_tried(_written, write) for write in group]
    named: dict[OpenFolder, list[int]] = {}
    for at, (write, answer) in enumerate(zip(group, answers, strict=True)):
        if isinstance(write, _FileEnd) and isinstance(answer, Artifact):
            answers[at] = _tried(_named, write, answer)
            if not isinstance(answers[at], Exception):
                named.setdefault(write.part.folder, []).append(at)
    for folder, places in named.items():
        fault = _tried(sync_folder, folder.descriptor)
        for at in places:
            group[at].part.release()
            answers[at] = fault or answers[at]
    return answers


def _written(write: _Write) -> Artifact | None:
    match write:
        case _Chunk():
            write.part.write(write.chunks)
            return None
        case _FileEnd():
            return write.part.complete(write.chunks)


def _named(write: _FileEnd, artifact: Artifact) -> Artifact:
    write.part.name_it(artifact, write.replaces)
    return artifact


def _tried(step: Callable[[*Ts], T], *args: *Ts) -> T | Exception:
    try:
        return step(*args)
    except Exception as error:  # noqa: BLE001 - raised to the caller of this image
        return error
