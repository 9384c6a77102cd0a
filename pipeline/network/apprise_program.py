"""The program that sends one message with apprise: it reads it as JSON from stdin.

It prints `sent`, `refused` or `unknown`, and nothing else: the URL, its errors and its logs may
contain a secret.
"""

import json
import logging
import sys
from typing import Any

import apprise
import requests

_TIMEOUTS = (5.0, 9.0)
"""Seconds for a connection and for an answer."""


def main() -> str:
    """Send the message, and return the word for what happened."""
    logging.disable(logging.CRITICAL)
    _follow_no_redirects()
    message = json.load(sys.stdin)
    service = apprise.Apprise()
    if not service.add(message["url"]):
        return "unknown"
    sent = service.notify(
        title=message["title"], body=message["body"], body_format=apprise.NotifyFormat.TEXT
    )
    return "sent" if sent else "refused"


def _follow_no_redirects() -> None:
    """Let a service not lead a message, or the secrets in its URL, to another host."""
    original = requests.Session.request

    def request(self: requests.Session, *arguments: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - handed on
        return original(
            self, *arguments, **{**options, "allow_redirects": False, "timeout": _TIMEOUTS}
        )

    requests.Session.request = request  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.stdout.write(main())
