"""A plan as text."""

from collections.abc import Sequence
from math import ceil, prod

from pipeline.adfiles.expected_extension import expected_extensions, strips_without_overlay
from pipeline.app.commands.plan import Plan, plan_steps
from pipeline.app.options import CampaignOptions
from pipeline.app.run.spending import what_finals_are
from pipeline.campaign.loading import LoadedCampaign
from pipeline.cli.terminal import breadth, clipped, counted, paint, table, width, wrapped
from pipeline.model.campaign import Review
from pipeline.model.money import Amount, MoneyFormat, Unit
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.reports.diff.planned_changes import PlannedChange
from pipeline.state.budgets import BudgetLeft
from pipeline.state.preview import GridRow, Preview, SizeGrid
from pipeline.state.saved_plans import DueReason
from pipeline.state.work_ahead import WorkAhead
from pipeline.suggestions import listing

MOST_COLUMNS = 8
MOST_LINES = 60
"""Most lines of the matrix; a larger one shows the first sizes, and counts the others."""
MOST_EXTENSIONS = 6
MOST_SHARED = 5
MOST_CHANGES = 6
MINUTE = 60
LONGEST_PRODUCT = 28
_SIGNS = {"+": "green", "=": "dim", "~": "dim", "-": "red", "?": "yellow"}


def plan_page(plan: Plan) -> list[str]:
    """Return the lines of a plan, without its ending."""
    campaign = plan.loaded.campaign
    lines = [f"{paint(campaign.slug, 'bold')}  {campaign.file}", _shape(plan.preview), ""]
    lines += [
        *_matrix(plan.preview, campaign.money),
        "",
        *_why(plan),
        *_stages(plan),
    ]
    lines += _shared_redos(plan.preview)
    if plan.loaded.campaign.batch:
        lines.append(_fact("Batch", "half price; made within 24 hours, collected by a later run"))
    lines += _lapsed(plan.preview)
    if plan.loaded.profile.play_money:
        lines.append(_fact("Money", "play credits of the embedded server"))
    lines += [_fact("Budget", _budget(plan, budget)) for budget in plan.budgets]
    return [*lines, *_time(plan), *_extensions(plan.loaded)]


def plan_ending(plan: Plan, options: CampaignOptions) -> list[str]:
    """Return the last lines of a plan: nothing was sent, what waits, and the next commands."""
    saved = paint(f" Saved as plan {plan.id}.", "dim") if plan.work else ""
    lines = ["", f"Nothing was sent.{saved}"]
    if waiting := plan.preview.waiting:
        verb = "check" if plan.is_auto_reviewed else "review"
        lines.append(f"{counted(waiting, 'cell')} to {verb}")
    for word, step in zip(("Next", "or", "or"), plan_steps(plan, options), strict=False):
        lines.append(paint(word, "bold") + " " * (6 - len(word)) + step)
    return lines


def _shared_redos(preview: Preview) -> list[str]:
    """Return lines about the cells that share an image with one that is redone."""
    lines = []
    for one in preview.shared_redos[:MOST_SHARED]:
        if one.decision is Decision.REDO:
            text = f"{one.cell} gets the new image of {one.redone} as well"
        else:
            text = f"{one.cell} is {one.decision} and keeps the old image, unlike {one.redone}"
        lines.append(_fact("Shared", text))
    if len(preview.shared_redos) > MOST_SHARED:
        lines.append(_fact("", f"and {len(preview.shared_redos) - MOST_SHARED} more cells"))
    return lines


def _lapsed(preview: Preview) -> list[str]:
    """Return lines about approvals that no longer hold, so that no final is bought for them."""
    reasons: dict[str, list[str]] = {}
    for one in preview.stale:
        reasons.setdefault(one.reason, []).append(one.cell)
    lines = []
    for reason, cells in reasons.items():
        hold = "holds" if len(cells) == 1 else "hold"
        named = listing(cells[:MOST_SHARED], last="and")
        if len(cells) > MOST_SHARED:
            named = f"{', '.join(cells[:MOST_SHARED])} and {len(cells) - MOST_SHARED:,} more"
        why = reason if len(cells) == 1 else reason.replace("its ", "the ")
        text = f"{counted(len(cells), 'approval')} no longer {hold}: {why} ({named})"
        lines.append(_fact("Lapsed", paint(text, "yellow")))
    return lines


