"""A plan as a person reads it, and as it is kept."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, prod

from pipeline.commands.foresight import Foresight
from pipeline.commands.nextstep import next_step
from pipeline.commands.terminal import clipped, counted, paint, table, width
from pipeline.model.campaign import Review, Size, Stage
from pipeline.model.credits import Credits
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.outline import outline
from pipeline.runs.grid import Row
from pipeline.runs.plans import plan_id
from pipeline.runs.tally import MOST_LISTED, Listed, Tally, count_reasons

MOST_COLUMNS = 8
MOST_CROPS = 6
MINUTE = 60
LONGEST_PRODUCT = 28
_SIGNS = {"+": "green", "=": "dim", "~": "dim", "-": "red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is shown."""

    blueprint: Blueprint
    foresight: Foresight
    limits: Mapping[str, tuple[Credits, Credits]]
    seconds: float | None
    """What an image took in the last run, half of them less; `None` before the first one."""
    concurrency: int

    @property
    def id(self) -> str:
        """Names this very work at this very price."""
        campaign = self.blueprint.campaign
        return plan_id(campaign.sha256, campaign.provider, self.foresight.stages.values())

    @property
    def work(self) -> int:
        """Images that a run would buy or fetch."""
        return sum(one.buying + one.fetching for one in self.foresight.stages.values())


def plan_page(plan: Plan) -> list[str]:
    """The lines of a plan, without its last ones."""
    campaign = plan.blueprint.campaign
    lines = [f"{paint(campaign.slug, 'bold')}  {campaign.file}", _shape(plan.foresight), ""]
    lines += [*_matrix(plan.foresight), "", *_why(plan.foresight), *_stages(plan)]
    if plan.blueprint.profile.play_money:
        lines.append(_fact("Money", "play credits of the embedded server"))
    for scope, (limit, left) in plan.limits.items():
        lines.append(_fact("Budget", _budget(plan, scope, limit, left)))
    return [*lines, *_time(plan), *_crops(plan.blueprint)]


def plan_ending(plan: Plan, arguments: argparse.Namespace) -> list[str]:
    """What comes after a plan; a run can be held to it where it is of all cells."""
    saved = paint(f" Saved as plan {plan.id}.", "dim") if plan.work else ""
    lines = ["", f"Nothing was sent.{saved}"]
    steps = []
    if plan.work:
        held = () if arguments.only else ("--plan", plan.id)
        steps.append(next_step(arguments, "run", *held))
    if waiting := plan.foresight.waiting:
        by_checks = plan.blueprint.campaign.stages[Stage.DRAFT].review is Review.AUTO
        lines.append(f"{counted(waiting, 'cell')} to {'check' if by_checks else 'review'}")
        if not by_checks:
            steps.append(next_step(arguments, "review"))
        elif not steps:
            steps.append(next_step(arguments, "run"))
    for word, step in zip(("Next", "or"), steps, strict=False):
        lines.append(paint(word, "bold") + " " * (6 - len(word)) + step)
    return lines


def plan_record(plan: Plan) -> dict[str, object]:
    """A plan as JSON; lists of images are cut short, what they leave out is counted."""
    gone = plan.foresight.gone
    return {
        "schema": "campaign-pipeline/plan/1",
        "plan": plan.id,
        "campaign": plan.blueprint.campaign.slug,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "stages": {
            stage: {
                "jobs": ahead.jobs,
                "to_buy": [_listed(one) for one in ahead.to_buy],
                "to_buy_more": ahead.buying - len(ahead.to_buy),
                "to_fetch": [one.job for one in ahead.to_fetch],
                "to_fetch_more": ahead.fetching - len(ahead.to_fetch),
                "credits": ahead.credits,
            }
            for stage, ahead in plan.foresight.stages.items()
        },
        "gone": [entry.key for entry in gone[:MOST_LISTED]],
        "gone_more": max(0, len(gone) - MOST_LISTED),
        "finals_at_most": plan.foresight.finals_at_most,
        "limits": {
            scope: {"limit": limit, "left": left} for scope, (limit, left) in plan.limits.items()
        },
        "warnings": [str(finding) for finding in plan.blueprint.warnings],
    }


