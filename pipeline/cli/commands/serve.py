"""`pipeline serve`: the image server that ships inside, by itself; `serve keys` keeps its keys."""

import argparse
import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pipeline.app.signals import signals_to_handle
from pipeline.cli.flags import duration, whole_number
from pipeline.cli.serve_log import LogStyle, telling
from pipeline.cli.terminal import say, table
from pipeline.errors import UsageError
from pipeline.imageserver.billing.keys import add_key, list_keys, revoke_key
from pipeline.imageserver.fault_injection.guide import FAULTS, WHICH
from pipeline.imageserver.options import Engine, ErrorStyle, Idempotency, Limits, ServerSettings
from pipeline.imageserver.playground.pages import Playground
from pipeline.imageserver.server import ImageServer
from pipeline.prompts.advice import lint_prompt

KEY_VARIABLE = "PIPELINE_SERVE_KEY"
STATE = Path("output/.serve")
PORT, CDN_PORT = 8787, 8788
TEN_YEARS = 3650 * 86400.0
MOST_CREDITS = 10**15
EXAMPLES = """\
examples
  pipeline serve                                 the API on :8787, images on :8788, a page at /
  pipeline serve --credits 500 --log json        an account with an end, lines for machines
  pipeline serve --faults faults.json            an API that misbehaves on purpose
  pipeline serve keys add alice                  a key of her own, shown once

  curl http://127.0.0.1:8787/v1/images/generate -H "Authorization: Bearer KEY" \\
       -H "Content-Type: application/json" -d '{"prompt": "a citrus soda bottle"}'
  OPENAI_BASE_URL=http://127.0.0.1:8787/openai/v1 OPENAI_API_KEY=KEY  for OpenAI's clients

pages  / the playground   /docs the reference   /openapi.json   /healthz
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = epilogue()
    parser.add_argument(
        "keys", nargs="*", metavar="keys add|list|revoke NAME", help="keep the server's keys"
    )
    where = parser.add_argument_group("where")
    where.add_argument("--host", type=host_name, default="127.0.0.1", help="address (127.0.0.1)")
    where.add_argument("--port", type=port_number, default=PORT, help="API port, 0: any (8787)")
    where.add_argument(
        "--cdn-port", type=port_number, default=CDN_PORT, help="image port, 0: any (8788)"
    )
    where.add_argument(
        "--state",
        type=Path,
        default=STATE,
        metavar="DIR",
        help=f"its folder: books, images, keys; kept between starts ({STATE})",
    )
    where.add_argument(
        "--log",
        choices=[*LogStyle],
        default=LogStyle.TEXT,
        help="one line a request on stderr (text)",
    )
    _add_account(parser.add_argument_group("account"))
    _add_painting(parser.add_argument_group("painting"))
    _add_behaviour(parser.add_argument_group("behaviour"))


def _add_account(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--key",
        help=f"the bearer key; on the command line for trials only, else {KEY_VARIABLE};"
        " without either one is made and printed",
    )
    group.add_argument(
        "--credits",
        type=credits_or_none,
        default=None,
        metavar="N",
        help="all credits the account was ever given (unlimited)",
    )
    group.add_argument(
        "--idempotency",
        choices=[*Idempotency],
        default=Idempotency.OFF,
        help="what a repeated Idempotency-Key gets: charged again, the same reply, 409 (off)",
    )


def _add_painting(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine", choices=[*Engine], default=Engine.PROOF, help="who paints (proof)"
    )
    group.add_argument(
        "--workers", type=whole_number, metavar="N", help="painter processes (one a CPU)"
    )
    group.add_argument(
        "--policy-rewrites",
        action="store_true",
        help="rewrite a prompt that the policy would refuse",
    )


def _add_behaviour(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--error-style",
        choices=[*ErrorStyle],
        default=ErrorStyle.HTTP,
        help="real statuses, or HTTP 200 with code -1 (http)",
    )
    group.add_argument(
        "--images-per-minute", type=whole_number, metavar="N", help="429 above so many images"
    )
    group.add_argument(
        "--in-flight", type=whole_number, metavar="N", help="429 above so many requests at once"
    )
    group.add_argument(
        "--url-lifetime",
        type=url_lifetime,
        default=30 * 86400.0,
        metavar="TIME",
        help="how long an image URL is good for (30d)",
    )
    group.add_argument(
        "--faults", type=Path, metavar="FILE", help="JSON with fault rules, as below"
    )


def epilogue() -> str:
    """Examples, and the reference of the fault rules."""
    longest = max(len(guide.fault) for guide in FAULTS)
    faults = [f"  {guide.fault.value.ljust(longest)}  {guide.does}" for guide in FAULTS]
    which = [f"  {name.ljust(longest)}  {says}" for name, says in WHICH]
    rule = json.dumps({"seed": 1, "rules": [FAULTS[0].example]})
    lines = [EXAMPLES, "fault rules, e.g.", f"  {rule}", *faults, "which requests a rule hits"]
    return "\n".join(
        [
            *lines,
            *which,
            "",
            "While it runs: PUT /_faults with the same JSON, GET for counts, DELETE to end.",
        ]
    )


def host_name(text: str) -> str:
    """An address to listen on."""
    if not text.strip():
        raise argparse.ArgumentTypeError("an address is missing; 0.0.0.0 is every one")
    return text


def url_lifetime(text: str) -> float:
    """Seconds, up to ten years: dates far beyond have no signature."""
    seconds = duration(text)
    if seconds > TEN_YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than ten years")
    return seconds


def port_number(text: str) -> int:
    """A TCP port, 0 for any free one."""
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the largest port there is
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def credits_or_none(text: str) -> int | None:
    """A number of credits, or `unlimited`."""
    if text == "unlimited":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'unlimited'")
    if int(text) > MOST_CREDITS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {MOST_CREDITS}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal, or keep keys."""
    if arguments.keys:
        return keep_keys(arguments.keys, arguments.state)
    with telling(LogStyle(arguments.log)):
        return asyncio.run(serve(settings_for(arguments)))


