"""`pipeline adfiles FILE`: make the files for the placements of a campaign."""

import argparse
import json

from pipeline.app.commands.adfiles import AdFileOptions, make_campaign_ad_files
from pipeline.app.next_steps import ad_file_steps
from pipeline.app.run.ad_files import AdFileReport, manifest_rows
from pipeline.cli.ad_files import tell_ad_files
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    add_executor,
    add_only,
    campaign_flags,
    settings_of,
)
from pipeline.cli.terminal import say, say_steps
from pipeline.state.output.folder import open_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    add_only(parser)
    parser.add_argument(
        "--preview",
        action="store_true",
        help="make them of the drafts, in adfiles-preview/, to see how placements will look",
    )
    add_executor(parser)
    add_common(parser, quiet="print nothing if every ad file could be made")


def run(arguments: argparse.Namespace) -> int:
    """Make what is missing or changed; 3 if a file could not be made, or failed a check."""
    options = AdFileOptions(**campaign_flags(arguments), preview=arguments.preview)
    settings = settings_of(arguments)
    report = make_campaign_ad_files(options, settings, tell=say)
    code = 3 if report.failed or any(True for _ in report.failing) else 0
    if arguments.json:
        print(json.dumps(_result(report), indent=1, ensure_ascii=False))
    elif not arguments.quiet or code:
        tell_ad_files(report, open_output(settings.output))
        if not options.preview:
            say_steps(ad_file_steps(options, report.to_look_at))
        if not report.plan.files:
            say("there is no image to make ad files of; `pipeline status` shows what comes next")
    return code


def _result(report: AdFileReport) -> dict[str, object]:
    return {
        "campaign": report.campaign,
        "made": report.made,
        "superseded": report.superseded,
        "adfiles": [row for rows in manifest_rows(report).values() for row in rows],
        "failed": [
            {"cell": one.planned.cell, "placement": one.planned.placement, "reason": one.reason}
            for one in report.failed
        ],
        "missing": dict(report.plan.missing),
    }
