"""`pipeline serve`: run the image server; `pipeline serve keys` manages its keys."""

import argparse
import json
import os
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pipeline.app.commands.serve import add_key, list_keys, revoke_key, serve_images
from pipeline.cli.flags import duration, names_of, port_number, whole_number
from pipeline.cli.registry import RawHelpFormatter
from pipeline.cli.serve_log import LogStyle, logging_requests
from pipeline.cli.terminal import say, table
from pipeline.errors import UsageError
from pipeline.imageserver.fault_injection.guide import FAULT_GUIDE, RULE_FIELDS
from pipeline.imageserver.options import (
    Engine,
    ErrorStyle,
    Idempotency,
    Limits,
    ServerSettings,
    WireFormat,
)
from pipeline.imageserver.server import ImageServer
from pipeline.state.output.location import DEFAULT, locate_output

KEY_VARIABLE = "PIPELINE_SERVE_KEY"
STATE = {"credits": ".serve", "nano-USD": ".serve-dollars"}
"""The default folder of its state, in the output folder, by the unit of its account."""
NANO = 10**9
"""Nano-dollars of a dollar."""
PORT, CDN_PORT = 8787, 8788
TEN_YEARS = 3650 * 86400.0
MOST_CREDITS = 10**15
DOLLARS = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,9}))?")
EXAMPLES = """\
examples
  pipeline serve                            API on :8787, images on :8788
  pipeline serve --credits 500 --log json   limited credits, a log for programs
  pipeline serve --faults faults.json       an API that fails on purpose
  pipeline serve --wire openai              OpenAI's API: OPENAI_BASE_URL is the
                                            printed url with /v1 after it
  pipeline serve keys add alice             another key, printed once

  curl http://127.0.0.1:8787/v1/images/generate \\
       -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \\
       -d '{"prompt": "a citrus soda bottle"}'

  OpenAI clients: OPENAI_BASE_URL=http://127.0.0.1:8787/openai/v1
                  OPENAI_API_KEY=KEY

pages
  /              the playground
  /docs          the reference of the API; also as /openapi.json
  /healthz       answers if the server runs
"""

