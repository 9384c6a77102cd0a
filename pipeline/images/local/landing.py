"""Images that come in together land together: what has gathered is made durable in one go.

One thread at a time has the disk in hand. Several would take turns at the interpreter's lock for
every call they make, which costs more than the disk does, and each would wait for a journal of its
own; a folder is fsynced once for all the images of a group that were named in it.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from pipeline.files.confined import OpenFolder
from pipeline.images.local.part import PartFile
from pipeline.model.artifact import Artifact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Chunk:
    """Bytes of an image of which more will come."""

    part: PartFile
    chunks: Sequence[bytes]
    landed: asyncio.Future[None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _FileEnd:
    """The end of an image."""

    part: PartFile
    chunks: Sequence[bytes]
    replaces: frozenset[str]
    landed: asyncio.Future[Artifact]


_Load = _Chunk | _FileEnd
_Answer = Artifact | Exception | None


class Landing:
    """Takes bytes to the disk in the order in which they came in."""

    MOST = 32
    """Loads of one group: whoever waits gets an answer while the others still land."""

    def __init__(self, disk: Executor | None) -> None:
        """`disk` lends the thread; by default the event loop's own do."""
        self._disk = disk
        self._waiting: deque[_Load] = deque()
        self._busy = False

    def write(self, part: PartFile, chunks: Sequence[bytes]) -> asyncio.Future[None]:
        """Check and append; errors as `PartFile.write`."""
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take(_Chunk(part=part, chunks=chunks, landed=landed))
        return landed

    def settle(
        self, part: PartFile, chunks: Sequence[bytes], replaces: frozenset[str]
    ) -> asyncio.Future[Artifact]:
        """Append the last bytes; durable, name and all, once answered.

        It is done even if nobody waits for the answer any more. Where it fails, nothing is left.
        """
        landed: asyncio.Future[Artifact] = asyncio.get_running_loop().create_future()
        self._take(_FileEnd(part=part, chunks=chunks, replaces=replaces, landed=landed))
        return landed

    def _take(self, load: _Load) -> None:
        self._waiting.append(load)
        if not self._busy:
            self._busy = True
            # What else this turn of the loop brings comes along.
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(self.MOST, len(self._waiting)))]
        loop = asyncio.get_running_loop()
        landing = loop.run_in_executor(self._disk, _land, group)
        landing.add_done_callback(lambda landed: self._deliver(group, landed))

    def _deliver(self, group: Sequence[_Load], landed: asyncio.Future[list[_Answer]]) -> None:
        if self._waiting:
            self._start()
        else:
            self._busy = False
        for load, answer in zip(group, landed.result(), strict=True):
            if load.landed.cancelled():
                continue
            if isinstance(answer, Exception):
                load.landed.set_exception(answer)
            elif isinstance(load, _Chunk):
                load.landed.set_result(None)
            elif answer is not None:
                load.landed.set_result(answer)


def _land(group: Sequence[_Load]) -> list[_Answer]:
    """Write, fsync, rename, then each folder once; a load that fails leaves the others alone."""
    answers = [_tried(_written, load) for load in group]
    named: dict[OpenFolder, list[int]] = {}
    for at, (load, answer) in enumerate(zip(group, answers, strict=True)):
        if isinstance(load, _FileEnd) and isinstance(answer, Artifact):
            answers[at] = _tried(_named, load, answer)
            if not isinstance(answers[at], Exception):
                named.setdefault(load.part.folder, []).append(at)
    for folder, places in named.items():
        fault = _tried(os.fsync, folder.descriptor)
        for at in places:
            group[at].part.release()
            answers[at] = fault or answers[at]
    return answers


def _written(load: _Load) -> Artifact | None:
    match load:
        case _Chunk():
            load.part.write(load.chunks)
            return None
        case _FileEnd():
            return load.part.complete(load.chunks)


def _named(load: _FileEnd, artifact: Artifact) -> Artifact:
    load.part.name_it(artifact, load.replaces)
    return artifact


def _tried(step: Callable[[*Ts], T], *args: *Ts) -> T | Exception:
    try:
        return step(*args)
    except Exception as error:  # noqa: BLE001 - handed on to the one caller whom it concerns
        return error
