"""What is due: the one decision on the next step of a job, from the ledger and the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from pipeline.images.base import ImageStore
from pipeline.model.entry import Entry
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored
from pipeline.model.providers.profile import Caps, Dedupe


class Due(StrEnum):
    """The next step of a job."""

    BUY = "buy"
    """Never requested, or requested and provably not charged."""
    BUY_AGAIN = "buy_again"
    """Failed or lost, and the options of the run allow another try."""
    REPLAY = "replay"
    """In doubt, and the provider honours the idempotency key of its request."""
    FETCH = "fetch"
    """Paid for, not on disk."""
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules by which a run decides what is due."""

    images: ImageStore
    caps: Caps
    now: datetime
    retry_failed: bool = False
    rebuy_lost: bool = False


def rules_now(
    caps: Caps, *, images: ImageStore, retry_failed: bool = False, rebuy_lost: bool = False
) -> Rules:
    """Return the rules by which a run that begins now decides what is due."""
    return Rules(
        images=images,
        caps=caps,
        now=datetime.now(UTC),
        retry_failed=retry_failed,
        rebuy_lost=rebuy_lost,
    )


def what_is_due(entry: Entry | None, rules: Rules, sizes: Mapping[str, int]) -> Due:
    """Return the next step of a job with this history; never a second purchase of one in doubt.

    `sizes` holds the bytes of the stored images that are in the store, by path.
    """
    if entry is not None and entry.is_open:  # in flight, ordered, or left open by a dead run
        replay = entry.rendering and _key_is_young(entry, rules)
        return Due.REPLAY if replay else Due.NOTHING
    if entry is None or entry.outcome is None:
        return Due.BUY
    match entry.outcome:
        case Stored(artifact=artifact):
            there = sizes.get(artifact.path) == artifact.bytes
            return Due.NOTHING if there else Due.FETCH
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


def _key_is_young(entry: Entry, rules: Rules) -> bool:
    if rules.caps.dedupe is not Dedupe.KEY or not entry.purchased:
        return False
    age = rules.now - datetime.fromisoformat(entry.purchased)
    return timedelta(0) <= age < timedelta(seconds=rules.caps.key_age)
