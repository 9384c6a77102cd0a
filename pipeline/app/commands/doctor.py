"""Checking whether this machine can render."""

import asyncio
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import late, ledger_in
from pipeline.app.open_executor import executor_for
from pipeline.errors import LockHeld, PipelineError, RunHangs
from pipeline.files.locks import missing_operations
from pipeline.images.registry import images_in
from pipeline.ledger.place import (
    SharedFacts,
    is_shared,
    ledger_exists,
    ledger_mark,
    ledger_size,
)
from pipeline.ledger.registry import shared_facts
from pipeline.model.names import Slug
from pipeline.model.ticket import Ticket
from pipeline.settings import ExecutorName, Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import LOCK_FILE, campaign_lock
from pipeline.state.output.lost_runs import all_lost_runs
from pipeline.state.upkeep.backups import newest_backup
from pipeline.state.upkeep.feed_snapshots import INDEX, FeedSnapshots

OLDEST_PYTHON = (3, 11)
EARLIEST_YEAR = 2026
LITTLE_DISK = 1024**3
LEAST_DISK = 8 * 1024**2
IMAGE_SIZE = 3 * 1024**2
"""Bytes that an image takes with its thumbs and ad files, on average."""
A_DAY = timedelta(days=1)
"""Batches are over within a day."""
OLD = timedelta(days=7)
"""Age from which a backup, a snapshot of a feed or a doubt is worth a note."""
PACKAGES = ("aiohttp", "apsw", "jinja2", "pillow", "pydantic", "pyyaml", "resvg-py", "tqdm")


