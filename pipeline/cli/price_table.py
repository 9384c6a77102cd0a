"""The prices of a campaign with every provider, model and quality, as a table."""

from collections.abc import Sequence

from pipeline.app.commands.compare import PriceRow, PriceTable, StageCost
from pipeline.cli.terminal import counted, paint, table
from pipeline.model.money import MoneyFormat, Unit
from pipeline.model.names import Stage
from pipeline.model.providers.profile import BASE_QUALITIES

_NONE = "–"


def price_lines(prices: PriceTable) -> list[str]:
    """Return the lines of the table: what is likely, and what a run reserves beyond it."""
    campaign = prices.loaded.campaign
    counts = [
        f"{counted(count, 'image')} as {stage}s"
        for stage, count in ((Stage.DRAFT, prices.drafts), (Stage.FINAL, prices.finals))
        if count
    ]
    lines = [f"{paint(campaign.slug, 'bold')}  {campaign.file}", f"  {', '.join(counts)}", ""]
    head, *rows = table(
        [_head(prices), *([_label(row), *_costs(row, prices)] for row in prices.rows)],
        right=frozenset(range(1, 2 + len(BASE_QUALITIES))),
    )
    lines.append(paint(f"  {head}", "bold"))
    provider, longest = "", max(map(len, map(_label, prices.rows)), default=0)
    for line, row in zip(rows, prices.rows, strict=True):
        if row.provider != provider:
            provider = row.provider
            lines.append(f"  {provider}")
        shown = f"{'>' if row.chosen else ' '} {line}".rstrip()
        if row.refused:
            shown = paint(f"{shown.ljust(longest + 2)}  {row.refused}", "dim")
        lines.append(paint(shown, "bold") if row.chosen else shown)
    return [*lines, "", *_notes(prices)]


def _head(prices: PriceTable) -> list[str]:
    draft = prices.loaded.campaign.stages.get(Stage.DRAFT)
    drafts = [f"Drafts {draft.quality}"] if draft is not None and prices.drafts else []
    first, *others = BASE_QUALITIES
    return ["", *drafts, *([f"Finals {first}", *others] if prices.finals else [])]


def _label(row: PriceRow) -> str:
    return "    in batches" if row.batch else f"  {row.model}"


def _costs(row: PriceRow, prices: PriceTable) -> list[str]:
    drafts, finals = [row.drafts] if prices.drafts else [], row.finals or {}
    costs = [*drafts, *(map(finals.get, BASE_QUALITIES) if prices.finals else [])]
    return ["" if row.refused else _about(cost, row.money) for cost in costs]


def _about(cost: StageCost | None, money: MoneyFormat) -> str:
    if cost is None:
        return _NONE
    sum_ = money.about(cost.likely) if money.unit is Unit.DOLLARS else money.text(cost.likely)
    return f"{sum_} ?" if cost.is_guess else f"{sum_}  " if money.unit is Unit.DOLLARS else sum_


def _notes(prices: PriceTable) -> Sequence[str]:
    """Return what the amounts are, and by how much a run may reserve more."""
    every = [cost for row in prices.rows for cost in (row.drafts, *(row.finals or {}).values())]
    costs = [cost for cost in every if cost is not None and cost.likely]
    notes = ["Likely prices of all images, stored or not; new rounds and takes cost more."]
    known = [cost.at_most / cost.likely for cost in costs if not cost.is_guess]
    if max(known, default=1.0) > 1:
        times = f"{max(known):.2f}"
        notes.append(
            f"By tokens, a run reserves up to {times} times as much, and pays what is used."
        )
    if any(cost.is_guess for cost in costs):
        notes.append("?  no prices by image are published for this model: three times is reserved.")
    if any(row.chosen for row in prices.rows):
        notes.append(">  what the file asks for.")
    return [*notes, "Nothing was sent."]