def settings_for(arguments: argparse.Namespace) -> ServerSettings:
    """The server that the command line describes."""
    return ServerSettings(
        state=arguments.state,
        host=arguments.host,
        port=arguments.port,
        cdn_port=arguments.cdn_port,
        key=arguments.key or os.environ.get(KEY_VARIABLE) or None,
        credits=arguments.credits,
        error_style=ErrorStyle(arguments.error_style),
        idempotency=Idempotency(arguments.idempotency),
        engine=Engine(arguments.engine),
        workers=arguments.workers,
        faults=arguments.faults,
        policy_rewrites=arguments.policy_rewrites,
        url_lifetime=arguments.url_lifetime,
        limits=Limits(images_per_minute=arguments.images_per_minute, in_flight=arguments.in_flight),
    )


async def serve(settings: ServerSettings) -> int:
    """One line of JSON on stdout when ready; the first signal stops it in good order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in signals_to_handle():
        loop.add_signal_handler(which, stop.set)
    playground = Playground(
        lint=lambda prompt, transparent: lint_prompt(prompt, transparent=transparent)
    )
    async with ImageServer(settings, pages=playground) as server:
        ready = {"url": server.url, "cdn": server.cdn_url}
        if settings.key is None:
            ready["key"] = server.key
        print(json.dumps(ready), flush=True)
        say(f"Serving {server.url}, images from {server.cdn_url}. Ctrl+C stops.")
        say(f"The playground is at {server.url}/, the reference at {server.url}/docs")
        await stop.wait()
        say("stopping: pictures in the making are finished first")
    return 0


def keep_keys(words: list[str], state: Path) -> int:
    """`keys add NAME`, `keys list`, `keys revoke NAME`."""
    match words:
        case ["keys", "add", name]:
            print(add_key(state, name))
            say("Shown this once; only its digest is kept.")
        case ["keys", "list"]:
            rows = [("Name", "Ends with", "Created", "Revoked")]
            rows += [
                (key.name, f"…{key.tail}", _day(key.created), _day(key.revoked))
                for key in list_keys(state)
            ]
            print("\n".join(table(rows)))
        case ["keys", "revoke", name]:
            revoke_key(state, name)
            say(f"{name} is revoked.")
        case _:
            raise UsageError(
                "pipeline serve keys add NAME | keys list | keys revoke NAME  [--state DIR]"
            )
    return 0


def _day(stamp: float | None) -> str:
    return "" if stamp is None else f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%d %H:%M}"
