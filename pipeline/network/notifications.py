"""Sending notifications: webhooks, health-check pings, and the services that apprise knows.

Every call is bounded in time, and none raises: a result says in words what went wrong. The words
never contain a URL, since that is often a secret.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec

import aiohttp

from pipeline.network.api_client import USER_AGENT
from pipeline.network.exact_urls import exact_url

PATIENCE = 7.0
"""Most seconds that a message or a webhook may take; all are sent at once."""
PING_PATIENCE = 3.0
"""Most seconds for a health check, which is called after them: together, they take ten."""
_REFUSALS = 400
"""Where HTTP's refusals begin."""
_REDIRECTS = 300
_PROGRAM = "pipeline.network.apprise_program"
_OWN_SECRETS = ("API_KEY", "PIPELINE_SERVE_KEY", "PIPELINE_LEDGER")
"""Ends of the names of variables that the program that sends does not need."""

SENT = ""
"""The result of a call that succeeded."""


def can_send() -> bool:
    """Return whether the package that knows the services is installed (the extra `notify`)."""
    return find_spec("apprise") is not None


async def post_webhook(url: str, content: Mapping[str, object]) -> str:
    """Post JSON to a URL; redirects are not followed."""
    return await _call(url, patience=PATIENCE, json=dict(content))


async def ping(url: str, ending: str, text: str = "") -> str:
    """Call a health check: its URL with `/start`, or with `/` and the exit code, and a text."""
    head, mark, query = url.partition("?")
    place = f"{head.rstrip('/')}/{ending}{mark}{query}"
    return await _call(place, patience=PING_PATIENCE, data=text.encode())


async def _call(url: str, *, patience: float, **body: object) -> str:
    limit = aiohttp.ClientTimeout(total=patience)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, headers={"User-Agent": USER_AGENT}) as session,
            session.post(
                exact_url(url),
                allow_redirects=False,
                **body,  # type: ignore[arg-type]  # json or data
            ) as reply,
        ):
            if reply.status >= _REFUSALS:
                return f"answered HTTP {reply.status}"
            if reply.status >= _REDIRECTS:
                return f"redirects (HTTP {reply.status}), which is not followed"
            return SENT
    except TimeoutError:
        return f"did not answer within {patience:g} s"
    except (aiohttp.ClientError, ValueError, OSError) as error:
        return f"could not be reached ({type(error).__name__})"


async def send(url: str, *, title: str, body: str) -> str:
    """Send a message through a service that apprise knows by URL, in a process of its own.

    The URL goes through a pipe, so that no list of processes shows it, and the process is killed
    if its caller waits no longer.
    """
    if not can_send():
        return "needs the extra notify: pip install 'campaign-pipeline[notify]'"
    message = json.dumps({"url": url, "title": title, "body": body}).encode()
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(_OWN_SECRETS)
    }
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run, which then waits for this
        )
    except OSError as error:
        return f"could not be sent ({type(error).__name__})"
    try:
        async with asyncio.timeout(PATIENCE):
            answer, _ = await process.communicate(message)
    except TimeoutError:
        return f"did not answer within {PATIENCE:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    known = {b"sent": SENT, b"unknown": "has a URL of no service that apprise knows"}
    return known.get(answer.strip(), "was refused by the service, or could not be reached")
