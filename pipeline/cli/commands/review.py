"""`pipeline review FILE`: serve a page on which a person chooses drafts."""

import argparse
import contextlib
import html
import os
import secrets
import sys
import threading
import time
import webbrowser
from pathlib import Path

from pipeline.app.commands.review import ReviewPageOptions, serve_review
from pipeline.cli.flags import (
    add_campaign,
    add_folder,
    add_provider,
    campaign_flags,
    port_number,
    settings_of,
)
from pipeline.cli.progress import SilentProgress
from pipeline.cli.run_console import TerminalConsole
from pipeline.cli.terminal import is_terminal, say

SECONDS_TO_OPEN = 30.0
"""Seconds after which the page that leads to the link is removed."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_LEADS_TO = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={0}"><a href="{0}">Open the review</a>'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument("--port", type=port_number, default=0, help="port (default: any free one)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--allow-spend",
        action="store_true",
        help="let everyone who has the link buy finals and new drafts",
    )
    parser.add_argument(
        "--as", dest="by", metavar="NAME", help="the reviewer's name (default: your login name)"
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="another host name under which browsers reach the page; can be repeated",
    )
    parser.add_argument(
        "--new-link",
        action="store_true",
        help="make a new link; the former one, which stays the same otherwise, no longer works",
    )
    add_provider(parser)
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal."""
    options = ReviewPageOptions(
        **campaign_flags(arguments),
        host=arguments.host,
        port=arguments.port,
        names=tuple(arguments.name),
        reviewer=arguments.by,
        allow_spend=arguments.allow_spend,
        new_link=arguments.new_link,
        command_line=tuple(sys.argv[1:]),
    )
    settings = settings_of(arguments)
    console = TerminalConsole(
        watcher=SilentProgress(), ask_above={}, ask_never=True, quiet=True, on_page=True
    )

    opened = settings.output.absolute() / f"open-review-{secrets.token_hex(8)}.html"

    def ready(url: str) -> None:
        print(url, flush=True)
        spends = "may spend" if options.allow_spend else "cannot spend"
        say(f"Everyone who has this link can give verdicts and {spends}. Ctrl+C stops.")
        if not arguments.no_open and is_terminal(sys.stdout):
            threading.Thread(target=_open_browser, args=(url, opened), daemon=True).start()

    try:
        serve_review(options, settings, console=console, ready=ready)
    finally:
        opened.unlink(missing_ok=True)
    return 0


def _open_browser(url: str, place: Path) -> None:
    """Open a page that leads to the link, since a browser's arguments are visible to all users.

    The page is a file that only this user can read, and is removed soon. If it cannot be written,
    no browser is opened; the link has been printed.
    """
    with contextlib.suppress(OSError, webbrowser.Error):
        with os.fdopen(os.open(place, _NEW_FILE, 0o600), "w", encoding="utf-8") as page:
            page.write(_LEADS_TO.format(html.escape(url)))
        webbrowser.open(place.as_uri())
        time.sleep(SECONDS_TO_OPEN)
        place.unlink(missing_ok=True)
