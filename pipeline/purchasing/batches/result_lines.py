"""The results of a batch: a file of JSON lines that is split while it arrives.

A line holds a picture, so it is never in memory as a whole. It streams to a file of its own, whose
first line is reserved; once the line has ended, it is known which purchase it belongs to, the first
line is filled, and the file gets the name of that purchase's sealed reply. From then on it is like
the sealed reply to a single request.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.errors import NotSent, ReplyUnknown
from pipeline.files.confined import OpenFolder, make_folders, sync_folder
from pipeline.images.base import local_faults
from pipeline.model.entry import Attempt
from pipeline.model.ticket import Ticket
from pipeline.network.reply import Reply
from pipeline.providers.openai_api.kept_replies import KeptReply, reply_of_line
from pipeline.providers.openai_api.outline import outline
from pipeline.purchasing.sealed_replies import FOLDER, SealedReplies

_HEAD = 1024
"""Bytes reserved for the first line of a sealed reply."""
_HELD = 256 * 1024
"""Bytes of a line that are collected before a thread writes them."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_OK = 200


class SettleLine(Protocol):
    """Records in the ledger what a sealed line says."""

    def __call__(self, attempt: Attempt, kept: KeptReply, /) -> Awaitable[None]:
        """Settle one attempt; durable on return."""
        ...


@dataclass(kw_only=True, slots=True)
class Unanswered:
    """What the results of a batch say of lines without a reply, and how many were made."""

    not_made: dict[str, str] = field(default_factory=dict)
    """Why a line was not executed, by its name: it was not charged."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Why it is not known whether a line was charged, by its name."""
    made: set[str] = field(default_factory=set)
    """Names of lines with a picture, also of those that were settled before."""
    twice: set[str] = field(default_factory=set)
    """Names of those that came more than once; only the first is settled."""


class ResultLines:
    """`ReplySink` for one file of results; settles each line as soon as it is whole."""

    def __init__(
        self,
        replies: SealedReplies,
        ticket: Ticket,
        *,
        attempts: Mapping[str, Attempt],
        settle: SettleLine,
        unanswered: Unanswered,
    ) -> None:
        """Expect lines under these names; all others are passed over."""
        self._replies, self._ticket = replies, ticket
        self._open = dict(attempts)
        self._settle, self._unanswered = settle, unanswered
        self._part = _part_of(ticket)
        self._folder: OpenFolder | None = None
        self._file = -1
        self._held: list[bytes] = []
        self._size = self._written = 0

    async def begin(self, head: Reply) -> None:
        """See `ReplySink`."""
        await self._on_disk(self._create)

    async def write(self, piece: bytes) -> None:
        """See `ReplySink`."""
        first, *further = piece.split(b"\n")
        await self._hold(first)
        for start in further:
            await self._line_ended()
            await self._hold(start)

    async def end(self) -> None:
        """See `ReplySink`."""
        await self._line_ended()
        await self._on_disk(self._remove)

    async def discard(self) -> None:
        """See `ReplySink`; the lines that were whole are settled already."""
        await self._on_disk(self._remove)

    async def _hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self._size += len(piece)
        if self._size >= _HELD:
            await self._on_disk(self._append)

    async def _line_ended(self) -> None:
        if not self._written and not any(self._held):
            return
        await self._on_disk(self._append)
        sealed = await self._read()
        if sealed is not None:
            await self._settle(*sealed)

    async def _read(self) -> tuple[Attempt, KeptReply] | None:
        """Seal the line that has ended; `None` if it has nothing to settle."""
        with local_faults(FOLDER):
            return await asyncio.to_thread(self._sealed)

    def _sealed(self) -> tuple[Attempt, KeptReply] | None:
        with os.fdopen(os.dup(self._file), "rb") as line:
            line.seek(_HEAD)
            text = outline(line).text
        name = _name_in(text)
        attempt = self._open.get(name)
        kept = None
        try:
            reply = reply_of_line(text)
            if reply.status == _OK and name:
                self._unanswered.twice |= self._unanswered.made & {name}
                self._unanswered.made.add(name)
            if attempt is not None:
                kept = self._seal(name, attempt)
        except NotSent as error:
            self._unanswered.not_made[name] = str(error)
        except ReplyUnknown as error:
            self._unanswered.unknown[name] = str(error)
        except (ValueError, KeyError, TypeError):
            self._unanswered.unknown[name] = "its line in the results of the batch is damaged"
        if kept is None:
            os.ftruncate(self._file, _HEAD)
            self._written = 0
            return None
        del self._open[name]
        self._create()
        return (attempt, kept) if attempt is not None else None

    def _seal(self, name: str, attempt: Attempt) -> KeptReply:
        about = {
            "version": 1,
            "batch": True,
            "profile": self._ticket.profile,
            "model": self._ticket.model,
            "at_most": attempt.price,
        }
        head = json.dumps(about, separators=(",", ":")).encode().ljust(_HEAD - 1) + b"\n"
        os.pwrite(self._file, head, 0)
        os.fsync(self._file)
        here = self._here
        os.rename(self._part, name, src_dir_fd=here, dst_dir_fd=here)
        sync_folder(here)
        self._replies.keep_copy(name)
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            return KeptReply.read(name, file)

    @property
    def _here(self) -> int:
        if self._folder is None:
            raise ValueError("results are sealed after they have begun")
        return self._folder.descriptor

    def _create(self) -> None:
        self._close()
        make_folders(self._replies.root, (FOLDER,))
        self._folder = self._folder or OpenFolder(self._replies.root, (FOLDER,))
        self._file = os.open(self._part, _NEW, 0o600, dir_fd=self._folder.descriptor)
        os.ftruncate(self._file, _HEAD)
        self._written = 0

    def _append(self) -> None:
        whole = memoryview(b"".join(self._held))
        self._held, self._size = [], 0
        while whole:
            written = os.pwrite(self._file, whole, _HEAD + self._written)
            self._written += written
            whole = whole[written:]

    def _remove(self) -> None:
        self._close()
        with suppress(FileNotFoundError):
            os.unlink(self._part, dir_fd=self._here)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    async def _on_disk(self, work: Callable[[], None]) -> None:
        with local_faults(FOLDER):
            await asyncio.to_thread(work)


def remove_leftover(root: Path, ticket: Ticket) -> None:
    """Remove what a run that was killed left of the results of a ticket; blocks on the disk."""
    with local_faults(FOLDER), suppress(FileNotFoundError):
        folder = OpenFolder(root, (FOLDER,))
        os.unlink(_part_of(ticket), dir_fd=folder.descriptor)


def _part_of(ticket: Ticket) -> str:
    return f"{ticket.id}.part"


def _name_in(outlined: bytes) -> str:
    try:
        line = json.loads(outlined)
    except ValueError:
        return ""
    name = line.get("custom_id") if isinstance(line, dict) else None
    return name if isinstance(name, str) else ""
