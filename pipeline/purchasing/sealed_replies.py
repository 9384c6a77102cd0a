"""Replies that hold the picture itself: kept whole and durable before they are read.

Such a reply is all that the money bought, so it must survive a crash at any moment. It streams to
`.replies/<purchase>-<n>.part`, which is fsynced, renamed to `.replies/<purchase>-<n>` and made
durable with its folder. Only then it is read. A file under its final name is whole: the first line
is JSON with what is needed to read it, and the body follows. It is removed when its image is
stored, and the ledger keeps the reply without the picture.
"""

import asyncio
import io
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import ImageGone, LocalFault, ReplyUnknown
from pipeline.files.confined import (
    ConfinedPath,
    OpenFolder,
    make_folders,
    open_file,
    sync_folder,
)
from pipeline.images.base import local_faults
from pipeline.images.object_store.copies import StoreCopies
from pipeline.images.object_store.registry import open_objects
from pipeline.images.registry import address_of_images
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.network.reply import Reply
from pipeline.providers.openai_api.kept_replies import SEALED, KeptReply, picture_in

FOLDER = ".replies"
_PART = ".part"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = re.compile(r"[0-9a-f]{1,64}-[0-9]{1,9}")
_HELD = 256 * 1024
"""Bytes of one reply that are collected before a thread writes them."""
_MOST_PIECES = 512
"""Pieces that are written by one call; systems allow 1024."""
_DECODED_AT_ONCE = 8
"""Pictures that are decoded at one time; each has a megabyte in memory."""


def replies_in(output: Path) -> "SealedReplies":
    """Return the sealed replies of an output folder, with copies where its images are kept.

    A reply is then sealed on the disk, copied into the store, and only then read. So the next
    coordinator, on another machine, reads what a killed one was told.
    """
    address = address_of_images()
    if address is None:
        return SealedReplies(output)
    return SealedReplies(output, copies=StoreCopies(open_objects(address), FOLDER))