def _time(plan: Plan) -> list[str]:
    """Return a line with the time that buying takes; downloads take seconds and are left out.

    What is ordered in batches takes as long as its provider likes.
    """
    buying = [one.buying for one in plan.preview.stages.values()]
    if not plan.seconds or not any(buying) or plan.loaded.campaign.batch:
        return []
    at_once = min(plan.concurrency, max(buying))
    wait = sum(ceil(images / at_once) for images in buying) * plan.seconds
    pace = f"{at_once} at once, {plan.seconds:.1f} s an image in the last run"
    return [_fact("Time", f"about {_duration(wait)} at {pace}")]


def _fact(name: str, text: str) -> str:
    return f"  {name:<8} {text}"


def _shape(preview: Preview) -> str:
    grid = preview.grid
    counts = [(len(ids), axis) for axis, ids in grid.axes.items()]
    sizes = " × ".join(counted(count, axis) for count, axis in counts)
    whole = prod(count for count, _ in counts) == grid.cells
    each = f", {counted(grid.takes, 'take')} each" if grid.takes > 1 else ""
    return f"{sizes}{' = ' if whole else ', '}{counted(grid.cells, 'cell')}{each}"


def _matrix(preview: Preview, money: MoneyFormat) -> list[str]:
    """Return a table of the first stage's new images, with a row per product, a column per size.

    `=` marks images that are not bought, `~` images that another cell pays for. Sizes that do not
    fit beside each other follow below; if that takes too many lines, they are only counted.
    """
    grid = preview.grid
    if not grid.rows:
        return []
    named = {product: clipped(product, LONGEST_PRODUCT) for product in grid.rows}
    rows = [
        [named[product], *(_square(row, size) for size in grid.sizes), *_sums(row, money)]
        for product, row in grid.rows.items()
    ]
    head = [f"{next(iter(preview.stages))}s", *grid.sizes, "new", money.heading.lower()]
    blocks = _blocks(head, rows)
    if len(blocks) * (len(rows) + 2) > MOST_LINES and len(blocks) > 1:
        blocks = [_laid_out(head, rows, range(_fitting(head, rows, 0, sums=True)), sums=True)]
        counts = ", ".join(f"{size} {new:,}" for size, new in _new_by_size(grid).items())
        more = wrapped(f"  New by size: {counts}", width() - 2, indent="    ")
    else:
        more = []
    text = []
    for number, (first, *rest) in enumerate(blocks):
        text += ["", f"  {paint(first, 'dim')}"][number == 0 :]
        text += [f"  {line}" for line in rest]
    if grid.hidden:
        text.append(f"  … and {counted(grid.hidden, 'more product')}")
    return [*text, *more]


def _new_by_size(grid: SizeGrid) -> dict[str, int]:
    return {
        size: sum(row.squares[size].new for row in grid.rows.values() if size in row.squares)
        for size in grid.sizes
    }


