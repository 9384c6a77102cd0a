"""What is due: the one decision on the next step of a job, from the ledger and the disk."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from pipeline.model.entry import Entry
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored
from pipeline.model.provider import Caps


class Due(StrEnum):
    """The next step of a job."""

    BUY = "buy"
    """Never asked, or asked and provably not charged."""
    BUY_AGAIN = "buy_again"
    """Failed or lost, and the person asked for another try."""
    REPLAY = "replay"
    """In doubt, and the provider honours the key that it was asked with."""
    FETCH = "fetch"
    """Paid for, not on disk."""
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How a run decides what is due."""

    output: Path
    caps: Caps
    now: datetime
    retry_failed: bool = False
    rebuy_lost: bool = False


def what_is_due(entry: Entry | None, rules: Rules) -> Due:
    """Return the next step of a job with this history; never a second purchase of one in doubt."""
    if entry is not None and entry.rendering:  # in flight, or left so by a run that died
        return Due.REPLAY if _key_is_young(entry, rules) else Due.NOTHING
    if entry is None or entry.outcome is None:
        return Due.BUY
    match entry.outcome:
        case Stored(artifact=artifact):
            return (
                Due.NOTHING
                if _on_disk(f"{rules.output}/{artifact.path}", artifact.bytes)
                else Due.FETCH
            )
        case PaidLost():
            return Due.BUY_AGAIN if rules.rebuy_lost else Due.NOTHING
        case Paid():
            return Due.FETCH
        case Failed(kind=FailureKind.NOT_SENT):
            return Due.BUY
        case Failed():
            return Due.BUY_AGAIN if rules.retry_failed else Due.NOTHING
        case InDoubt():
            return Due.REPLAY if _key_is_young(entry, rules) else Due.NOTHING
        case _:
            assert_never(entry.outcome)


def _on_disk(place: str, size: int) -> bool:
    try:
        return os.stat(place).st_size == size  # noqa: PTH116  a Path costs more than the look
    except OSError:
        return False


def _key_is_young(entry: Entry, rules: Rules) -> bool:
    if not rules.caps.replays_keys or not entry.purchased:
        return False
    age = rules.now - datetime.fromisoformat(entry.purchased)
    return timedelta(0) <= age < timedelta(seconds=rules.caps.key_age)