class SealedReplies:
    """The folder of sealed replies in an output folder."""

    def __init__(self, root: Path, *, copies: StoreCopies | None = None) -> None:
        """Use an output folder, which must exist; nothing is made before the first reply.

        `copies` are kept as well if this disk may end with the run.
        """
        self.root = Path(os.path.realpath(root))
        """The output folder."""
        self._copies = copies
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    def seal_for(self, attempt: Attempt, job: Job) -> "OpenSeal":
        """Return the seal for the reply to one attempt."""
        about = {
            "version": 1,
            "profile": job.profile,
            "model": job.request.model,
            "at_most": attempt.price,
        }
        return OpenSeal(self, reply_name(attempt), about)

    def find(self, attempt: Attempt) -> KeptReply | None:
        """Return the sealed reply to an attempt; `None` if there is none, or if it is damaged.

        What is left of one that broke off is removed.
        """
        name = reply_name(attempt)
        with local_faults(FOLDER):
            _unlink(self.root, name + _PART)
            body = self._found(name)
            if body is None:
                return None
            with body, suppress(ReplyUnknown):
                return KeptReply.read(name, body)
        return None

    def keep_copy(self, name: str) -> None:
        """Copy a sealed reply to where images are kept, unless that is this disk; blocks on it."""
        if self._copies is not None:
            with _opened(self.root, name) as body:
                self._copies.keep(name, body.read())

    def _found(self, name: str) -> BinaryIO | None:
        """Open a sealed reply, or its copy; `None` if there is neither."""
        body = _found(self.root, name)
        if body is not None or self._copies is None or not _NAME.fullmatch(name):
            return body
        content = self._copies.read(name)
        return None if content is None else io.BytesIO(content)

    @asynccontextmanager
    async def open_picture(self, source: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield an iterator over the bytes of the picture that a receipt names as its source.

        Raises `ImageGone` if the reply is not there, and `ImageBroken` if it holds no picture.
        """
        async with self._decoding:
            name, number = _parts_of(source)
            body = await asyncio.to_thread(self._found, name)
            if body is None:
                raise ImageGone("the reply that held the image is not kept any more")
            with body:
                yield _in_thread(picture_in(body, number=number))

    def pictures(self, purchase: str) -> Sequence[str]:
        """Return the sources of the pictures in all sealed replies to a purchase, in order."""
        sources: list[str] = []
        for reply in sorted(one for one in self.kept() if purchase_of(one) == purchase):
            with local_faults(FOLDER):
                body = self._found(reply.removeprefix(SEALED))
            if body is None:
                continue
            with body, local_faults(FOLDER), suppress(ReplyUnknown):
                count = len(KeptReply.read(reply, body).whole)
                several = [f"{reply}#{number}" for number in range(1, count + 1)]
                sources += several if count > 1 else [reply] * count
        return sources

    async def forget(self, sources: Sequence[str]) -> None:
        """Remove the replies whose images are stored; others are left alone."""
        names = [name for one in sources if _NAME.fullmatch(name := _parts_of(one)[0])]
        if names:
            with local_faults(FOLDER):
                await asyncio.to_thread(self._remove, names)

    def _remove(self, names: Sequence[str]) -> None:
        for name in names:
            _unlink(self.root, name)
        if self._copies is not None:
            self._copies.remove(names)

    def kept(self) -> frozenset[str]:
        """Return the sources of all sealed replies."""
        names = {*(() if self._copies is None else self._copies.names())}
        with suppress(OSError):
            names |= {*os.listdir(self.root / FOLDER)}  # noqa: PTH208 - a Path for each takes longer
        return frozenset(SEALED + name for name in names if not name.endswith(_PART))


class OpenSeal:
    """Receives one reply, and seals it."""

    def __init__(self, replies: SealedReplies, name: str, about: dict[str, object]) -> None:
        self._replies, self._name, self._about = replies, name, about
        self._root = replies.root
        self._file = -1
        self._folder: OpenFolder | None = None
        self._held: list[bytes] = []
        self._size = 0
        self._lock = threading.Lock()
        self._begun = self._given_up = False

    @property
    def source(self) -> str:
        """The source of the image in the reply, for a receipt."""
        return f"{SEALED}{self._name}"

    @property
    def begun(self) -> bool:
        """True if some of the reply has arrived here."""
        return self._begun

    async def begin(self, head: Reply) -> None:
        """See `ReplySink`."""
        self._begun = True
        line = json.dumps(self._about | KeptReply.head_of(head), separators=(",", ":"))
        await self._on_disk(partial(self._create, line.encode() + b"\n"))

    async def write(self, piece: bytes) -> None:
        """See `ReplySink`."""
        self._held.append(piece)
        self._size += len(piece)
        if self._size >= _HELD:
            held, self._held, self._size = self._held, [], 0
            await self._on_disk(partial(self._append, held))

    async def end(self) -> None:
        """See `ReplySink`."""
        held, self._held = self._held, []
        await self._on_disk(partial(self._seal, held))

    async def discard(self) -> None:
        """See `ReplySink`."""
        await self._on_disk(self._drop)

    def read(self) -> KeptReply:
        """See `Seal`."""
        with local_faults(FOLDER), _opened(self._root, self._name) as body:
            return KeptReply.read(self._name, body)

    def rescue(self) -> KeptReply | None:
        """Return the reply if it was sealed before its caller was cancelled; else give it up."""
        with self._lock, local_faults(FOLDER):
            self._given_up = True
            body = _found(self._root, self._name)
            if body is None:
                self._drop()
                return None
            with body, suppress(ReplyUnknown):
                return KeptReply.read(self._name, body)
        return None

    def _create(self, line: bytes) -> None:
        make_folders(self._root, (FOLDER,))
        self._folder = OpenFolder(self._root, (FOLDER,))
        here = self._folder.descriptor
        self._file = os.open(self._name + _PART, _NEW, 0o600, dir_fd=here)
        self._append([line])

    def _append(self, pieces: Sequence[bytes]) -> None:
        # not joined: with 200 large replies in flight, the copies would be a third of all memory
        waiting = [memoryview(piece) for piece in pieces if piece]
        while waiting:
            written = os.writev(self._file, waiting[:_MOST_PIECES])
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.pop(0))
            if written:
                waiting[0] = waiting[0][written:]

    def _seal(self, pieces: Sequence[bytes]) -> None:
        if self._folder is None:
            raise ValueError("a reply is sealed after it has begun")
        self._append(pieces)
        os.fsync(self._file)
        here = self._folder.descriptor
        os.rename(self._name + _PART, self._name, src_dir_fd=here, dst_dir_fd=here)
        sync_folder(here)
        self._close()
        self._replies.keep_copy(self._name)

    def _drop(self) -> None:
        self._close()
        _unlink(self._root, self._name + _PART)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._folder = -1, None

    async def _on_disk(self, work: Callable[[], None]) -> None:
        """Run blocking work to its end, even if the caller is cancelled meanwhile."""

        def alone() -> None:
            with self._lock:
                if not self._given_up:
                    work()

        try:
            with local_faults(FOLDER):
                await asyncio.shield(asyncio.to_thread(alone))
        except LocalFault:
            with suppress(OSError):  # a full disk still lets go of what was written
                self._drop()
            raise


def purchase_of(source: str) -> str:
    """Return the purchase that a sealed reply belongs to."""
    return _parts_of(source)[0].rpartition("-")[0]


def reply_of(source: str) -> str:
    """Return the source of the whole reply that a picture is in."""
    return source.partition("#")[0]


def _parts_of(source: str) -> tuple[str, int]:
    """Return the name of a sealed reply, and the number of the picture; 0 for the only one."""
    name, _, number = source.removeprefix(SEALED).partition("#")
    return name, int(number) if number.isdecimal() else 0


def reply_name(attempt: Attempt) -> str:
    """Return the name of the sealed reply to an attempt; a line of a batch has the same name."""
    return f"{attempt.purchase}-{attempt.number}"


def _opened(root: Path, name: str) -> BinaryIO:
    return os.fdopen(open_file(root, ConfinedPath.at(f"{FOLDER}/{name}")), "rb")


def _found(root: Path, name: str) -> BinaryIO | None:
    """Open a sealed reply; `None` if there is none, or if this is no name of one."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return _opened(root, name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LocalFault(f"{FOLDER}/{name}: {error.strerror or error}") from error


def _unlink(root: Path, name: str) -> None:
    with suppress(FileNotFoundError):
        folder = OpenFolder(root, (FOLDER,))
        os.unlink(ConfinedPath.at(name).name, dir_fd=folder.descriptor)


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
