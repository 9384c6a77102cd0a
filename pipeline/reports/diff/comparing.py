"""Comparing two run manifests of a campaign."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple, assert_never

from pipeline.errors import UsageError
from pipeline.model.money import FREE, Amount
from pipeline.model.names import CellName, Stage
from pipeline.model.run import RunId
from pipeline.model.verdict import Decision, Verdict
from pipeline.prompts.word_changes import WordChange
from pipeline.reports.diff.request_changes import Aspect, AspectChange, request_changes
from pipeline.reports.diff.shown_run import Place, ShownImage, ShownRun
from pipeline.reports.totals import PAID
from pipeline.suggestions import listing


class Kind(StrEnum):
    """What happened to an image between two runs."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"
    """Another request at the same place: bought anew, or due."""
    AGAIN = "bought again"
    """The same request, with another picture."""
    ARRIVED = "arrived"
    """The same request, which had no picture."""
    STATUS = "status"
    """The same request and no new picture: another status, such as failed or in doubt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageChange:
    """An image that differs between two runs."""

    kind: Kind
    before: ShownImage | None
    after: ShownImage | None
    changes: tuple[AspectChange, ...] = ()
    cause: str = ""
    """Why it was bought, in words that several images share."""
    bought: bool = False
    """True if the later image was paid for since the earlier run, on the later one's account."""

    @property
    def cost(self) -> Amount:
        """What it cost since the earlier run."""
        return self.after.amount if self.bought and self.after is not None else FREE

    @property
    def shown(self) -> ShownImage:
        """The later image, or the earlier one if it is gone."""
        image = self.after or self.before
        if image is None:
            raise ValueError("a change has an image on at least one side")
        return image


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictChange:
    """A verdict that differs between two runs, in words such as `approved, take 2`."""

    cell: CellName
    stage: Stage
    before: str
    after: str
    note: str
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileChange:
    """An ad file that is added, gone, or made anew of the same image."""

    cell: CellName
    name: str
    """Placement, with its format if there are several."""
    kind: Kind
    words: tuple[WordChange, ...] = ()
    """Changed words of its overlay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseCost:
    """What was bought for one reason."""

    cause: str
    images: int
    amount: Amount


@dataclass(frozen=True, kw_only=True, slots=True)
class RunDiff:
    """Everything that differs between two runs of one campaign."""

    before: ShownRun
    after: ShownRun
    settings: tuple[str, ...]
    """Facts of the whole run that changed: provider, account, feeds, tags."""
    images: tuple[ImageChange, ...]
    verdicts: tuple[VerdictChange, ...]
    ad_files: tuple[AdFileChange, ...]
    costs: tuple[CauseCost, ...]
    """What was bought on the account of the later run; the amounts add up to `total`."""
    total: Amount
    in_doubt: Amount
    """By how much the amount in doubt grew; negative if doubts were settled."""

    def of(self, kind: Kind) -> tuple[ImageChange, ...]:
        """Return the images to which one thing happened."""
        return tuple(one for one in self.images if one.kind is kind)


def compare_runs(before: ShownRun, after: ShownRun) -> RunDiff:
    """Return what differs; `UsageError` if the runs are of two campaigns."""
    if before.campaign != after.campaign:
        raise UsageError(f"{before.file} is of {before.campaign}, {after.file} of {after.campaign}")
    images = tuple(_images(before, after))
    total, in_doubt = _spent_since(before, after)
    return RunDiff(
        before=before,
        after=after,
        settings=tuple(_settings(before, after)),
        images=images,
        verdicts=tuple(_verdicts(before, after)),
        ad_files=tuple(_ad_files(before, after)),
        costs=_costs(images, total),
        total=total,
        in_doubt=in_doubt,
    )


def _settings(before: ShownRun, after: ShownRun) -> Iterator[str]:
    if before.account != after.account:
        yield f"account {before.account} → {after.account}"
    for name in dict.fromkeys((*before.feeds, *after.feeds)):
        old, new = before.feeds.get(name), after.feeds.get(name)
        if old != new:
            verb = "added" if old is None else "removed" if new is None else "changed"
            yield f"feed {name} {verb}"
    for name in dict.fromkeys((*before.tags, *after.tags)):
        was, now = before.tags.get(name), after.tags.get(name)
        if was is None or now is None:
            yield f"tag {name}={was or now} {'removed' if now is None else 'added'}"
        elif was != now:
            yield f"tag {name} {was} → {now}"


def _images(before: ShownRun, after: ShownRun) -> Iterator[ImageChange]:
    older = {image.job: image for image in before.images.values()}
    newer = {image.job: image for image in after.images.values()}
    stages = {place[:2] for place in before.images}
    places: dict[Place, None] = dict.fromkeys((*after.images, *before.images))
    for place in places:
        old, new = before.images.get(place), after.images.get(place)
        if old is None or new is None:
            kind = Kind.ADDED if old is None else Kind.GONE
            changes: tuple[AspectChange, ...] = ()
        elif old.job != new.job:
            kind, changes = (
                Kind.CHANGED,
                tuple(
                    request_changes(old, new, before=before, after=after, older=older, newer=newer)
                ),
            )
        elif old.sha256 != new.sha256 and new.sha256:
            kind, changes = (Kind.AGAIN if old.sha256 else Kind.ARRIVED), ()
        elif old.status is not new.status:
            kind, changes = Kind.STATUS, ()
        else:
            continue
        yield ImageChange(
            kind=kind,
            before=old,
            after=new,
            changes=changes,
            cause=_cause(kind, changes, new, staged=place[:2] in stages),
            bought=new is not None and _is_bought(new, older.get(new.job), before, after),
        )


def _cause(
    kind: Kind, changes: Sequence[AspectChange], new: ShownImage | None, *, staged: bool
) -> str:
    """Return why an image was bought; `staged`: its cell had images of this stage before."""
    match kind:
        case Kind.ADDED if staged:
            return "more takes"
        case Kind.ADDED if new is not None and new.stage is Stage.FINAL:
            return "finals"
        case Kind.ADDED:
            return "added cells"
        case Kind.CHANGED:
            aspects = dict.fromkeys(one.aspect for one in changes)
            if [*aspects] == [Aspect.ROUND]:
                return "another round"
            return f"changed {listing(aspects, last='and')}"
        case Kind.AGAIN:
            return "bought again"
        case Kind.ARRIVED | Kind.STATUS:
            return "due before, bought now"
        case Kind.GONE:
            return ""
        case _:
            assert_never(kind)


def _is_bought(
    image: ShownImage, older: ShownImage | None, before: ShownRun, after: ShownRun
) -> bool:
    """Return whether an image was paid for since the earlier run, on the later one's account."""
    if image.shared_with is not None or image.status not in PAID:
        return False
    run = image.runs[-1] if image.runs else RunId("")
    account, _ = after.run_sums.get(run, (after.account, None))
    if account != after.account:
        return False
    if older is not None and older.status not in PAID:
        return True
    if run and before.run_sums:
        return run != before.id and run not in before.run_sums
    return older is None


