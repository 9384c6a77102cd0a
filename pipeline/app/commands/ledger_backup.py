"""Backing up the ledger, restoring it from a backup, and copying it to another kind."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import ledger_in, require_ledger
from pipeline.app.run.facts import utc_stamp
from pipeline.errors import UsageError
from pipeline.ledger.place import LEDGER_FILE, LedgerCopy, RestoredLedger, is_shared
from pipeline.ledger.registry import back_up_ledger, copy_ledger, restore_ledger
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import LOCK_FILE, campaign_lock
from pipeline.state.output.lost_runs import all_lost_runs
from pipeline.state.upkeep.backups import BackupRecord, note_backup


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreReport:
    """A restored ledger, and what the runs beside it bought since its backup."""

    restored: RestoredLedger
    lost: tuple[str, ...]
    """A message for each campaign with runs that the backup does not have."""


def back_up(file: Path, settings: Settings) -> LedgerCopy:
    """Copy the ledger to a file, also during a run, and record that this was done."""
    require_ledger(settings.output)
    output = open_output(settings.output)
    copy = back_up_ledger(output, file)
    record = BackupRecord(
        at=utc_stamp(), file=str(file.absolute()), ledger=copy.name, writes=copy.commits
    )
    note_backup(output, record)
    return copy


def restore(file: Path, settings: Settings) -> RestoreReport:
    """Put a backup in the place of a ledger that is lost or damaged.

    Compares it with the runs beside it: what they bought since the backup must not be forgotten.
    `LockHeld` while a run of any campaign is alive.
    """
    output = open_output(settings.output)
    with ExitStack() as locks:
        for place in sorted(output.glob(f"*/{LOCK_FILE}")):
            locks.enter_context(campaign_lock(output, place.parent.name))
        aside = f".replaced-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
        restored = restore_ledger(output, file, aside=aside)
        lost = run_in_loop(_lost(output))
    return RestoreReport(restored=restored, lost=tuple(lost))


SHARED = "PIPELINE_LEDGER"
"""The word for the ledger that several machines share; its address is never an argument."""


def copy(source: str, target: str, settings: Settings) -> int:
    """Copy a ledger between a file and the database of PIPELINE_LEDGER; return the job count.

    Whole or not at all. `LockHeld` while a run of any campaign is alive, `UsageError` unless one
    of the two is the word PIPELINE_LEDGER and the target is new.
    """
    if (source == SHARED) == (target == SHARED) or not is_shared():
        raise UsageError(
            f"one of the two has to be the word {SHARED}, which has to be set, and the other one "
            f"a file; nothing was copied.\nNext  pipeline ledger copy output/{LEDGER_FILE} {SHARED}"
        )
    output = open_output(settings.output)
    with ExitStack() as locks:
        for place in sorted(output.glob(f"*/{LOCK_FILE}")):
            locks.enter_context(campaign_lock(output, place.parent.name))
        files = [None if one == SHARED else Path(one) for one in (source, target)]
        return copy_ledger(*files)


async def _lost(output: Path) -> list[str]:
    async with ledger_in(output, read_only=True) as ledger:
        return await all_lost_runs(ledger, output)