def _listed(one: Listed) -> dict[str, object]:
    return {"job": one.job, "cell": one.cell, "why": one.why}


def _time(plan: Plan) -> list[str]:
    """How long buying takes, and never less than one image does; downloads take seconds."""
    buying = [one.buying for one in plan.foresight.stages.values()]
    if not plan.seconds or not any(buying):
        return []
    at_once = min(plan.concurrency, max(buying))
    wait = sum(ceil(images / at_once) for images in buying) * plan.seconds
    pace = f"{at_once} at once, {plan.seconds:.1f} s an image in the last run"
    return [_fact("Time", f"about {_duration(wait)} at {pace}")]


def _fact(name: str, text: str) -> str:
    return f"  {name:<8} {text}"


def _shape(foresight: Foresight) -> str:
    grid = foresight.grid
    counts = [(len(ids), axis) for axis, ids in grid.axes.items()]
    sizes = " × ".join(counted(count, axis) for count, axis in counts)
    whole = prod(count for count, _ in counts) == grid.cells
    each = f", {counted(grid.takes, 'take')} each" if grid.takes > 1 else ""
    return f"{sizes}{' = ' if whole else ', '}{counted(grid.cells, 'cell')}{each}"


def _matrix(foresight: Foresight) -> list[str]:
    """Products down, sizes across: new images; `=` is settled, `~` is shared with another cell.

    It is of the first stage, and says of which.
    """
    grid = foresight.grid
    if not grid.rows:
        return []
    named = {product: clipped(product, LONGEST_PRODUCT) for product in grid.rows}
    rows = [
        [named[product], *(_square(row, size) for size in grid.sizes), *_sums(row)]
        for product, row in grid.rows.items()
    ]
    head = [f"{next(iter(foresight.stages))}s", *grid.sizes, "new", "credits"]
    shown = min(len(grid.sizes), MOST_COLUMNS)
    lines = _laid_out(head, rows, shown)
    while shown > 1 and max(map(len, lines)) > width() - 2:
        shown -= 1
        lines = _laid_out(head, rows, shown)
    text = [f"  {paint(lines[0], 'dim')}", *(f"  {line}" for line in lines[1:])]
    if grid.hidden:
        text.append(f"  … and {counted(grid.hidden, 'more product')}")
    if shown < len(grid.sizes):
        text.append(f"  … and {counted(len(grid.sizes) - shown, 'more size')}, counted in new")
    return text


def _laid_out(head: Sequence[str], rows: Sequence[Sequence[str]], sizes: int) -> list[str]:
    """The table with its first columns only."""
    cut = [[*row[: sizes + 1], *row[-2:]] for row in (head, *rows)]
    return table(cut, right=frozenset(range(1, sizes + 3)))


def _square(row: Row, size: str) -> str:
    square = row.squares.get(size)
    if square is None:
        return "·"
    if square.new:
        return f"{square.new:,}"
    return f"{'~' if square.shared == square.images else '='}{square.images:,}"


def _sums(row: Row) -> tuple[str, str]:
    return f"{row.new:,}", f"{row.credits:,}"


def _why(foresight: Foresight) -> list[str]:
    tallies = [*foresight.stages.values()]
    facts = [("+", count, str(why)) for why, count in count_reasons(tallies)]
    facts.append(("=", sum(one.on_disk for one in tallies), "on disk"))
    facts.append(("~", sum(one.shared for one in tallies), "shared, paid under another cell"))
    facts.append(("-", len(foresight.gone), "no longer asked for, files kept"))
    facts = [fact for fact in facts if fact[1]]
    room = max((len(f"{count:,}") for _, count, _ in facts), default=0)
    lines = []
    for sign, count, words in facts:
        number = f"{sign} {count:>{room},}"
        lines.append(f"  {paint(number, _SIGNS[sign]) if sign in _SIGNS else number} {words}")
    return [*lines, ""] if lines else []


