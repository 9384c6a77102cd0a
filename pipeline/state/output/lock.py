"""One run of a campaign at a time: a lock that the kernel releases when the process ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import LocalFault, LockHeld, RunHangs
from pipeline.files.confined import ConfinedPath, open_to_lock
from pipeline.files.locks import try_lock
from pipeline.files.unreadable import raise_machine_fault
from pipeline.ledger.base import Ledger
from pipeline.model.names import Slug

LOCK_FILE = ".lock"
_TRIES = 3
_PAUSE = 0.02
"""Seconds between tries: `run_is_alive` of another process holds the lock for microseconds."""


@contextmanager
def campaign_lock(output: Path, campaign: str) -> Iterator[None]:
    """Hold the campaign for this process; `LockHeld` at once if another process has it.

    The file stays behind on purpose: removing it would let two runs lock two files.
    """
    place = output / campaign / LOCK_FILE
    try:
        output.mkdir(parents=True, exist_ok=True)
        handle = open_to_lock(output, ConfinedPath(folders=(campaign,), name=LOCK_FILE))
    except OSError as error:
        raise LocalFault(f"cannot write to {place.parent}: {error.strerror}") from error
    try:
        try:
            held = _lock(handle)
        except OSError as error:
            raise LocalFault(f"cannot lock {place}: {error.strerror}") from error
        if held is None:
            raise _held_by(os.pread(handle, 1024, 0).decode(errors="replace"), output, campaign)
        handle = held
        with suppress(OSError):  # without the process id, on a full disk, the lock still holds
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n{time.time():.0f}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def note_waiting(output: Path, campaign: str, words: str) -> None:
    """Save what the holder of the lock waits for, for callers that find the campaign locked.

    Empty if it waits for nothing unusual. Errors of the disk are ignored.
    """
    with suppress(OSError):
        place = ConfinedPath(folders=(campaign,), name=LOCK_FILE)
        handle = open_to_lock(output, place)
        try:
            known = os.pread(handle, 1024, 0).decode(errors="replace").splitlines()[:2]
            content = "".join(f"{line}\n" for line in (*known, words) if line).encode()
            os.pwrite(handle, content, 0)
            os.ftruncate(handle, len(content))
        finally:
            os.close(handle)


def _held_by(content: str, output: Path, campaign: str) -> LockHeld:
    """Return the error for a lock that another process holds; it says if that process hangs."""
    process, began, waiting, *_ = [*content.splitlines(), "", "", ""]
    words = f"another run of {campaign} is alive{f' (process {process})' if process else ''}"
    took = time.time() - int(began) if began.isdecimal() else 0.0
    longest = _longest_run(output, campaign) if took >= SHORTEST_OVERLONG else None
    if took < max(SHORTEST_OVERLONG, longest or UNKNOWN_OVERLONG):
        return LockHeld(
            f"{words}; nothing was sent.\n"
            "That run goes on, and `pipeline status` says when it is done"
        )
    before = f"no run before it took longer than {_spoken(longest)}" if longest else ""
    facts = [f"It has been running for {_spoken(took)}", *([before] if before else [])]
    lines = [
        f"{words}, and seems to hang; nothing was sent.",
        f"{', and '.join(facts)}.",
        *([f"It says: {waiting}."] if waiting else []),
        f"To end it  kill {process}   ({ENDING})",
    ]
    return RunHangs("\n".join(lines))


ENDING = "waits for images in flight; a second kill aborts"
SHORTEST_OVERLONG = 900.0
"""Least seconds after which a run counts as hanging, however fast earlier runs were."""
UNKNOWN_OVERLONG = 24 * 3600.0
"""Seconds after which the first run of a campaign counts as hanging."""
_LOOKED_AT = 200


def _longest_run(output: Path, campaign: str) -> float | None:
    """Return the seconds that the longest of the last runs took; `None` if none has ended."""
    seconds = []
    for folder in sorted((output / campaign / "runs").glob("*Z-*"), reverse=True)[:_LOOKED_AT]:
        with suppress(OSError, ValueError):
            began = datetime.strptime(folder.name[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
            written = (folder / "manifest.json").stat().st_mtime
            head = (folder / "manifest.json").open("rb")
            with head:
                if b'"exit_code": null' not in head.read(_HEAD):
                    seconds.append(written - began.timestamp())
    return max(seconds, default=None)


_HEAD = 64 * 1024
"""Number of bytes of a run manifest that contain the facts about the run."""


def _spoken(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min" if minutes else f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min"


def run_is_alive(output: Path, campaign: str) -> bool:
    """Return whether a process holds the campaign's lock now; never waits, writes nothing.

    `LocalFault` if the machine fails: "killed" would be said of a run that is alive.
    """
    place = output / campaign / LOCK_FILE
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise_machine_fault(error, place)
        return False
    try:
        held = try_lock(handle, shared=True)
    except OSError as error:
        raise_machine_fault(error, place)
        return False
    else:
        handle = handle if held is None else held
        return held is None
    finally:
        os.close(handle)


async def is_alive(ledger: Ledger, output: Path, campaign: Slug) -> bool:
    """Return whether a run of a campaign is alive, in this output folder or elsewhere."""
    return run_is_alive(output, campaign) or bool(await ledger.living_runs(campaign))


async def refuse_living(ledger: Ledger, campaign: Slug) -> None:
    """Raise `LockHeld` while a run of a campaign is alive elsewhere; its lock is held here."""
    for other in await ledger.living_runs(campaign):
        raise LockHeld(
            f"a run of {campaign} is alive ({other.shown}); nothing was changed. {other.remedy}"
        )


def _lock(handle: int) -> int | None:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        held = try_lock(handle)
        if held is not None:
            return held
    return None