def _spent_since(before: ShownRun, after: ShownRun) -> tuple[Amount, Amount]:
    """Return what the campaign spent since the earlier run on the account of the later one."""
    if before.account == after.account:
        confirmed, in_doubt = before.spent.confirmed, before.spent.in_doubt
    else:
        known = {before.id, *before.run_sums}
        earlier = [
            spent
            for run, (account, spent) in after.run_sums.items()
            if run in known and account == after.account
        ]
        confirmed = Amount(sum(one.confirmed for one in earlier))
        in_doubt = Amount(sum(one.in_doubt for one in earlier))
    spent = after.spent
    return Amount(spent.confirmed - confirmed), Amount(spent.in_doubt - in_doubt)


REST = "no longer shown (replaced, gone, settled)"


def _costs(images: Sequence[ImageChange], total: Amount) -> tuple[CauseCost, ...]:
    causes: dict[str, list[int]] = {}
    for one in images:
        if one.bought:
            sums = causes.setdefault(one.cause, [0, 0])
            sums[0] += 1
            sums[1] += one.cost
    costs = [
        CauseCost(cause=cause, images=count, amount=Amount(amount))
        for cause, (count, amount) in causes.items()
    ]
    rest = total - sum(one.amount for one in costs)
    if rest:
        costs.append(CauseCost(cause=REST, images=0, amount=Amount(rest)))
    return tuple(costs)


