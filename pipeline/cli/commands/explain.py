"""`pipeline explain FILE CELL`: the prompt of one cell, and which file and line set every value."""

import argparse
import asyncio
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

from pipeline.campaign.cell_globs import canonical_glob
from pipeline.campaign.loading import load_campaign
from pipeline.cli.flags import add_campaign, add_common, settings_of
from pipeline.cli.terminal import breadth, paint, table, width
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.job import Job
from pipeline.model.verdict import Round
from pipeline.prompts.explain import Explanation, explain
from pipeline.providers.registry import profiles
from pipeline.state.picks import round_of_final, rounds_from

LONGEST_VALUE = 44
SHORTEST_VALUE = 14
WIDEST = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    parser.add_argument("cell", metavar="CELL", help="a cell's name, e.g. citrus/4x3")
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show where everything comes from."""
    loaded = load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    output = settings_of(arguments).output
    draft = final = Round()
    if ledger_exists(output):
        cell = CellName(canonical_glob(arguments.cell))
        draft, final = asyncio.run(_rounds(output, loaded.campaign.slug, cell))
    told = explain(loaded, arguments.cell, draft=draft, final=final)
    if arguments.json:
        print(json.dumps(_row(told), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_page(told, folder=str(arguments.campaign.parent))))
    return 0


async def _rounds(output: Path, campaign: Slug, cell: CellName) -> tuple[Round, Round]:
    """The rounds that a cell's draft and final are in, with the notes that asked for them."""
    ledger = await open_ledger(output, read_only=True)
    try:
        history = await ledger.verdict_history(campaign, cell)
        draft = rounds_from(history).get(cell, Round())
        again = rounds_from(history, stage=Stage.FINAL).get(cell)
    finally:
        await ledger.close()
    return draft, round_of_final(draft, again)


def _page(told: Explanation, *, folder: str) -> list[str]:
    lines = [paint(told.cell.name, "bold")]
    for job in (*told.drafts[:1], *told.finals[:1]):
        request = job.request
        again = f"round {job.at.round}, " if job.at.round > 1 else ""
        facts = (
            f"{again}{request.quality}, {request.size}, {request.background}, {job.price} credits"
        )
        lines += ["", f"{paint(job.at.stage, 'bold')}  {paint(facts, 'dim')}"]
        same = job in told.finals and any(request.prompt == d.request.prompt for d in told.drafts)
        lines += ["  the draft's words"] if same else _wrapped(request.prompt)
    head, *rest = _settings(told, folder=folder)
    return [*lines, "", paint(head, "dim"), *rest]


def _wrapped(prompt: str) -> list[str]:
    """A prompt in lines that fit, where it had its own lines those."""
    return [
        line
        for part in prompt.splitlines()
        for line in textwrap.wrap(
            part, width() - 2, initial_indent="  ", subsequent_indent="  ", break_long_words=False
        )
        or [""]
    ]


def _settings(told: Explanation, *, folder: str) -> list[str]:
    """What set each value; values are cut, and files named from the campaign's folder, to fit."""
    names = [setting.name for setting in told.settings]
    values = [" ".join(setting.value.split()) for setting in told.settings]
    origins = [
        f"{setting.origin}{f' ({setting.override})' if setting.override else ''}"
        for setting in told.settings
    ]
    room = _room(names, origins)
    if room < min(LONGEST_VALUE, max(map(breadth, values), default=0)):
        origins = [origin.removeprefix(f"{folder}/") for origin in origins]
        room = _room(names, origins)
    rows = zip(names, (_short(value, room) for value in values), origins, strict=True)
    return table([("value", "", "set by"), *rows])


def _room(names: Sequence[str], origins: Sequence[str]) -> int:
    """Columns that are left for values."""
    taken = max(map(breadth, names), default=0) + max(map(breadth, origins), default=0)
    return max(SHORTEST_VALUE, min(LONGEST_VALUE, width(most=WIDEST) - taken - 4))


def _short(value: str, most: int) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"


def _row(told: Explanation) -> dict[str, object]:
    return {
        "cell": told.cell.name,
        "axes": dict(told.cell.axes),
        "jobs": [_job(job) for job in (*told.drafts, *told.finals)],
        "settings": [
            {
                "name": setting.name,
                "value": setting.value,
                "origin": setting.origin,
                "override": setting.override or None,
            }
            for setting in told.settings
        ],
    }


def _job(job: Job) -> dict[str, object]:
    return {
        "job": job.key,
        "stage": job.at.stage,
        "round": job.at.round,
        "take": job.at.take,
        "prompt": job.request.prompt,
        "size": job.request.size,
        "quality": job.request.quality,
        "background": job.request.background,
        "credits": job.price,
        "path": job.path,
    }
