"""`pipeline explain FILE CELL`: the prompt of one cell, and which file and line set every value."""

import argparse
import json
import textwrap

from pipeline.commands.flags import add_campaign, add_common
from pipeline.commands.terminal import paint, table, width
from pipeline.model.job import Job
from pipeline.planning.blueprint import load_blueprint
from pipeline.planning.explaining import Explanation, explain
from pipeline.providers.registry import profiles

LONGEST_VALUE = 44


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    parser.add_argument("cell", metavar="CELL", help="a cell's name, e.g. citrus/4x3")
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show where everything comes from."""
    blueprint = load_blueprint(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    told = explain(blueprint, arguments.cell)
    if arguments.json:
        print(json.dumps(_row(told), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_page(told)))
    return 0


def _page(told: Explanation) -> list[str]:
    lines = [paint(told.cell.name, "bold")]
    for job in (*told.drafts[:1], *told.finals[:1]):
        request = job.request
        facts = f"{request.quality}, {request.size}, {request.background}, {job.price} credits"
        lines += ["", f"{paint(job.at.stage, 'bold')}  {paint(facts, 'dim')}"]
        lines += textwrap.wrap(
            request.prompt, width() - 2, initial_indent="  ", subsequent_indent="  "
        )
    rows = [("value", "", "set by")]
    rows += [
        (
            setting.name,
            _short(setting.value),
            f"{setting.origin}{f' ({setting.override})' if setting.override else ''}",
        )
        for setting in told.settings
    ]
    head, *rest = table(rows)
    return [*lines, "", paint(head, "dim"), *rest]


def _short(value: str) -> str:
    flat = " ".join(value.split())
    return flat if len(flat) <= LONGEST_VALUE else flat[: LONGEST_VALUE - 1] + "…"


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
        "take": job.at.take,
        "prompt": job.request.prompt,
        "size": job.request.size,
        "quality": job.request.quality,
        "background": job.request.background,
        "credits": job.price,
        "path": job.path,
    }
