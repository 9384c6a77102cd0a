"""Images that come in together are made durable together.

One thread at a time writes. Several would hand the interpreter's lock to and fro for every call
they make, which costs more than the disk does, and each would wait for a journal of its own. A
folder is fsynced once for all the images of a group that were named in it.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor as Threads
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from pipeline.files.confined import OpenFolder
from pipeline.images.local.part_file import PartFile
from pipeline.model.artifact import Artifact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Chunk:
    """Bytes of an image of which more will come."""

    part: PartFile
    chunks: Sequence[bytes]
    done: asyncio.Future[None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _FileEnd:
    """The end of an image."""

    part: PartFile
    chunks: Sequence[bytes]
    replaces: frozenset[str]
    done: asyncio.Future[Artifact]


_Write = _Chunk | _FileEnd
_Answer = Artifact | Exception | None


class ImageGroupWriter:
    """Writes bytes in the order in which they came in, a group of images at a time."""

    MOST = 32
    """Writes of one group: a caller gets its answer while later groups are still written."""

    def __init__(self, disk: Threads | None) -> None:
        """`disk` is the thread that writes; by default one of the event loop's own."""
        self._disk = disk
        self._waiting: deque[_Write] = deque()
        self._busy = False

    def write(self, part: PartFile, chunks: Sequence[bytes]) -> asyncio.Future[None]:
        """Check and append; errors as `PartFile.write`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(_Chunk(part=part, chunks=chunks, done=done))
        return done

    def finish(
        self, part: PartFile, chunks: Sequence[bytes], replaces: frozenset[str]
    ) -> asyncio.Future[Artifact]:
        """Append the last bytes; durable, name and all, once answered.

        It is done even if nobody waits for the answer any more. If it fails, nothing is left.
        """
        done: asyncio.Future[Artifact] = asyncio.get_running_loop().create_future()
        self._add(_FileEnd(part=part, chunks=chunks, replaces=replaces, done=done))
        return done

    def _add(self, write: _Write) -> None:
        self._waiting.append(write)
        if not self._busy:
            self._busy = True
            # Whatever else is added in this turn of the loop comes along.
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(self.MOST, len(self._waiting)))]
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._disk, _write_group, group)
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
    """Write, fsync, rename, then each folder once; a write that fails leaves the others alone."""
    answers = [_tried(_written, write) for write in group]
    named: dict[OpenFolder, list[int]] = {}
    for at, (write, answer) in enumerate(zip(group, answers, strict=True)):
        if isinstance(write, _FileEnd) and isinstance(answer, Artifact):
            answers[at] = _tried(_named, write, answer)
            if not isinstance(answers[at], Exception):
                named.setdefault(write.part.folder, []).append(at)
    for folder, places in named.items():
        fault = _tried(os.fsync, folder.descriptor)
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
    except Exception as error:  # noqa: BLE001 - raised at the one caller whose image it is
        return error
