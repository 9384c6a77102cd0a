"""`pipeline notify FILE [--test]`: show who is told how a run ended, or send each a sample."""

import argparse
import json

from pipeline.app.commands.notify import notices_of, send_samples
from pipeline.app.options import CampaignOptions
from pipeline.cli.flags import add_campaign, add_common, campaign_flags, settings_of
from pipeline.cli.terminal import say, table
from pipeline.settings import Settings

FAILED = 3
"""The exit code if a receiver did not get its sample."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument("--test", action="store_true", help="send a sample to every receiver")
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """List the receivers, or what became of the samples; 3 if one was not sent."""
    options, settings = CampaignOptions(**campaign_flags(arguments)), settings_of(arguments)
    if not arguments.test:
        return _list(options, settings_of(arguments), as_json=arguments.json)
    results = send_samples(options, settings)
    if arguments.json:
        rows = [
            {"receiver": name, "sent": not failure, "why": failure} for name, failure in results
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    elif results:
        print("\n".join(table([(name, failure or "sent") for name, failure in results])))
    if not results:
        say("The campaign has no notify: nobody is told.")
    return FAILED if any(failure for _, failure in results) else 0


def _list(options: CampaignOptions, settings: Settings, *, as_json: bool) -> int:
    notices = notices_of(options, settings)
    rows = [
        (f"notify[{number}].{key}", text, ", ".join(notice.when) if key != "ping" else "every run")
        for number, notice in enumerate(notices)
        for key, texts in (
            ("webhook", (notice.webhook,)),
            ("to", notice.to),
            ("ping", (notice.ping,)),
        )
        for text in texts
        if text
    ]
    if as_json:
        facts = [{"receiver": name, "url": text, "when": when} for name, text, when in rows]
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    elif rows:
        print("\n".join(table(rows)))
    say("--test sends each a sample." if rows else "The campaign has no notify: nobody is told.")
    return 0
