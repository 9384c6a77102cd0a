"""Telling a webhook how a run ended; a failed notification never changes the ending."""

import os
from collections.abc import Mapping

import aiohttp

from pipeline.commands.terminal import say
from pipeline.model.campaign import Campaign, Notice
from pipeline.planning.outline import fill_environment

PATIENCE = aiohttp.ClientTimeout(total=10)
BUDGET, DONE = 4, 0
STOPPED = frozenset({1, 6, 7, 74, 130, 143})


def endings(code: int, *, waiting: int) -> frozenset[str]:
    """The words of `notify.when` that apply to a run."""
    words = {"always"}
    if code == DONE:
        words.add("done")
    elif code == BUDGET:
        words.add("budget")
    else:
        words.add("stopped" if code in STOPPED else "failed")
    if waiting:
        words.add("review")
    return frozenset(words)


async def notify(
    campaign: Campaign, content: Mapping[str, object], *, words: frozenset[str]
) -> None:
    """Post the content to every webhook that wants to hear of this ending."""
    for notice in campaign.notices:
        if words & set(notice.when):
            await _post(notice, content)


async def _post(notice: Notice, content: Mapping[str, object]) -> None:
    try:
        url = fill_environment(notice.webhook, os.environ)
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, json=dict(content), allow_redirects=False) as reply,
        ):
            if reply.status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
                say(f"notify: the webhook answered HTTP {reply.status}")
    except KeyError as missing:
        say(f"notify: the variable {missing.args[0]} is not set")
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        # the URL is a secret as often as not, so only the kind of failure is told
        say(f"notify: the webhook could not be reached ({type(error).__name__})")
