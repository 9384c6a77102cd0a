"""`pipeline doctor`: what this machine can do, and what is in the way."""

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.commands.flags import settings_of
from pipeline.commands.terminal import paint
from pipeline.errors import LockHeld, PipelineError
from pipeline.ledger.registry import open_ledger
from pipeline.runs.folder import LEDGER, open_output
from pipeline.runs.lock import LOCK_FILE, campaign_lock
from pipeline.runs.losses import forgotten_campaigns
from pipeline.settings import Settings

OLDEST_PYTHON = (3, 11)
EARLIEST_YEAR = 2026
LITTLE_DISK = 1024**3
PACKAGES = ("aiohttp", "apsw", "jinja2", "pillow", "pydantic", "pyyaml", "resvg-py", "tqdm")
EXTRAS = {
    "xlsx": ("openpyxl", "feeds from spreadsheets"),
}


class State(StrEnum):
    """How a finding stands."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """One thing that was looked at."""

    name: str
    state: State
    said: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """74 where this machine cannot render, else 0."""
    settings = settings_of(arguments)
    signs = [*_program(), *_extras(), *_account(settings), *_disk(settings.output), _clock()]
    if arguments.json:
        print(json.dumps([asdict(sign) for sign in signs], indent=1))
    else:
        colours = {State.OK: "green", State.NOTE: "yellow", State.BAD: "red"}
        for sign in signs:
            print(f"{paint(f'{sign.state:<4}', colours[sign.state])}  {sign.name:<10}  {sign.said}")
    return 74 if any(sign.state is State.BAD for sign in signs) else 0


def _program() -> Iterator[Sign]:
    new_enough = sys.version_info[:2] >= OLDEST_PYTHON
    yield Sign(
        name="python",
        state=State.OK if new_enough else State.BAD,
        said=f"{platform.python_version()} at {sys.executable}",
    )
    for name in PACKAGES:
        try:
            yield Sign(name=name, state=State.OK, said=version(name))
        except PackageNotFoundError:
            yield Sign(name=name, state=State.BAD, said="is not installed")


def _extras() -> Iterator[Sign]:
    for extra, (module, use) in EXTRAS.items():
        there = find_spec(module) is not None
        said = (
            use if there else f"not installed: pip install 'campaign-pipeline[{extra}]' for {use}"
        )
        yield Sign(name=extra, state=State.OK if there else State.NOTE, said=said)


def _account(settings: Settings) -> Iterator[Sign]:
    key = settings.gptimage.key
    yield Sign(
        name="key",
        state=State.OK if key else State.NOTE,
        said="GPTIMAGE_API_KEY is set" if key else "GPTIMAGE_API_KEY is not set: offline only",
    )
    if key:
        yield _reachable(settings.gptimage.base_url)


def _reachable(base_url: str) -> Sign:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        asyncio.run(_connect(parts.hostname or "", port))
    except (OSError, TimeoutError) as error:
        said = f"{base_url} cannot be reached: {error!s:.200}"
        return Sign(name="provider", state=State.NOTE, said=said)
    return Sign(name="provider", state=State.OK, said=f"{base_url} answers")


async def _connect(host: str, port: int) -> None:
    async with asyncio.timeout(5):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()


def _disk(output: Path) -> Iterator[Sign]:
    try:
        root = open_output(output)
    except PipelineError as error:
        yield Sign(name="output", state=State.BAD, said=str(error))
        return
    free = shutil.disk_usage(root).free
    yield Sign(
        name="output",
        state=State.OK if free > LITTLE_DISK else State.NOTE,
        said=f"{root} can be written, {free / 1024**3:,.1f} GiB free",
    )
    yield _ledger(root)
    yield from _locks(root)


def _ledger(root: Path) -> Sign:
    lost = forgotten_campaigns(root)
    if lost:
        return Sign(name="ledger", state=State.BAD, said="\n".join(lost))
    if not (root / LEDGER).exists():
        return Sign(name="ledger", state=State.OK, said="none yet")
    try:
        asyncio.run(_open_and_close(root / LEDGER))
    except PipelineError as error:
        return Sign(name="ledger", state=State.BAD, said=str(error))
    size = (root / LEDGER).stat().st_size
    return Sign(name="ledger", state=State.OK, said=f"whole, {size / 1024**2:,.1f} MiB")


async def _open_and_close(place: Path) -> None:
    ledger = await open_ledger(place, read_only=True)
    await ledger.close()


def _locks(root: Path) -> Iterator[Sign]:
    for place in sorted(root.glob(f"*/{LOCK_FILE}")):
        campaign = place.parent.name
        try:
            with campaign_lock(root, campaign):
                pass
        except LockHeld as held:
            yield Sign(name="lock", state=State.NOTE, said=str(held))
        except PipelineError as error:
            yield Sign(name="lock", state=State.BAD, said=str(error))


def _clock() -> Sign:
    now = datetime.now(UTC)
    right = now.year >= EARLIEST_YEAR
    zone = os.environ.get("TZ", "")
    return Sign(
        name="clock",
        state=State.OK if right else State.BAD,
        said=f"{now:%Y-%m-%d %H:%M:%S} UTC{f', TZ={zone}' if zone else ''}",
    )
