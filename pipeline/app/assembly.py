"""Putting the parts of a run together: pace, purse, breaker, buyer, courier, workers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.app.machine import WORKERS_PER_REQUEST
from pipeline.app.workflow import RunContext
from pipeline.campaign.loading import LoadedCampaign
from pipeline.images.local.store import ArtifactStore
from pipeline.ledger.base import Ledger
from pipeline.model.credits import Budget
from pipeline.model.run import Run
from pipeline.providers.base import Provider
from pipeline.purchasing.asking import Purchasing
from pipeline.purchasing.breaker import Breaker
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.executor_registry import open_executor
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.watching import Watcher
from pipeline.review.auto_review import MeasureImage
from pipeline.settings import RenderingSettings
from pipeline.state.due import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class RunParts:
    """What has been opened for one run."""

    run: Run
    loaded: LoadedCampaign
    budget: Budget
    ledger: Ledger
    provider: Provider
    output: Path
    settings: RenderingSettings
    look: MeasureImage
    watcher: Watcher
    halt: Halt
    rules: Rules
    due: int
    """Images that are due at the start; a failure limit in per cent is taken of them."""


def assemble(parts: RunParts) -> RunContext:
    """A run, ready to go."""
    pace = parts.loaded.campaign.pace
    purchasing = Purchasing(
        provider=parts.provider,
        ledger=parts.ledger,
        reservations=Reservations(
            parts.ledger, run=parts.run, budget=parts.budget, halt=parts.halt
        ),
        pace=Pacer(
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
    downloader = Downloader(
        provider=parts.provider,
        ledger=parts.ledger,
        store=ArtifactStore(parts.output),
        settings=parts.settings,
        listen=parts.watcher.happened,
    )
    return RunContext(
        run=parts.run,
        loaded=parts.loaded,
        ledger=parts.ledger,
        executor=open_executor("local", workers=WORKERS_PER_REQUEST * parts.settings.concurrency),
        renderer=Renderer(purchasing=purchasing, downloader=downloader),
        rules=parts.rules,
        look=parts.look,
        watcher=parts.watcher,
    )


def rules_now(
    loaded: LoadedCampaign, *, output: Path, retry_failed: bool, rebuy_lost: bool
) -> Rules:
    """How this run decides what is due."""
    return Rules(
        output=output,
        caps=loaded.profile.caps,
        now=datetime.now(UTC),
        retry_failed=retry_failed,
        rebuy_lost=rebuy_lost,
    )