class MachineState(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineCheck:
    """The result of one check of this machine."""

    name: str
    state: MachineState
    said: str


def check_machine(settings: Settings, file: Path | None = None) -> tuple[MachineCheck, ...]:
    """Check Python, packages, key, provider, output folder, object stores, cluster and clock.

    `file` is a campaign whose object store is tried out, too.
    """
    found = [
        *_program(),
        *_account(settings),
        *_disk(settings.output),
        *_stores(settings, file),
        *_cluster(settings),
        _clock(),
    ]
    return tuple(found)


def _program() -> Iterator[MachineCheck]:
    new_enough = sys.version_info[:2] >= OLDEST_PYTHON
    yield MachineCheck(
        name="python",
        state=MachineState.OK if new_enough else MachineState.BAD,
        said=f"{platform.python_version()} at {sys.executable}",
    )
    for name in PACKAGES:
        try:
            yield MachineCheck(name=name, state=MachineState.OK, said=version(name))
        except PackageNotFoundError:
            yield MachineCheck(name=name, state=MachineState.BAD, said="is not installed")


def _account(settings: Settings) -> Iterator[MachineCheck]:
    reached = [one for one in (settings.gptimage, settings.openai, settings.compatible) if one.key]
    if not reached:
        names = f"neither {settings.gptimage.key_variable} nor {settings.openai.key_variable}"
        said = f"{names} is set: offline only"
        yield MachineCheck(name="key", state=MachineState.NOTE, said=said)
    for one in reached:
        yield MachineCheck(name="key", state=MachineState.OK, said=f"{one.key_variable} is set")
        if one.base_url:
            yield _reachable(one.base_url)


def _reachable(base_url: str) -> MachineCheck:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        run_in_loop(_connect(parts.hostname or "", port))
    except (OSError, TimeoutError) as error:
        text = f"{base_url} cannot be reached: {error!s:.200}"
        return MachineCheck(name="provider", state=MachineState.NOTE, said=text)
    return MachineCheck(name="provider", state=MachineState.OK, said=f"{base_url} answers")


async def _connect(host: str, port: int) -> None:
    async with asyncio.timeout(5):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()


def _disk(output: Path) -> Iterator[MachineCheck]:
    try:
        root = open_output(output)
    except PipelineError as error:
        yield MachineCheck(name="output", state=MachineState.BAD, said=str(error))
        return
    free = shutil.disk_usage(root).free
    if free < LEAST_DISK:
        said = f"no room is left in {root} ({free / 1024**2:,.1f} MiB): make some on that disk"
        yield MachineCheck(name="output", state=MachineState.BAD, said=said)
        return
    yield MachineCheck(
        name="output",
        state=MachineState.OK if free > LITTLE_DISK else MachineState.NOTE,
        said=f"{root} can be written, {free / 1024**3:,.1f} GiB free",
    )
    yield from _file_system(root)
    yield from _plans(root, free=free)
    ledger = _ledger(root)
    yield ledger
    if ledger_exists(root) and ledger.state is MachineState.OK:
        if not is_shared():
            yield _backup(root)
        yield from _snapshots(root)
        yield from _old_doubts(root)
        yield from _old_tickets(root)
    yield from _locks(root)


def _cluster(settings: Settings) -> Iterator[MachineCheck]:
    """Connect to the cluster, if tasks are to run on one."""
    if settings.executor.name is not ExecutorName.RAY:
        return
    told = list[str]()
    try:
        run_in_loop(_try_executor(settings, told.append))
    except PipelineError as error:
        yield MachineCheck(name="ray", state=MachineState.BAD, said=str(error))
        return
    for number, words in enumerate(told):
        state = MachineState.NOTE if number else MachineState.OK
        yield MachineCheck(name="ray", state=state, said=words.removeprefix("ray  "))


async def _try_executor(settings: Settings, tell: Callable[[str], None]) -> None:
    async with executor_for(settings, images_in(open_output(settings.output)), tell=tell):
        pass


WITHOUT = {
    "hard links": "older images are copied instead",
    "symbolic links": "latest is a folder with copies",
    "locks": "a campaign is locked for this machine only: start no run of it on another one",
}
"""Missing operation of a file system → what the pipeline does instead."""


def _stores(settings: Settings, file: Path | None) -> Iterator[MachineCheck]:
    """Try out the object stores that this machine uses."""
    probe = late("app.stores.probe")
    try:
        for url in probe.known_stores(settings.output, file, settings):
            result = run_in_loop(probe.try_store(url))
            usable = MachineState.OK if result.complete else MachineState.NOTE
            state = usable if result.usable else MachineState.BAD
            yield MachineCheck(name="store", state=state, said=result.said)
    except PipelineError as error:
        yield MachineCheck(name="store", state=MachineState.BAD, said=str(error))


def _file_system(root: Path) -> Iterator[MachineCheck]:
    try:
        missing = missing_operations(root)
    except OSError as error:
        said = f"{root}: {error.strerror}"
        yield MachineCheck(name="files", state=MachineState.BAD, said=said)
        return
    for name in missing:
        said = f"{root} takes no {name}: {WITHOUT[name]}"
        yield MachineCheck(name="files", state=MachineState.NOTE, said=said)


def _ledger(root: Path) -> MachineCheck:
    try:
        lost = run_in_loop(_lost_runs(root))
        facts = shared_facts() if is_shared() else None
    except PipelineError as error:
        return MachineCheck(name="ledger", state=MachineState.BAD, said=str(error))
    if lost:
        return MachineCheck(name="ledger", state=MachineState.BAD, said="\n".join(lost))
    if facts is not None:
        return _shared_ledger(facts)
    if not ledger_exists(root):
        return MachineCheck(name="ledger", state=MachineState.OK, said="none yet")
    size = ledger_size(root)
    return MachineCheck(
        name="ledger", state=MachineState.OK, said=f"intact, {size / 1024**2:,.1f} MiB"
    )


def _shared_ledger(facts: SharedFacts) -> MachineCheck:
    size = f"{facts.size / 1024**2:,.1f} MiB"
    alive = "no run is alive" if not facts.living else f"{facts.living} runs are alive"
    schema = f"schema {facts.schema} of {facts.newest}" if facts.schema else "no ledger yet"
    said = f"{facts.place}: PostgreSQL {facts.server}, {schema}, {size}, {alive}"
    if facts.is_durable:
        return MachineCheck(name="ledger", state=MachineState.OK, said=said)
    said = f"{said}; fsync is off, so that a power loss forgets what was paid for"
    return MachineCheck(name="ledger", state=MachineState.NOTE, said=said)


async def _lost_runs(output: Path) -> list[str]:
    """Return warnings about runs beside the ledger that it does not have."""
    async with ledger_in(output, read_only=True) as ledger:
        await ledger.written()  # opens the file, also where no run is compared with it
        return await all_lost_runs(ledger, output)


def _plans(root: Path, *, free: int) -> Iterator[MachineCheck]:
    """Yield a note for each campaign whose newest plan needs more disk than is free."""
    for folder in sorted(root.glob("*/plans")):
        plans = sorted(folder.glob("*.json"), key=lambda place: place.stat().st_mtime_ns)
        images = _to_buy(plans[-1]) if plans else 0
        if images * IMAGE_SIZE > free:
            need = f"{images * IMAGE_SIZE / 1024**3:,.1f} GiB"
            said = f"{folder.parent.name}: its newest plan has {images:,} images, about {need}"
            yield MachineCheck(name="disk", state=MachineState.NOTE, said=said)


def _to_buy(plan: Path) -> int:
    """Return how many images a saved plan would buy; 0 if it cannot be read."""
    try:
        stages = json.loads(plan.read_bytes())["stages"].values()
        return sum(len(one["to_buy"]) + int(one["to_buy_more"]) for one in stages)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def _backup(root: Path) -> MachineCheck:
    """Check that there is a backup of this ledger, and what has been written since."""
    newest, mark = newest_backup(root), ledger_mark(root)
    if newest is None or (mark is not None and mark.name.hex() != newest.ledger):
        said = "this ledger was never backed up: pipeline ledger backup FILE"
        return MachineCheck(name="backup", state=MachineState.NOTE, said=said)
    since = mark.commits - newest.writes if mark is not None else 0
    said = f"{newest.file}, {_days(newest.at)} old, {since:,} writes behind"
    if not Path(newest.file).exists():
        said = f"{newest.file} is gone: pipeline ledger backup FILE"
        return MachineCheck(name="backup", state=MachineState.NOTE, said=said)
    late = since > 0 and _age(newest.at) > OLD
    return MachineCheck(
        name="backup", state=MachineState.NOTE if late else MachineState.OK, said=said
    )


def _snapshots(root: Path) -> Iterator[MachineCheck]:
    """Yield a note for each campaign whose feeds by URL were not checked for a week."""
    for index in sorted(root.glob(f"*/feeds/{INDEX}")):
        campaign = Slug(index.parent.parent.name)
        for one in FeedSnapshots(output=root, campaign=campaign).newest().values():
            if _age(one.checked) > OLD:
                said = f"{campaign}: {one.source} was not checked for {_days(one.checked)}"
                yield MachineCheck(name="feed", state=MachineState.NOTE, said=said)


def _old_doubts(root: Path) -> Iterator[MachineCheck]:
    """Yield a note for each campaign with purchases that have been in doubt for a week."""
    for campaign, count, oldest in run_in_loop(_doubts(root)):
        images = "1 image has" if count == 1 else f"{count:,} images have"
        said = f"{campaign}: {images} been in doubt for up to {_days(oldest)}: pipeline resolve"
        yield MachineCheck(name="doubts", state=MachineState.NOTE, said=said)


def _old_tickets(root: Path) -> Iterator[MachineCheck]:
    """Yield a note for each order that no run has collected for a day."""
    for ticket in run_in_loop(_tickets(root)):
        if _age(ticket.packed) > A_DAY:
            images = "1 image" if ticket.images == 1 else f"{ticket.images:,} images"
            said = (
                f"{ticket.campaign}: {ticket.id}, {images} {ticket.state.words}, was ordered "
                f"{_days(ticket.packed)} ago: pipeline run collects it"
            )
            yield MachineCheck(name="batch", state=MachineState.NOTE, said=said)


async def _tickets(root: Path) -> Sequence[Ticket]:
    async with ledger_in(root, read_only=True) as ledger:
        return await ledger.open_tickets()


async def _doubts(root: Path) -> list[tuple[Slug, int, str]]:
    """Return the campaigns with doubts older than a week, their number, and the oldest."""
    found = []
    async with ledger_in(root, read_only=True) as ledger:
        for campaign in sorted({run.campaign for run in await ledger.runs()}):
            bought = await ledger.purchases(campaign)
            opened = [one.opened for one in bought if one.spent.in_doubt]
            old = [moment for moment in opened if _age(moment) > OLD]
            if old:
                found.append((campaign, len(old), min(old)))
    return found


def _age(moment: str) -> timedelta:
    """Return how long ago a moment was; nothing for one that cannot be read."""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(moment)
    except (ValueError, TypeError):
        return timedelta()


def _days(moment: str) -> str:
    days = _age(moment).days
    return "1 day" if days == 1 else f"{days:,} days"


def _locks(root: Path) -> Iterator[MachineCheck]:
    for place in sorted(root.glob(f"*/{LOCK_FILE}")):
        campaign = place.parent.name
        try:
            with campaign_lock(root, campaign):
                pass
        except LockHeld as held:
            hangs = isinstance(held, RunHangs)
            state = MachineState.BAD if hangs else MachineState.NOTE
            yield MachineCheck(name="lock", state=state, said=str(held))
        except PipelineError as error:
            yield MachineCheck(name="lock", state=MachineState.BAD, said=str(error))


def _clock() -> MachineCheck:
    now = datetime.now(UTC)
    right = now.year >= EARLIEST_YEAR
    zone = os.environ.get("TZ", "")
    return MachineCheck(
        name="clock",
        state=MachineState.OK if right else MachineState.BAD,
        said=f"{now:%Y-%m-%d %H:%M:%S} UTC{f', TZ={zone}' if zone else ''}",
    )
