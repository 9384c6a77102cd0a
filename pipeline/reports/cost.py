"""What was spent, by campaign, tag, axis, stage, provider or month: sums of purchases.

Amounts are added only if they are of the same money: play credits, the credits of a provider, and
dollars never are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pipeline.errors import UsageError
from pipeline.model.entry import CampaignRecord, Entry, PurchaseRecord
from pipeline.model.money import FREE, Amount, MoneyFormat, Spent, Unit
from pipeline.model.names import Account
from pipeline.model.outcome import Paid, PaidLost, Stored
from pipeline.suggestions import did_you_mean, listing

_WITH_URL = Stored | Paid | PaidLost
TAG = "tag:"
FIXED = ("campaign", "stage", "provider", "account", "month")
"""What purchases can be grouped by besides tags and axes."""
PLAY_CREDITS = "play credits"
"""The money of the embedded server, which costs nothing; always named beside its amounts."""
NONE = "-"
"""The group of purchases without that tag or axis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostSource:
    """The purchases of one campaign, its tags, and how its accounts write amounts."""

    purchases: Sequence[PurchaseRecord]
    reused: Sequence[PurchaseRecord] = ()
    """Images that cells share with another one: what each would have cost, and when."""
    takes: Mapping[str, int] = field(default_factory=dict)
    """Takes of each stage that is rendered anew if it misses a check: later ones are re-rolls."""
    tags: Mapping[str, str]
    money: Mapping[Account, MoneyFormat]


@dataclass(frozen=True, kw_only=True, slots=True)
class CostRow:
    """The sum of some purchases of one kind of money."""

    group: tuple[str, ...]
    """A value for each of the things that are grouped by."""
    kind: str
    """The kind of money, such as `USD`, `gptimage credits` or `play credits`."""
    money: MoneyFormat | None
    """How the amounts are written; `None` if the purchases have different prices."""
    images: int = 0
    """Purchases that were charged."""
    again: int = 0
    """Those of them that are re-rolls: later rounds, new takes of what missed a check, and repeated
    purchases."""
    saved: Amount = FREE
    """What was not spent because cells share an image."""
    confirmed: Amount = FREE
    in_doubt: Amount = FREE

    def plus(self, other: "CostRow") -> "CostRow":
        """Return the sum of two rows of the same kind of money, as the group of this one."""
        return CostRow(
            group=self.group,
            kind=self.kind,
            money=self.money if self.money == other.money else None,
            images=self.images + other.images,
            again=self.again + other.again,
            saved=Amount(self.saved + other.saved),
            confirmed=Amount(self.confirmed + other.confirmed),
            in_doubt=Amount(self.in_doubt + other.in_doubt),
        )

    def text(self, amount: Amount) -> str:
        """Return an amount for people, with its price if the purchases have the same one."""
        unit = Unit.DOLLARS if self.kind == Unit.DOLLARS else Unit.CREDITS
        return (self.money or MoneyFormat(unit=unit)).text(amount)


def cost_rows(
    sources: Sequence[CostSource], *, by: Sequence[str], since: str, until: str, play: Account
) -> list[CostRow]:
    """Return a row for each group and kind of money, sorted by group.

    Purchases count that were opened from `since` on and before `until`, both ISO 8601; empty means
    no limit. `play` is the account of play money. Raises `UsageError` for an unknown name in `by`.
    """
    rows: dict[tuple[tuple[str, ...], str], CostRow] = {}
    known: set[str] = set()
    for source in sources:
        known |= {f"{TAG}{name}" for name in source.tags}
        both = (((one, False) for one in source.purchases), ((one, True) for one in source.reused))
        for purchase, is_reused in chain(*both):
            axes = dict(purchase.at.axes)
            known |= set(axes)
            if purchase.opened < since or (until and purchase.opened >= until):
                continue
            group = tuple(_value(name, purchase, axes, source.tags) for name in by)
            row = _row(group, purchase, source, play, is_reused=is_reused)
            place = (group, row.kind)
            rows[place] = rows[place].plus(row) if place in rows else row
    for name in by:
        if sources and name not in FIXED and name not in known:
            names = [*FIXED, *sorted(known)]
            hint = did_you_mean(name, names)
            raise UsageError(f"nothing is known by {name!r}{hint}; known: {listing(names)}")
    return [rows[place] for place in sorted(rows)]


def reused_images(record: CampaignRecord) -> Iterator[PurchaseRecord]:
    """Yield the images that cells share with another one, at the price that this one was paid."""
    paid: dict[str, Entry] = {}
    for entry in record.entries.values():
        if entry.key in record.accounts and isinstance(entry.outcome, _WITH_URL):
            paid[entry.outcome.url] = entry
    for entry in record.entries.values():
        if entry.key in record.accounts or not isinstance(entry.outcome, _WITH_URL):
            continue
        payer = paid.get(entry.outcome.url)
        if payer is not None and isinstance(payer.outcome, _WITH_URL):
            yield PurchaseRecord(
                at=entry.at,
                number=1,
                account=record.accounts[payer.key],
                opened=payer.purchased,
                spent=Spent(confirmed=payer.outcome.amount),
            )


def totals_of(rows: Iterable[CostRow]) -> list[CostRow]:
    """Return one sum for each kind of money."""
    totals: dict[str, CostRow] = {}
    for row in rows:
        known = totals.get(row.kind)
        totals[row.kind] = row if known is None else known.plus(row)
    return [totals[kind] for kind in sorted(totals)]


def _row(
    group: tuple[str, ...],
    purchase: PurchaseRecord,
    source: CostSource,
    play: Account,
    *,
    is_reused: bool,
) -> CostRow:
    written = source.money.get(purchase.account, MoneyFormat())
    kind = _kind(purchase.account, written, play)
    if is_reused:
        return CostRow(group=group, kind=kind, money=written, saved=purchase.spent.confirmed)
    charged, at = bool(purchase.spent.confirmed), purchase.at
    anew = purchase.number > 1 or at.round > 1 or at.take > source.takes.get(at.stage, at.take)
    return CostRow(
        group=group,
        kind=kind,
        money=written,
        images=int(charged),
        again=int(charged and anew),
        confirmed=purchase.spent.confirmed,
        in_doubt=purchase.spent.in_doubt,
    )


def _kind(account: Account, money: MoneyFormat, play: Account) -> str:
    if account == play:
        return PLAY_CREDITS
    if money.unit is Unit.DOLLARS:
        return Unit.DOLLARS.value
    return f"{account.partition('@')[0]} credits"


def _value(
    name: str, purchase: PurchaseRecord, axes: Mapping[str, str], tags: Mapping[str, str]
) -> str:
    if name.startswith(TAG):
        return tags.get(name.removeprefix(TAG), NONE)
    match name:
        case "campaign":
            return purchase.at.campaign
        case "stage":
            return purchase.at.stage
        case "provider":
            return purchase.account.partition("@")[0]
        case "account":
            return purchase.account
        case "month":
            return purchase.opened[:7]
        case _:
            return axes.get(name, NONE)