EXAMPLE = {"rules": [FAULT_GUIDE[0].example]}
WHILE_RUNNING = """\
While the server runs, PUT /_faults with the same JSON replaces the rules, GET
shows how often each was used, and DELETE removes them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = RawHelpFormatter
    parser.epilog = epilogue()
    parser.add_argument(
        "keys", nargs="*", metavar="keys add|list|revoke NAME", help="manage the server's keys"
    )
    where = parser.add_argument_group("where it listens and writes")
    where.add_argument(
        "--host",
        type=host_name,
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1)",
    )
    where.add_argument(
        "--port",
        type=port_number,
        default=PORT,
        help="port of the API; 0: any free one (default: 8787)",
    )
    where.add_argument(
        "--cdn-port",
        type=port_number,
        default=CDN_PORT,
        metavar="PORT",
        help="port of the images; 0: any free one (default: 8788)",
    )
    where.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="folder of its database, images and keys, kept between starts "
        f"(default: output/{STATE['credits']} or {STATE['nano-USD']}, in the project)",
    )
    where.add_argument(
        "--log",
        choices=names_of(LogStyle),
        default=LogStyle.TEXT,
        help="write one line per request to stderr (default: text)",
    )
    _add_account(parser.add_argument_group("account"))
    _add_painting(parser.add_argument_group("rendering"))
    _add_behaviour(parser.add_argument_group("behaviour"))


def _add_account(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--key",
        help="the API key, for tests only: other users can see it; better set "
        f"{KEY_VARIABLE} (default: made at the first start, and printed)",
    )
    group.add_argument(
        "--credits",
        type=credits_or_none,
        default=None,
        metavar="N",
        help="credits of the account; when they are used up, requests get 402 (default: unlimited)",
    )
    group.add_argument(
        "--balance",
        type=dollars,
        metavar="USD",
        help="dollars of the account, for an API that is paid in dollars (default: unlimited)",
    )
    group.add_argument(
        "--idempotency",
        choices=names_of(Idempotency),
        default=Idempotency.OFF,
        help="a repeated Idempotency-Key is charged again (off), gets the same reply (replay), or "
        "gets 409 (reject)",
    )


def _add_painting(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        choices=names_of(Engine),
        default=Engine.PROOF,
        help="proof renders the prompt; none returns a plain image (default: proof)",
    )
    group.add_argument(
        "--workers",
        type=whole_number,
        metavar="N",
        help="rendering processes (default: one per CPU)",
    )
    group.add_argument(
        "--policy-rewrites",
        action="store_true",
        help="remove words that the content policy forbids instead of refusing the prompt",
    )


def _add_behaviour(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--wire",
        choices=names_of(WireFormat),
        default=WireFormat.GPTIMAGE,
        metavar="API",
        help="the API that it speaks: gptimage, the documented one, paid in credits (the default); "
        "openai, azure or litellm, paid in dollars by tokens; or that of a server that people run "
        "themselves: vllm-omni, sglang, localai, sd-cpp or xinference",
    )
    group.add_argument(
        "--error-style",
        choices=names_of(ErrorStyle),
        default=ErrorStyle.HTTP,
        help="errors have their HTTP status, or 200 with code -1 (default: http)",
    )
    group.add_argument(
        "--images-per-minute",
        type=whole_number,
        metavar="N",
        help="limit of images a minute; further requests get 429 (default: no limit)",
    )
    group.add_argument(
        "--in-flight",
        type=whole_number,
        metavar="N",
        help="limit of requests at once; further requests get 429 (default: no limit)",
    )
    group.add_argument(
        "--url-lifetime",
        type=url_lifetime,
        default=30 * 86400.0,
        metavar="TIME",
        help="how long image URLs are valid (default: 30d)",
    )
    group.add_argument(
        "--batch-delay",
        type=duration,
        default=0.0,
        metavar="TIME",
        help="how long a batch of --wire openai stays in each status at least (default: 0s)",
    )
    group.add_argument(
        "--batch-window",
        type=duration,
        default=86400.0,
        metavar="TIME",
        help="how long after its creation a batch expires (default: 24h)",
    )
    group.add_argument(
        "--faults", type=Path, metavar="FILE", help="a JSON file with fault rules, see below"
    )


def epilogue() -> str:
    """Return examples, and the reference of the fault rules."""
    longest = max(len(name) for name, _ in [*_fault_texts(), *RULE_FIELDS])
    lines = [EXAMPLES, "fault rules, for example", f"  {json.dumps(EXAMPLE)}", "", "faults"]
    lines += [_entry(name, text, longest) for name, text in _fault_texts()]
    lines += ["", "which requests a rule applies to"]
    lines += [_entry(name, text, longest) for name, text in RULE_FIELDS]
    return "\n".join([*lines, "", WHILE_RUNNING])


def _fault_texts() -> list[tuple[str, str]]:
    return [(guide.fault.value, guide.effect) for guide in FAULT_GUIDE]


def _entry(name: str, text: str, longest: int) -> str:
    """Return a name and its explanation, wrapped to 80 columns."""
    return textwrap.fill(
        text,
        80,
        initial_indent=f"  {name.ljust(longest)}  ",
        subsequent_indent=" " * (longest + 4),
        break_on_hyphens=False,
    )


def host_name(text: str) -> str:
    """Return an address to listen on."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the address is empty; 0.0.0.0 listens on all interfaces")
    return text


def url_lifetime(text: str) -> float:
    """Return seconds, at most ten years; later dates cannot be signed."""
    seconds = duration(text)
    if seconds > TEN_YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than ten years")
    return seconds


def credits_or_none(text: str) -> int | None:
    """Return a number of credits; `None` for `unlimited`."""
    if text == "unlimited":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'unlimited'")
    if int(text) > MOST_CREDITS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {MOST_CREDITS}")
    return int(text)


