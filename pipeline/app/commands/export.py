"""Delivering a campaign: ad files with their plain names, originals, and tables about them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from pipeline.adfiles.record import AdFileRow
from pipeline.app.campaign import load
from pipeline.app.commands.adfiles import make_surveyed
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import require_ledger
from pipeline.app.options import CampaignOptions
from pipeline.app.run.ad_files import AdFileReport
from pipeline.app.stores.destinations import Places, delivered_places, open_destination
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import LocalFault, UsageError
from pipeline.files.unreadable import read_file
from pipeline.images.base import ImageStore
from pipeline.images.reading import sha256_of
from pipeline.images.registry import images_in
from pipeline.model.adfiles.ad_file import Framing, Recipe, flags_in_words
from pipeline.model.adfiles.overlay import OverlayKind, TextPart
from pipeline.model.adfiles.placement import Placement
from pipeline.model.campaign import Cell
from pipeline.model.money import Unit
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.outcome import Stored, spent
from pipeline.model.verdict import Decision
from pipeline.prompts.cells import expand
from pipeline.reports.export.assets import (
    MANIFEST,
    MIME,
    Asset,
    RemovedAsset,
    export_manifest,
    removed_since,
)
from pipeline.reports.export.delivery_sheet import SheetMarks, delivery_sheet, thumbs_in
from pipeline.reports.export.feed_file import CellDelivery, feed_file, feed_table
from pipeline.reports.export.filled_template import UploadTemplate, fill_template, template_at
from pipeline.reports.export.font_licences import font_licences
from pipeline.reports.export.package import ExportFile, file_of, tables_of
from pipeline.settings import Settings
from pipeline.state.campaign_state import CampaignState, distinct_labels
from pipeline.state.lookup import entry_of
from pipeline.state.output.ad_files import PlannedAdFile
from pipeline.state.output.folder import open_output, write_file
from pipeline.state.output.lock import campaign_lock

ORIGINALS = "originals"
Ready = Sequence[tuple[PlannedAdFile, AdFileRow]]
"""Ad files that can be delivered."""
_QUOTED = re.compile(r'"([^"\n]{1,120})"')


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions(CampaignOptions):
    """The campaign to deliver, and where to."""

    to: Path | str | None = None
    """A folder, a file that ends in `.zip`, or the URL of a store; `None`: only the feed."""
    feed: bool = False
    """Write the product feed back, with the status and file of each row."""
    fill: Path | None = None
    """An ad account's upload template to fill."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReport:
    """What was delivered, and what was left out."""

    to: str | None
    """Where the ad files are; `None` if only the feed was written."""
    feed: str
    """Where the feed is; of a zip file, its name inside; empty if it was not written."""
    assets: Sequence[Asset]
    changed: int
    """Number of files that were written or removed; 0 if the export was up to date."""
    missing: Mapping[str, str]
    """Ad file or cell, and why it was left out."""
    rejected: Sequence[str]
    """Cells that a reviewer rejected; they are left out on purpose."""
    removed: int
    """Ad files of earlier exports that have to be taken down."""
    to_look_at: Sequence[tuple[CellName, str]]
    """Cell and placement of the ad files that wait for a person's approval."""


def export_campaign(
    options: ExportOptions, settings: Settings, *, tell: Callable[[str], None]
) -> ExportReport:
    """Deliver the approved ad files that are current; make those that are missing.

    `LockHeld` if a run of the campaign is active. `UsageError` if nothing was ever rendered, or if
    a file is in the way.
    """
    require_ledger(settings.output)
    loaded = load(options, settings)
    hold_to_file(settings.output, loaded.campaign.slug, options.campaign)
    if Stage.FINAL not in loaded.campaign.stages:
        raise UsageError(f"{options.campaign} has no finals to deliver; add stages.final")
    template = None if options.fill is None else template_at(options.fill)
    if options.feed:
        feed_table(loaded)
    output = open_output(settings.output)
    with campaign_lock(output, loaded.campaign.slug):
        make = partial(make_surveyed, loaded, settings, tell=tell)
        return run_in_loop(_export(loaded, options, output, template, make=make))


