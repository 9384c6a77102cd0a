"""Putting the parts of a run together: pace, purse, breaker, buyer, courier, workers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.artifacts.store import ArtifactStore
from pipeline.executors.registry import open_executor
from pipeline.ledger.base import Ledger
from pipeline.model.credits import Budget
from pipeline.model.run import Run
from pipeline.planning.blueprint import Blueprint
from pipeline.providers.base import Provider
from pipeline.rendering.breaker import Breaker
from pipeline.rendering.buying import Counter
from pipeline.rendering.fetching import Courier
from pipeline.rendering.halt import Halt
from pipeline.rendering.pacing import Pace
from pipeline.rendering.purse import Purse
from pipeline.rendering.renderer import Renderer
from pipeline.reviewing.choosing import Look
from pipeline.runs.due import Rules
from pipeline.runs.watching import Watcher
from pipeline.settings import RenderingSettings
from pipeline.workflow import Work

WORKERS_PER_REQUEST = 2
"""A worker that downloads must not keep a request from being sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What has been opened for one run."""

    run: Run
    blueprint: Blueprint
    budget: Budget
    ledger: Ledger
    provider: Provider
    output: Path
    settings: RenderingSettings
    look: Look
    watcher: Watcher
    halt: Halt
    rules: Rules
    due: int
    """Images that are due at the start; a failure limit in per cent is taken of them."""


def assemble(parts: Parts) -> Work:
    """A run, ready to go."""
    pace = parts.blueprint.campaign.pace
    counter = Counter(
        provider=parts.provider,
        ledger=parts.ledger,
        purse=Purse(parts.ledger, run=parts.run, budget=parts.budget, halt=parts.halt),
        pace=Pace(
            limit=parts.settings.concurrency,
            images_per_minute=pace.images_per_minute or parts.settings.images_per_minute,
            halt=parts.halt,
        ),
        breaker=Breaker(
            parts.halt,
            doubts_in_a_row=parts.settings.doubts_in_a_row,
            failures=pace.failures,
            due=parts.due,
        ),
        halt=parts.halt,
        settings=parts.settings,
        listen=parts.watcher.happened,
        sleep=parts.halt.sleep,
    )
    courier = Courier(
        provider=parts.provider,
        ledger=parts.ledger,
        store=ArtifactStore(parts.output),
        settings=parts.settings,
        listen=parts.watcher.happened,
    )
    return Work(
        run=parts.run,
        blueprint=parts.blueprint,
        ledger=parts.ledger,
        executor=open_executor("local", workers=WORKERS_PER_REQUEST * parts.settings.concurrency),
        renderer=Renderer(counter=counter, courier=courier),
        rules=parts.rules,
        look=parts.look,
        watcher=parts.watcher,
    )


def rules_now(blueprint: Blueprint, *, output: Path, retry_failed: bool, rebuy_lost: bool) -> Rules:
    """How this run decides what is due."""
    return Rules(
        output=output,
        caps=blueprint.profile.caps,
        now=datetime.now(UTC),
        retry_failed=retry_failed,
        rebuy_lost=rebuy_lost,
    )