def _blocks(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return tables with all sizes, as many beside each other as fit; the last has the sums."""
    blocks, first, count = [], 0, len(head) - 3
    while True:
        fitting = _fitting(head, rows, first, sums=True)
        last = first + fitting >= count
        if not last:
            fitting = _fitting(head, rows, first, sums=False)
            last = False
        sizes = range(first, min(count, first + fitting))
        blocks.append(_laid_out(head, rows, sizes, sums=last))
        first = sizes.stop
        if last:
            return blocks


def _fitting(head: Sequence[str], rows: Sequence[Sequence[str]], first: int, *, sums: bool) -> int:
    """Return how many sizes from this one on fit beside each other; at least one."""
    shown = min(len(head) - 3 - first, MOST_COLUMNS)
    while shown > 1:
        lines = _laid_out(head, rows, range(first, first + shown), sums=sums)
        if max(map(breadth, lines)) <= width() - 2:
            break
        shown -= 1
    return max(shown, 0)


def _laid_out(
    head: Sequence[str], rows: Sequence[Sequence[str]], sizes: range, *, sums: bool
) -> list[str]:
    """Return the table with only some of its size columns."""
    ends = [-2, -1] if sums else []
    cut = [
        [row[0], *row[sizes.start + 1 : sizes.stop + 1], *(row[end] for end in ends)]
        for row in (head, *rows)
    ]
    return table(cut, right=frozenset(range(1, len(cut[0]))))


def _square(row: GridRow, size: str) -> str:
    square = row.squares.get(size)
    if square is None:
        return "·"
    if square.new:
        return f"{square.new:,}"
    return f"{'~' if square.shared == square.images else '='}{square.images:,}"


def _sums(row: GridRow, money: MoneyFormat) -> tuple[str, str]:
    return f"{row.new:,}", money.bare(row.amount)


def _why(plan: Plan) -> list[str]:
    preview, stages = plan.preview, [*plan.preview.stages.values()]
    facts = [("+", count, str(why)) for why, count in preview.reasons.items()]
    facts.append(("=", sum(one.stored for one in stages), "on disk"))
    facts.append(("?", sum(one.in_doubt for one in stages), "in doubt, not bought again"))
    facts.append(
        ("~", sum(one.shared for one in stages), "shared with another cell, not bought twice")
    )
    facts.append(("-", len(preview.gone), "of an earlier round, prompt or cell, files kept"))
    facts = [fact for fact in facts if fact[1]]
    room = max((len(f"{count:,}") for _, count, _ in facts), default=0)
    lines = []
    for sign, count, words in facts:
        number = f"{sign} {count:>{room},}"
        images = "image: " if count == 1 else "images:"
        lines.append(
            f"  {paint(number, _SIGNS[sign]) if sign in _SIGNS else number} {images} {words}"
        )
        if words == DueReason.CHANGED:
            lines += [_changed(one, room) for one in plan.changes[:MOST_CHANGES]]
            if len(plan.changes) > MOST_CHANGES:
                lines.append(f"{'':{room + 5}}and {len(plan.changes) - MOST_CHANGES} more changes")
    return [*lines, ""] if lines else []


def _changed(one: PlannedChange, room: int) -> str:
    """Return what changed in some images: `headline "A" → "B" (4)`."""
    return f"{'':{room + 5}}{one.text} ({one.images:,})"


def _stages(plan: Plan) -> list[str]:
    stages, money = plan.preview.stages, plan.loaded.campaign.money
    at_most = _finals_left(plan.preview)
    prices = {stage: _price(plan, stage) for stage in stages}
    work = {
        stage: counted(one.buying, "image") + _each(prices[stage], money)
        for stage, one in stages.items()
    }
    most = _most(at_most, prices.get(Stage.FINAL), money)
    wide = max(map(len, (most, *work.values())))
    unit = f" {money.unit}" if money.unit is Unit.CREDITS else ""
    sums = (at_most, *(ahead.amount for ahead in stages.values()))
    room = max(7, *(len(money.number(one)) for one in sums))
    lines = []
    for stage, ahead in stages.items():
        quality = plan.loaded.campaign.stages[stage].quality
        name = f"{stage.capitalize()}s"
        line = f"{quality:<7} {work[stage]:<{wide}} "
        cost = f"{money.number(ahead.amount):>{room}}{unit}{money.priced(ahead.amount)}"
        likely = plan.preview.likely.get(stage, ahead.amount)
        if ahead.amount > likely:
            cost = f"{cost}  at most, about {money.about(likely)}"
        more = stage is Stage.FINAL and at_most > ahead.amount
        if ahead.jobs or not more:
            lines.append(_fact(name, line + paint(cost, "bold") + _also(ahead)))
        if more:
            start = f"{quality:<7}" if not ahead.jobs else f"{'':<7}"
            cost = f"{money.number(at_most):>{room}}{unit}{money.priced(at_most)}"
            finals = plan.preview.finals
            if finals.likely < at_most == finals.at_most:
                cost = f"{cost}  at most, about {money.about(finals.likely)}"
            line = f"{start} {most:<{wide}} {cost}  {paint(_who_chooses(plan), 'dim')}"
            lines.append(_fact("" if ahead.jobs else name, line))
    what = what_finals_are(plan.loaded)
    if what and (at_most or stages[Stage.FINAL].buying):
        lines.append(_fact("", paint(what, "dim")))
    if rerolls := plan.preview.rerolls_at_most:
        text = f"{money.text(rerolls)} more at most, for new takes of what misses a check"
        lines.append(_fact("Rerolls", text))
    return lines


def _each(price: Amount | None, money: MoneyFormat) -> str:
    return f" × {money.number(price)}" if price else ""


def _finals_left(preview: Preview) -> Amount:
    """Return the most that finals can still cost: those of all cells, minus what is paid."""
    ahead = preview.stages.get(Stage.FINAL)
    paid = ahead.worth - ahead.amount if ahead else 0
    return Amount(preview.finals.at_most - paid)


def _most(at_most: Amount, price: Amount | None, money: MoneyFormat) -> str:
    """Return `up to 50 images × 12`; without numbers if some cells have another quality."""
    if not price or at_most % price:
        return "up to"
    return f"up to {counted(at_most // price, 'image')} × {money.number(price)}"


def _budget(plan: Plan, budget: BudgetLeft) -> str:
    """Return what is left of a budget, and how much of the work it pays for."""
    short = budget.shortfall([*plan.preview.stages.values()])
    return f"{budget}, {paint(short, 'yellow')}" if short else str(budget)


def _price(plan: Plan, stage: Stage) -> Amount | None:
    """Return the price of each image; `None` if it depends on its size and prompt."""
    settings = plan.loaded.campaign.stages[stage]
    return plan.loaded.profile.one_price(settings.quality, settings.model)


def _who_chooses(plan: Plan) -> str:
    draft = plan.loaded.campaign.stages.get(Stage.DRAFT)
    match draft.review if draft else Review.NONE:
        case Review.HUMAN:
            return "if review approves"
        case Review.AUTO:
            return "if the checks approve"
        case Review.NONE:
            return "in all, bought unseen"


def _also(ahead: WorkAhead) -> str:
    facts = []
    if ahead.done:
        facts.append(f"{counted(ahead.done, 'image')} on disk or settled")
    if ahead.in_doubt:
        facts.append(f"{counted(ahead.in_doubt, 'image')} in doubt")
    if ahead.ordered:
        facts.append(f"{counted(ahead.ordered, 'image')} ordered, collected by a run")
    if ahead.fetching:
        facts.append(f"{counted(ahead.fetching, 'image')} to download, paid")
    return f"  {', '.join(facts)}" if facts else ""


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < MINUTE else f"{minutes // 60:,} h {minutes % 60} min"


def _extensions(loaded: LoadedCampaign) -> list[str]:
    most = expected_extensions(loaded)[:MOST_EXTENSIONS]
    rows = [
        (
            one.placement,
            "×".join(map(str, one.pixels)),
            f"{one.extended:.0%} beyond the edges of a {one.ratio}",
        )
        for one in most
    ]
    lines = [_fact("Extend", line) for line in (table(rows) if rows else [])]
    strips = strips_without_overlay(loaded)
    if strips:
        which = listing(strips[:MOST_EXTENSIONS], last="and")
        lines.append(_fact("Overlay", f"render {which} without copy, and lay the words over:"))
        lines.append(_fact("", 'adfiles: {overlay: [{headline: "{{ … }}"}, {button: "{{ … }}"}]}'))
    return lines