def dollars(text: str) -> int:
    """Return an amount of dollars in nano-dollars."""
    found = DOLLARS.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars such as 12.50")
    return int(found[1]) * NANO + int((found[2] or "").ljust(9, "0"))


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal, or manage keys."""
    if arguments.keys:
        return manage_keys(arguments.keys, state_folder(arguments))
    with logging_requests(LogStyle(arguments.log)):
        serve(settings_for(arguments))
    return 0


def settings_for(arguments: argparse.Namespace) -> ServerSettings:
    """Return the settings that the command line describes. Raises UsageError."""
    wire = WireFormat(arguments.wire)
    funds = _funds(wire, arguments)
    if wire is not WireFormat.GPTIMAGE and arguments.idempotency != Idempotency.OFF:
        raise UsageError(f"--wire {wire} has no idempotency: leave --idempotency out")
    if wire is not WireFormat.GPTIMAGE and arguments.error_style != ErrorStyle.HTTP:
        raise UsageError(f"--wire {wire} has errors of its own: leave --error-style out")
    return ServerSettings(
        state=state_folder(arguments),
        host=arguments.host,
        port=arguments.port,
        cdn_port=arguments.cdn_port,
        key=arguments.key or os.environ.get(KEY_VARIABLE) or None,
        wire=wire,
        credits=funds,
        error_style=ErrorStyle(arguments.error_style),
        idempotency=Idempotency(arguments.idempotency),
        engine=Engine(arguments.engine),
        workers=arguments.workers,
        faults=arguments.faults,
        policy_rewrites=arguments.policy_rewrites,
        url_lifetime=arguments.url_lifetime,
        batch_delay=arguments.batch_delay,
        batch_window=arguments.batch_window,
        limits=Limits(images_per_minute=arguments.images_per_minute, in_flight=arguments.in_flight),
    )


def _funds(wire: WireFormat, arguments: argparse.Namespace) -> int | None:
    """Return the money of the account in the wire's unit. Raises UsageError."""
    in_credits, in_dollars = arguments.credits, arguments.balance
    if wire is WireFormat.GPTIMAGE:
        if in_dollars is not None:
            raise UsageError("--wire gptimage is paid in credits: use --credits, not --balance")
        return cast("int | None", in_credits)
    if in_credits is not None:
        raise UsageError(f"--wire {wire} is paid in dollars: use --balance, not --credits")
    return cast("int | None", in_dollars)


def serve(settings: ServerSettings) -> None:
    """Serve, and print the URLs as one line of JSON on stdout once requests are answered."""

    def ready(server: ImageServer) -> None:
        facts = {"url": server.url, "cdn": server.cdn_url}
        if settings.key is None:
            facts["key"] = server.key
        print(json.dumps(facts), flush=True)
        if settings.wire is WireFormat.GPTIMAGE:
            say(f"API         {server.url}")
            say(f"Images      {server.cdn_url}")
            say(f"Playground  {server.url}/")
            say(f"Reference   {server.url}/docs")
            say("Ctrl+C stops.")
            return
        base = server.url if settings.wire is WireFormat.AZURE else f"{server.url}/v1"
        say(f"Serving {settings.wire} at {base}. Ctrl+C stops.")
        say(f"Reference  {server.url}/docs")

    def stopping() -> None:
        say("stopping after the images in progress")

    serve_images(settings, ready=ready, stopping=stopping)


def state_folder(arguments: argparse.Namespace) -> Path:
    """Return the folder of the server's state; by default one in the project's output folder."""
    if arguments.state is not None:
        return Path(arguments.state)
    found = locate_output(DEFAULT)
    name = STATE[WireFormat(arguments.wire).unit]
    if found.elsewhere:
        say(f"state folder  {found.folder / name}")
    return found.folder / name


def manage_keys(words: list[str], state: Path) -> int:
    """Run `keys add NAME`, `keys list` or `keys revoke NAME`."""
    match words:
        case ["keys", "add", name]:
            print(add_key(state, name))
            say("This key is shown only once; the server keeps a digest of it.")
        case ["keys", "list"]:
            rows = [("Name", "Ends with", "Created", "Revoked")]
            rows += [
                (key.name, f"…{key.tail}", _day(key.created), _day(key.revoked))
                for key in list_keys(state)
            ]
            if len(rows) > 1:
                print("\n".join(table(rows)))
            else:
                say("there are no keys; pipeline serve keys add NAME makes one")
        case ["keys", "revoke", name]:
            revoke_key(state, name)
            say(f"{name} is revoked.")
        case _:
            raise UsageError(
                f"serve {' '.join(words)} is no command; there are serve keys add NAME, "
                "serve keys list and serve keys revoke NAME\nNext  pipeline serve keys list"
            )
    return 0


def _day(stamp: float | None) -> str:
    return "" if stamp is None else f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%d %H:%M}"
