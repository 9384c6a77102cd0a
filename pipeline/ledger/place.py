"""The place of the ledger in an output folder; looked for and measured without opening it."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger.sqlite.commit_mark import LedgerMark, read_mark
from pipeline.settings import ledger_address

LEDGER_FILE = "ledger.db"


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerCopy:
    """A ledger file: which ledger it is, and how far it has been written."""

    name: str
    """The random name of the ledger, as hexadecimal digits."""
    commits: int
    """Number of groups of writes that it has."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredLedger:
    """What `restore` put in place."""

    copy: LedgerCopy
    missing: int
    """Number of groups of writes that the mark counts and the backup does not have."""
    moved: Path | None
    """Where the file went that was there before; `None` if there was none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedFacts:
    """What can be told of a ledger that several machines share, without its password."""

    place: str
    server: str
    """Version of the server."""
    schema: int
    """Version of the schema; 0 if there is no ledger yet."""
    newest: int
    """The version of the schema that this program makes."""
    size: int
    """Bytes of the database."""
    living: int
    """Number of runs that are alive."""
    is_durable: bool
    """False if the server does not wait for its disk: a power loss would forget purchases."""


def ledger_exists(output: Path) -> bool:
    """Return whether there is a ledger: a file in the output folder, or one that is shared.

    A shared one may be empty, or not be made yet; it then reads as an empty one.
    """
    return is_shared() or ledger_file_exists(output)


def is_shared() -> bool:
    """Return whether the ledger is a database that several machines share: PIPELINE_LEDGER."""
    return bool(ledger_address())


def ledger_file_exists(output: Path) -> bool:
    """Return whether the output folder has a ledger of its own."""
    return (output / LEDGER_FILE).exists()


def place_on_machine(output: Path) -> str:
    """Return a name for a folder that no other folder has while this machine runs.

    Empty if the folder or the machine cannot be told from others.
    """
    try:
        boot = _BOOT.read_text("ascii").strip()
        place = output.stat()
    except OSError:
        return ""
    return f"{boot}:{place.st_dev}:{place.st_ino}"


_BOOT = Path("/proc/sys/kernel/random/boot_id")


def ledger_size(output: Path) -> int:
    """Return the bytes that an existing file of a ledger takes on disk, without its journal."""
    return (output / LEDGER_FILE).stat().st_size


def ledger_mark(output: Path) -> LedgerMark | None:
    """Return which ledger this is and how far it has been written, without opening it.

    Two equal marks mean that nothing was written in between. `None` if the ledger has no mark, as
    one that is shared.
    """
    if is_shared():
        return None
    return read_mark(output / LEDGER_FILE)