async def _export(
    loaded: LoadedCampaign,
    options: ExportOptions,
    output: Path,
    template: UploadTemplate | None,
    *,
    make: Callable[[], Awaitable[tuple[CampaignState, AdFileReport]]],
) -> ExportReport:
    images, slug = images_in(output), loaded.campaign.slug
    destination = None if options.to is None else open_destination(options.to)
    places = delivered_places(loaded, options.to, output)
    state, report = await make()
    ready, missing, rejected = _sorted_out(report, state)
    assets = [*_assets(loaded, state, ready, report, places=places)]
    cells = await asyncio.to_thread(lambda: [*expand(loaded)])
    feed: list[ExportFile] = []
    if options.feed:
        urls = {asset.sha256: asset.public_url for asset in assets}
        in_export = options.to is not None
        delivered = _deliveries(ready, missing, rejected, in_export=in_export, urls=urls)
        feed = [await asyncio.to_thread(feed_file, loaded, cells, delivered)]
    removed: Sequence[RemovedAsset] = ()
    if destination is None:
        changed = await asyncio.to_thread(_write_below, output, slug, feed)
    else:
        earlier = await destination.earlier()
        removed = removed_since(earlier, assets)
        files = await asyncio.to_thread(_files, ready, assets, images)
        files += tables_of(slug, assets, removed)
        files += font_licences(planned.recipe for planned, _ in ready)
        files += await asyncio.to_thread(_sheet, loaded, images, cells, ready=ready, assets=assets)
        if template is not None:
            files.append(file_of(f"filled-{template.name}", fill_template(template, assets)))
        files += feed
        manifest = export_manifest(
            slug,
            assets=assets,
            removed=removed,
            missing=missing,
            files={file.path: file.sha256 for file in files},
        )
        files.append(file_of(MANIFEST, manifest))
        changed = await destination.write(files, earlier)
    return ExportReport(
        to=None if destination is None else destination.name,
        feed=f"{destination.name if destination else output / slug}/{feed[0].path}" if feed else "",
        assets=assets,
        changed=changed,
        missing=missing,
        rejected=rejected,
        removed=len(removed),
        to_look_at=report.to_look_at,
    )


def _sheet(
    loaded: LoadedCampaign,
    images: ImageStore,
    cells: Sequence[Cell],
    *,
    ready: Ready,
    assets: Sequence[Asset],
) -> list[ExportFile]:
    slug, labels = loaded.campaign.slug, distinct_labels(cells)
    thumb = thumbs_in(images, slug, {row.made.recipe: row.made.path for _, row in ready})
    marks = [_marks(loaded, planned, row, labels) for planned, row in ready]
    return delivery_sheet(slug, assets, marks, thumb)


def _write_below(output: Path, campaign: Slug, files: Sequence[ExportFile]) -> int:
    """Write files into the campaign's output folder; return how many changed."""
    changed = 0
    for file in files:
        place = PurePosixPath(campaign) / file.path
        content = b"".join(file.pieces())
        try:
            known = read_file(output / place) == content
        except OSError:
            known = False
        if not known:
            write_file(output, place, content)
            changed += 1
    return changed


def _deliveries(
    ready: Ready,
    missing: Mapping[str, str],
    rejected: Sequence[str],
    *,
    in_export: bool,
    urls: Mapping[str, str],
) -> dict[CellName, CellDelivery]:
    """Return what became of each cell; of several files, the first take and format."""
    found = {CellName(cell): CellDelivery(status="rejected") for cell in rejected}
    for name, reason in missing.items():
        found.setdefault(CellName(name.partition("@")[0]), CellDelivery(status=reason))
    whole: set[CellName] = set()
    for planned, row in ready:
        if planned.cell not in whole:
            whole.add(planned.cell)
            found[planned.cell] = CellDelivery(
                status="ready",
                file=f"{planned.placement}/{planned.name}" if in_export else row.made.path,
                public_url=urls.get(row.made.sha256, ""),
                alt_text=planned.recipe.labels.alt_text,
            )
    return found


def _sorted_out(
    report: AdFileReport, state: CampaignState
) -> tuple[Ready, dict[str, str], list[str]]:
    """Return the files to deliver, why the others are left out, and the rejected cells."""
    missing = {f"{one.planned.cell}@{one.planned.placement}": one.reason for one in report.failed}
    ready = []
    for planned, row in report.current:
        reasons = report.reasons(row)
        if misses := report.misses(row):
            failed = "; ".join(map(str, misses))
            missing[f"{planned.cell}@{planned.placement}"] = f"failed a check: {failed}"
        elif reasons and row.made.recipe not in report.approved:
            flags = ", ".join(reasons)
            missing[f"{planned.cell}@{planned.placement}"] = f"waits for approval: {flags}"
        else:
            ready.append((planned, row))
    rejected = []
    for cell, reason in report.plan.missing.items():
        verdicts = (state.verdicts.get((cell, stage)) for stage in Stage)
        if any(one is not None and one.decision is Decision.REJECTED for one in verdicts):
            rejected.append(str(cell))
        else:
            missing[str(cell)] = reason
    return ready, missing, rejected


