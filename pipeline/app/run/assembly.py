"""Putting the parts of a run together: pace, reservations, breaker, purchasing, downloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.app.run.examining import take_score
from pipeline.app.run.workflow import Examine, RunContext
from pipeline.campaign.loading import LoadedCampaign
from pipeline.images.base import LOCAL, ImageStore
from pipeline.images.reading import local_file
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Review
from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.money import Budget
from pipeline.model.names import Stage
from pipeline.model.run import Run
from pipeline.model.ticket import Ticket
from pipeline.providers.base import Provider
from pipeline.purchasing.batches.collecting import Collecting
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.ordering import Tickets
from pipeline.purchasing.buying import KnownImages, Purchasing
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.events import Watcher
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import replies_in
from pipeline.purchasing.worker_pool import Waits
from pipeline.settings import RenderingSettings
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.due import Rules
from pipeline.state.output.lost_runs import owner_in_manifests
from pipeline.state.work_ahead import WorkAhead


@dataclass(frozen=True, kw_only=True, slots=True)
class RunParts:
    """The open resources and the limits of one run."""

    run: Run
    loaded: LoadedCampaign
    budget: Budget
    ledger: Ledger
    provider: Provider
    output: Path
    images: ImageStore
    settings: RenderingSettings
    inspector: ImageInspector
    watcher: Watcher
    halt: Halt
    rules: Rules
    waits: Waits
    checks: CampaignChecks
    examine: Examine
    shard: Shard
    due: int
    """Number of images due at the start; a failure limit in per cent refers to it."""


def assemble(parts: RunParts) -> RunContext:
    """Connect the parts of a run, and return its context."""
    pace = parts.loaded.campaign.pace
    known_images = KnownImages(parts.ledger)
    replies = replies_in(parts.output)
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
            shared=parts.ledger.pace_of(parts.run.account),
        ),
        breaker=Breaker(
            parts.halt,
            doubts_in_a_row=parts.settings.doubts_in_a_row,
            failures=pace.failures,
            due=parts.due,
        ),
        halt=parts.halt,
        known_images=known_images,
        replies=replies,
        settings=parts.settings,
        listen=parts.watcher.happened,
        local_file=partial(local_file, parts.images, scratch=parts.output),
        waits=parts.waits,
        sleep=parts.halt.sleep,
    )
    downloader = Downloader(
        provider=parts.provider,
        ledger=parts.ledger,
        images=parts.images,
        inspector=parts.inspector,
        known_images=known_images,
        replies=replies,
        settings=parts.settings,
        listen=parts.watcher.happened,
        waits=parts.waits,
        owner_of=lambda path: owner_in_manifests(parts.output, parts.loaded.campaign.slug, path),
    )
    tickets = _tickets(parts) if parts.shard == WHOLE else None
    orders = tickets if parts.loaded.campaign.batch else None
    return RunContext(
        run=parts.run,
        loaded=parts.loaded,
        ledger=parts.ledger,
        renderer=Renderer(purchasing=purchasing, downloader=downloader, tickets=orders),
        folder=parts.output if parts.images.location.kind == LOCAL else None,
        collecting=Collecting(tickets=tickets, replies=replies) if tickets else None,
        rules=parts.rules,
        score=take_score(parts.inspector, parts.checks),
        watcher=parts.watcher,
        checks=parts.checks,
        examine=parts.examine,
    )


def _tickets(parts: RunParts) -> Tickets | None:
    """Return what orders and collects batches; `None` if the provider takes none."""
    batches = parts.provider.batches
    if batches is None:
        return None
    return Tickets(
        batches=batches,
        ledger=parts.ledger,
        run=parts.run,
        budget=parts.budget,
        halt=parts.halt,
        files=OrderFiles(parts.output),
        listen=parts.watcher.happened,
        waits=parts.waits,
        send_tries=parts.settings.send_tries,
        sleep=parts.halt.sleep,
    )


def has_work(
    loaded: LoadedCampaign,
    state: CampaignState,
    ahead: Sequence[WorkAhead],
    tickets: Sequence[Ticket],
) -> bool:
    """Return whether the provider is needed; a rerun with nothing due opens no connection.

    `tickets` are the open ones of the campaign on this account.
    """
    if tickets:
        return True
    draft = loaded.campaign.stages.get(Stage.DRAFT)
    to_choose = draft is not None and draft.review is Review.AUTO and bool(state.waiting)
    return to_choose or any(stage.to_buy or stage.to_fetch for stage in ahead)
