"""`pipeline explain FILE CELL`: show the prompts of a cell, and what set each value."""

import argparse
import json
from collections.abc import Sequence

from pipeline.app.commands.check import ExplainOptions, explain_cell
from pipeline.cli.flags import add_campaign, add_common, campaign_flags, settings_of
from pipeline.cli.terminal import breadth, paint, table, width, wrapped
from pipeline.model.job import Job
from pipeline.model.money import MoneyFormat
from pipeline.prompts.explain import Explanation

LONGEST_VALUE = 44
SHORTEST_VALUE = 14
WIDEST = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument("cell", metavar="CELL", help="the name of a cell, such as citrus/4x3")
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation of a cell."""
    options = ExplainOptions(**campaign_flags(arguments), cell=arguments.cell)
    explanation = explain_cell(options, settings_of(arguments))
    if arguments.json:
        print(json.dumps(_row(explanation), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_page(explanation, folder=str(arguments.campaign.parent))))
    return 0


def _page(explanation: Explanation, *, folder: str) -> list[str]:
    lines = [paint(explanation.cell.name, "bold")]
    for job in (*explanation.drafts[:1], *explanation.finals[:1]):
        request = job.request
        again = f"round {job.at.round}, " if job.at.round > 1 else ""
        kind = f"{request.output_format}, " if request.output_format else ""
        facts = (
            f"{again}{request.quality}, {request.size}, {request.background}, {kind}"
            f"{explanation.money.text(job.price)}"
        )
        lines += ["", f"{paint(job.at.stage, 'bold')}  {paint(facts, 'dim')}"]
        same = job in explanation.finals and any(
            request.prompt == d.request.prompt for d in explanation.drafts
        )
        lines += ["  the same prompt as the draft"] if same else _wrapped(request.prompt)
    head, *rest = _settings(explanation, folder=folder)
    return [*lines, "", paint(head, "dim"), *rest]


def _wrapped(prompt: str) -> list[str]:
    """Return a prompt in lines that fit; its own line breaks are kept."""
    return [
        line
        for part in prompt.splitlines()
        for line in wrapped(f"  {part}" if part.strip() else "", width() - 2, indent="  ")
    ]


def _settings(explanation: Explanation, *, folder: str) -> list[str]:
    """Return a table of what set each value.

    To fit, values are shortened, and files are named from the campaign's folder.
    """
    names = [setting.name for setting in explanation.settings]
    values = [" ".join(setting.value.split()) for setting in explanation.settings]
    origins = [
        f"{setting.origin}{f' ({setting.override})' if setting.override else ''}"
        for setting in explanation.settings
    ]
    room = _room(names, origins)
    if room < min(LONGEST_VALUE, max(map(breadth, values), default=0)):
        origins = [origin.removeprefix(f"{folder}/") for origin in origins]
        room = _room(names, origins)
    rows = zip(names, (_short(value, room) for value in values), origins, strict=True)
    return table([("value", "", "set by"), *rows])


def _room(names: Sequence[str], origins: Sequence[str]) -> int:
    """Return the columns that are left for values."""
    taken = max(map(breadth, names), default=0) + max(map(breadth, origins), default=0)
    return max(SHORTEST_VALUE, min(LONGEST_VALUE, width(most=WIDEST) - taken - 4))


def _short(value: str, most: int) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"


def _row(explanation: Explanation) -> dict[str, object]:
    money = explanation.money
    return {
        "cell": explanation.cell.name,
        "axes": dict(explanation.cell.axes),
        "jobs": [_job(job, money) for job in (*explanation.drafts, *explanation.finals)],
        "settings": [
            {
                "name": setting.name,
                "value": setting.value,
                "origin": setting.origin,
                "override": setting.override or None,
            }
            for setting in explanation.settings
        ],
    }


def _job(job: Job, money: MoneyFormat) -> dict[str, object]:
    return {
        "job": job.key,
        "stage": job.at.stage,
        "round": job.at.round,
        "take": job.at.take,
        "prompt": job.request.prompt,
        "size": job.request.size,
        "quality": job.request.quality,
        "background": job.request.background,
        "output_format": job.request.output_format,
        money.unit.field: job.price,
        "path": job.path,
    }