def _verdicts(before: ShownRun, after: ShownRun) -> Iterator[VerdictChange]:
    cells = dict.fromkeys(image.cell for image in after.images.values())
    for place in ((cell, stage) for cell in cells for stage in Stage):
        old, new = before.verdicts.get(place), after.verdicts.get(place)
        was, now = _standing(old, before), _standing(new, after)
        notes = [verdict.note if verdict else "" for verdict in (old, new)]
        anew = _is_anew(old, new)
        if was == now and notes[0] == notes[1] and not anew:
            continue
        again = " anew" if anew and was == now else ""
        yield VerdictChange(
            cell=place[0],
            stage=place[1],
            before=_in_words(was, several=_is_plural(place, before)),
            after=_in_words(now, several=_is_plural(place, after)) + again,
            note=notes[1],
            by=new.by if new else "",
        )


class _Standing(NamedTuple):
    """What a verdict means in a run."""

    decision: Decision
    number: int
    """The approved take, or the round to be redone; else 0."""
    holds: bool


def _standing(verdict: Verdict | None, run: ShownRun) -> _Standing:
    if verdict is None or verdict.decision is Decision.UNDECIDED:
        return _Standing(Decision.UNDECIDED, 0, holds=True)
    if verdict.decision is Decision.REDO:
        return _Standing(verdict.decision, verdict.round, holds=True)
    image = run.images.get((verdict.cell, verdict.stage, verdict.take))
    same = (
        image is not None
        and image.job == verdict.job
        and (not verdict.sha256 or image.sha256 in {"", verdict.sha256})
    )
    take = verdict.take if verdict.decision is Decision.APPROVED else 0
    return _Standing(verdict.decision, take, holds=same)


def _is_anew(old: Verdict | None, new: Verdict | None) -> bool:
    """Return whether a person gave the same verdict once more, on another picture."""
    if old is None or new is None or new.by == "auto":
        return False
    return old.at != new.at and (old.job, old.sha256) != (new.job, new.sha256)


def _is_plural(place: tuple[CellName, Stage], run: ShownRun) -> bool:
    return (*place, 2) in run.images


def _in_words(standing: _Standing, *, several: bool) -> str:
    decision, number, holds = standing
    lapsed = "" if holds else ", but no longer holds"
    match decision:
        case Decision.APPROVED:
            take = f", take {number}" if several or number > 1 else ""
            return f"approved{take}{lapsed}"
        case Decision.REJECTED:
            return f"rejected{lapsed}"
        case Decision.REDO:
            return f"redo of round {number}"
        case Decision.UNDECIDED:
            return "undecided"
        case _:
            assert_never(decision)


def _ad_files(before: ShownRun, after: ShownRun) -> Iterator[AdFileChange]:
    """Yield the ad files that differ although their image is the same.

    A run lists those of the cells that it was asked for, and none if it ends early: so an image
    without any says nothing.
    """
    for place, new in after.images.items():
        old = before.images.get(place)
        if old is None or not old.ad_files or not new.ad_files:
            continue
        if old.job != new.job or old.sha256 != new.sha256:
            continue
        words = tuple(_overlay_words(old, new))
        for name in dict.fromkeys((*new.ad_files, *old.ad_files)):
            was, now = old.ad_files.get(name), new.ad_files.get(name)
            if was != now:
                kind = Kind.ADDED if was is None else Kind.GONE if now is None else Kind.CHANGED
                told = words if kind is Kind.CHANGED else ()
                yield AdFileChange(cell=new.cell, name=name, kind=kind, words=told)


def _overlay_words(old: ShownImage, new: ShownImage) -> Iterator[WordChange]:
    if old.overlay is not None and new.overlay is not None:
        for was, now in zip_longest(old.overlay, new.overlay, fillvalue=""):
            if was != now:
                yield WordChange(before=was, after=now)
