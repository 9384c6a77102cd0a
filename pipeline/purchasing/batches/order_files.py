"""The files of orders: JSON lines, whole and durable before they are uploaded."""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.files.confined import ConfinedPath, make_folders, open_file, remove_file, write_whole
from pipeline.images.base import local_faults
from pipeline.model.ticket import TicketId

FOLDER = ".tickets"
_NAME = re.compile(rb'\A\{"custom_id":"([0-9a-f-]+)"')


class OrderFiles:
    """The folder of order files in an output folder; methods block, and raise `LocalFault`."""

    def __init__(self, root: Path) -> None:
        """Use an output folder, which must exist; nothing is made before the first order."""
        self._root = Path(os.path.realpath(root))

    def write(self, ticket: TicketId, lines: Iterable[bytes]) -> None:
        """Write the file of a ticket; durable on return. Errors of `lines` are passed on."""
        with local_faults(FOLDER):
            make_folders(self._root, (FOLDER,))
            write_whole(self._root, _place(ticket), lines)

    def open(self, ticket: TicketId) -> int:
        """Return a descriptor of the file of a ticket, which the caller closes."""
        with local_faults(FOLDER):
            return open_file(self._root, _place(ticket))

    def remove(self, ticket: TicketId) -> None:
        """Remove the file of a ticket, and what a killed run left of writing it."""
        with local_faults(FOLDER):
            remove_file(self._root, _place(ticket))
            for leftover in (self._root / FOLDER).glob(f"{_place(ticket).name}.*.part"):
                remove_file(self._root, ConfinedPath(folders=(FOLDER,), name=leftover.name))
            with suppress(OSError):  # another ticket's file is in it
                (self._root / FOLDER).rmdir()

    def tickets(self) -> frozenset[TicketId]:
        """Return the tickets that have a file."""
        with local_faults(FOLDER), suppress(FileNotFoundError):
            names = os.listdir(self._root / FOLDER)  # noqa: PTH208 - names are enough
            return frozenset(TicketId(name.partition(".")[0]) for name in names)
        return frozenset()

    def names_of_lines(self, ticket: TicketId, numbers: frozenset[int]) -> Mapping[int, str]:
        """Return the names of some lines, by their numbers from 1; none if the file is gone."""
        with local_faults(FOLDER), suppress(FileNotFoundError):
            with os.fdopen(open_file(self._root, _place(ticket)), "rb") as file:
                numbered = enumerate(file, start=1)
                found = {at: _NAME.search(line) for at, line in numbered if at in numbers}
            return {at: name[1].decode() for at, name in found.items() if name}
        return {}


def _place(ticket: TicketId) -> ConfinedPath:
    return ConfinedPath.at(f"{FOLDER}/{ticket}.jsonl")