def _assets(
    loaded: LoadedCampaign,
    state: CampaignState,
    ready: Ready,
    report: AdFileReport,
    *,
    places: Places,
) -> Iterator[Asset]:
    counted: set[str] = set()
    for planned, row in ready:
        made, job = row.made, planned.job
        file = f"{planned.placement}/{planned.name}"
        stored_at, public_url = places(file, made.path, made.sha256)
        entry = entry_of(job, state.entries)
        stored = entry.outcome if entry is not None else None
        first = planned.source.sha256 not in counted
        counted.add(planned.source.sha256)
        amount = spent(stored).confirmed if first else 0
        yield Asset(
            asset_id=made.recipe,
            file=file,
            url=stored.url if isinstance(stored, Stored) else "",
            sha256=made.sha256,
            bytes=made.bytes,
            mime=MIME[made.format],
            width=made.width,
            height=made.height,
            placement=planned.placement,
            cell=planned.cell,
            axes="; ".join(f"{axis}={value}" for axis, value in job.at.axes),
            headline=" | ".join(_headlines(planned.recipe, job.request.prompt)),
            alt_text=planned.recipe.labels.alt_text,
            mode=made.framing,
            kept=made.kept,
            extended=made.extended,
            checks=_checks_column(report, row),
            source_type=planned.recipe.labels.source_type,
            original=_original(planned),
            credits=amount if loaded.campaign.money.unit is Unit.CREDITS else 0,
            cost=loaded.campaign.money.price(amount),
            stored_at=stored_at,
            public_url=public_url,
        )


def _headlines(recipe: Recipe, prompt: str) -> Iterable[str]:
    """Return the headlines laid over an ad file, then the texts that the prompt quotes."""
    texts = (part for part in recipe.overlay if isinstance(part, TextPart))
    laid_over = [part.text for part in texts if part.kind is OverlayKind.HEADLINE]
    return dict.fromkeys([*laid_over, *_QUOTED.findall(prompt)])


def _checks_column(report: AdFileReport, row: AdFileRow) -> str:
    """Return what was checked and approved: `ok; text pass`, `approved: unsure; text pass`."""
    reasons = report.reasons(row)
    results = report.results.get(row.made.path, ())
    others = (str(one) for one in results if not one.needs_a_look)
    return "; ".join((f"approved: {' | '.join(reasons)}" if reasons else "ok", *others))


def _marks(
    loaded: LoadedCampaign,
    planned: PlannedAdFile,
    row: AdFileRow,
    labels: Mapping[tuple[str, str], str],
) -> SheetMarks:
    """Return what the sheet draws over an ad file, in shares of it."""
    made, source = row.made, planned.source
    left, top, width, height = made.window
    pairs = [pair for pair in planned.job.at.axes if pair[0] != "size"]
    placement = _placement(loaded, planned.placement)
    return SheetMarks(
        title=(placement.title if placement is not None else "") or planned.placement,
        subject=" · ".join(labels.get(pair, pair[1]) for pair in pairs) or loaded.campaign.slug,
        safe=planned.recipe.safe,
        picture=(-left / width, -top / height, source.width / width, source.height / height),
        padded=made.framing is Framing.PADDED,
        flags=flags_in_words(made.flags, extended=made.extended, scale=made.scale),
    )


def _placement(loaded: LoadedCampaign, size: str) -> Placement | None:
    sizes = next(axis.sizes for axis in loaded.matrix.axes if axis.name == "size")
    return next((one.placement for one in sizes if one.id == size), None)


def _original(planned: PlannedAdFile) -> str:
    """Return the path of the image in the export; the same as below `finals/`."""
    _, _, *inside = PurePosixPath(planned.source.path).parts
    return "/".join((ORIGINALS, *inside))


def _files(ready: Ready, assets: Sequence[Asset], images: ImageStore) -> list[ExportFile]:
    """Return ad files and originals; each original once, bytes as received."""
    files: dict[str, ExportFile] = {}
    for (planned, row), asset in zip(ready, assets, strict=True):
        made, source = row.made, planned.source
        opened = partial(images.open, made.path)
        files[asset.file] = ExportFile(path=asset.file, sha256=made.sha256, content=opened)
        if sha256_of(images, source.path) != source.sha256:
            raise LocalFault(f"{source.path} changed while it was exported; run it again")
        files[asset.original] = ExportFile(
            path=asset.original, sha256=source.sha256, content=partial(images.open, source.path)
        )
    return [*files.values()]