def _stages(plan: Plan) -> list[str]:
    stages = plan.foresight.stages
    at_most = _finals_left(plan.foresight)
    prices = {stage: _price(plan, stage) for stage in stages}
    work = {stage: f"{one.buying:,} × {prices[stage]}" for stage, one in stages.items()}
    most = _most(at_most, prices.get(Stage.FINAL))
    wide = max(map(len, (most, *work.values())))
    room = max(
        [7, *(len(f"{sum_:,}") for sum_ in (at_most, *(s.credits for s in stages.values())))]
    )
    lines = []
    for stage, ahead in stages.items():
        quality = plan.blueprint.campaign.stages[stage].quality
        name = f"{stage.capitalize()}s"
        line = f"{quality:<7} {work[stage]:<{wide}} "
        money = f"{ahead.credits:>{room},} credits"
        more = stage is Stage.FINAL and at_most > ahead.credits
        if ahead.jobs or not more:
            lines.append(_fact(name, line + paint(money, "bold") + _also(ahead)))
        if more:
            start = f"{quality:<7}" if not ahead.jobs else f"{'':<7}"
            money = f"{at_most:>{room},} credits"
            line = f"{start} {most:<{wide}} {money}  {paint(_who_chooses(plan), 'dim')}"
            lines.append(_fact("" if ahead.jobs else name, line))
    return lines


def _finals_left(foresight: Foresight) -> Credits:
    """The most that finals can still cost: those of every cell, without what is paid."""
    ahead = foresight.stages.get(Stage.FINAL)
    paid = ahead.worth - ahead.credits if ahead else 0
    return Credits(foresight.finals_at_most - paid)


def _most(at_most: Credits, price: Credits | None) -> str:
    """`up to 50 × 12`; where some cells have another quality, no such number can be told."""
    if not price or at_most % price:
        return "up to"
    return f"up to {at_most // price:,} × {price}"


def _budget(plan: Plan, scope: str, limit: Credits, left: Credits) -> str:
    """What is left, and how much of the work it does not pay for."""
    due = sum(one.credits for one in plan.foresight.stages.values())
    told = f"{left:,} of {limit:,} credits left for the {scope}"
    if due <= left:
        return told
    short = f"{counted(due - left, 'credit')} short: a run stops there"
    return f"{told}, {paint(short, 'yellow')}"


def _price(plan: Plan, stage: Stage) -> Credits:
    return plan.blueprint.profile.price(plan.blueprint.campaign.stages[stage].quality)


def _who_chooses(plan: Plan) -> str:
    draft = plan.blueprint.campaign.stages.get(Stage.DRAFT)
    match draft.review if draft else Review.NONE:
        case Review.HUMAN:
            return "for what review approves"
        case Review.AUTO:
            return "for what the checks approve"
        case Review.NONE:
            return "in all, bought unseen"


def _also(ahead: Tally) -> str:
    facts = []
    if ahead.done:
        facts.append(f"{ahead.done:,} on disk or settled")
    if ahead.fetching:
        facts.append(f"{ahead.fetching:,} to fetch, paid")
    return f"  {', '.join(facts)}" if facts else ""


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < MINUTE else f"{minutes // 60:,} h {minutes % 60} min"


def _crops(blueprint: Blueprint) -> list[str]:
    crops = outline(blueprint).crops[:MOST_CROPS]
    names = table([(size.id, _pixels(size)) for size in crops]) if crops else []
    return [
        _fact("Crop", f"{name}  keeps {size.kept:.1%} of a {size.ratio}")
        for name, size in zip(names, crops, strict=True)
    ]


def _pixels(size: Size) -> str:
    return "×".join(str(side) for side in size.pixels or (0, 0))
