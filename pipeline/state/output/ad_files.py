"""The ad files that a campaign should have now, each with its image."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.adfiles.checks import NO_SHOP, ShopRules
from pipeline.adfiles.provenance.xmp import BY_A_MODEL, BY_AN_ALGORITHM, COMPOSITES
from pipeline.adfiles.record import AdFileRow
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.ad_files import DEFAULT, ad_file_name
from pipeline.campaign.resolved import Variant
from pipeline.model.adfiles.ad_file import ENLARGED, FileLabels, Recipe, WindowChoice
from pipeline.model.adfiles.overlay import OverlayPart, TextPart
from pipeline.model.adfiles.placement import FitSettings, ImageFormat, Placement
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Cell, ContentCredentials, Size
from pipeline.model.check import CheckResult
from pipeline.model.job import Job
from pipeline.model.names import CellName, Stage
from pipeline.model.providers.request import Background
from pipeline.model.verdict import Decision
from pipeline.prompts.cells import cell_of, unnamed_cells
from pipeline.prompts.overlay_texts import written_overlay
from pipeline.state.campaign_state import CampaignState, label_of
from pipeline.state.checks.rerolls import delivered_takes
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.lookup import artifact_of

FOLDER, PREVIEW, SUPERSEDED = "adfiles", "adfiles-preview", "adfiles-superseded"
"""Folders below the campaign's: for delivery, of drafts, and superseded."""

_SHORT = 12
"""Number of characters of the recipe's id in a file name."""
_ENLARGED_DRAFT = 20.0
"""Largest enlargement in a preview, since drafts have few pixels."""
_QUOTED = re.compile(r'"([^"\n]{1,120})"')
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedAdFile:
    """One ad file that should exist."""

    cell: CellName
    job: Job
    source: Artifact
    placement: str
    """The id of the size."""
    recipe: Recipe
    name: str
    """File name for people, with its ending."""
    path: str
    """Path relative to the output folder: its name and a part of its recipe's id."""
    fit: FitSettings
    """The fit that the campaign file asks for, without a person's window."""
    shop: ShopRules = NO_SHOP


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFilePlan:
    """All ad files of a campaign, and the cells that have none."""

    files: Sequence[PlannedAdFile]
    missing: Mapping[CellName, str]
    """Why a cell has no ad files yet."""


def makes_ad_files(loaded: LoadedCampaign) -> bool:
    """Return whether a run makes ad files: the campaign asks for them, or names placements."""
    sizes = next(axis.sizes for axis in loaded.matrix.axes if axis.name == "size")
    named = loaded.campaign.ad_files.asked or any(size.placement for size in sizes)
    return named and Stage.FINAL in loaded.campaign.stages


Windows = Mapping[tuple[str, str], WindowChoice]
"""The windows that people chose, by cell and placement."""


def plan_ad_files(
    loaded: LoadedCampaign,
    state: CampaignState,
    *,
    windows: Windows,
    stage: Stage = Stage.FINAL,
    checks: CampaignChecks | None = None,
) -> AdFilePlan:
    """Return the ad files for the stored images of a stage, in the order of the matrix.

    A cell whose final is rejected or to be redone has none. Of a take and its re-rolls, the first
    that misses no check is delivered.
    """
    missed = {} if checks is None else checks.missed(state.of(stage), state.entries)
    images: dict[CellName, list[tuple[Job, Artifact]]] = {}
    missing: dict[CellName, str] = {}
    for job in state.of(stage):
        artifact = artifact_of(job, state.entries)
        reason = _withheld(job, artifact, state) if stage is Stage.FINAL else ""
        if artifact is None or reason:
            missing[job.at.cell] = reason or f"its {stage} is not stored yet"
        else:
            images.setdefault(job.at.cell, []).append((job, artifact))
    files: list[PlannedAdFile] = []
    for unnamed in unnamed_cells(loaded):
        cell = cell_of(loaded, unnamed)
        if state.asked is not None and cell.name not in state.asked:
            continue
        found = images.get(cell.name, [])
        variant = loaded.variants[unnamed.variant]
        chosen = windows.get((cell.name, cell.size.id))
        for take, job, artifact in delivered_takes(found, variant.stages[stage].takes, missed):
            files += _of_image(loaded, cell, variant, chosen, job=job, artifact=artifact, take=take)
        if not found:
            missing.setdefault(cell.name, "no final is approved")
    missing = {cell: why for cell, why in missing.items() if cell not in images}
    return AdFilePlan(files=_with_own_names(files), missing=missing)


AdFileResults = Mapping[str, tuple[CheckResult, ...]]
"""The results of a campaign's checks, by the path of the ad file."""


def checked_ad_files(
    checks: CampaignChecks,
    state: CampaignState,
    rows: Mapping[str, AdFileRow],
    plan: AdFilePlan,
    *,
    stage: Stage = Stage.FINAL,
) -> AdFileResults:
    """Return the results of ad files and their images under the campaign's rules, by path."""
    images = checks.of_images(state.of(stage), state.entries) if checks.rules else {}
    return {
        one.path: checks.of_ad_file(rows[one.path], images.get(one.job.key, ()))
        for one in plan.files
        if one.path in rows
    }


def _withheld(job: Job, artifact: Artifact | None, state: CampaignState) -> str:
    """Return why a final is not delivered; empty if it is."""
    verdict = state.verdicts.get((job.at.cell, Stage.FINAL))
    if artifact is None or verdict is None or verdict.sha256 != artifact.sha256:
        return ""
    match verdict.decision:
        case Decision.REJECTED:
            return "its final was rejected"
        case Decision.REDO:
            return "its final is to be rendered again"
        case Decision.APPROVED | Decision.UNDECIDED:
            return ""


def _of_image(
    loaded: LoadedCampaign,
    cell: Cell,
    variant: Variant,
    chosen: WindowChoice | None,
    *,
    job: Job,
    artifact: Artifact,
    take: int,
) -> Iterator[PlannedAdFile]:
    settings, size, provenance = loaded.campaign.ad_files, cell.size, loaded.campaign.provenance
    fit = variant.fit if chosen is None else chosen.fitted(variant.fit, artifact.sha256)
    placement = size.placement
    see_through = variant.background is Background.TRANSPARENT
    folder = FOLDER if job.at.stage is Stage.FINAL else PREVIEW
    width, height = (artifact.width, artifact.height) if placement is None else placement.pixels
    values = {
        **dict(cell.axes),
        "campaign": loaded.campaign.slug,
        "cell": _without_size(cell),
        "placement": size.id,
        "width": str(width),
        "height": str(height),
    }
    stem = ad_file_name(settings.name, values)
    if take > 1:
        stem = f"{stem}-t{take}"
    overlay = _overlay(cell, variant, job)
    for form in formats_of(settings.formats, size, see_through=see_through):
        recipe = Recipe(
            source_sha256=artifact.sha256,
            placement=size.id,
            pixels=None if placement is None else placement.pixels,
            safe=(0.0, 0.0, 0.0, 0.0) if placement is None else placement.safe,
            fit=fit.fit,
            keep=fit.keep,
            focus=fit.focus,
            zoom=fit.zoom,
            background=fit.background or (placement.background if placement else ""),
            format=form,
            max_kb=None if placement is None else placement.max_kb,
            alpha=_takes_alpha(placement),
            enlarge=ENLARGED if job.at.stage is Stage.FINAL else _ENLARGED_DRAFT,
            labels=_labels(loaded, cell, job, overlay),
            overlay=overlay,
            mark=provenance.label if placement is None or placement.text else None,
            signed=True if provenance.c2pa is ContentCredentials.SIGN else None,
        )
        short = recipe.id[:_SHORT]
        yield PlannedAdFile(
            cell=cell.name,
            job=job,
            source=artifact,
            placement=size.id,
            recipe=recipe,
            name=f"{stem}.{form}",
            path=f"{loaded.campaign.slug}/{folder}/{size.id}/{stem}.{short}.{form}",
            fit=variant.fit,
            shop=NO_SHOP if placement is None else _shop_rules(placement),
        )


def _shop_rules(placement: Placement) -> ShopRules:
    return ShopRules(text=placement.text, background=placement.background, fill=placement.fill)


def _without_size(cell: Cell) -> str:
    """Return a cell's name without its size, unless that is all of it."""
    return "/".join(value for axis, value in cell.axes if axis != "size") or cell.name


def formats_of(
    asked: Mapping[str, tuple[ImageFormat, ...]], size: Size, *, see_through: bool
) -> Sequence[ImageFormat]:
    """Return the formats of a size's ad files.

    These are the formats that the campaign names for the size; otherwise the default ones that the
    placement accepts; otherwise the one that the placement prefers. Transparent images are not
    written as JPEG unless the campaign names it for the size.
    """
    if size.id in asked:
        return asked[size.id]
    taken = size.placement.formats if size.placement is not None else ()
    wanted = asked.get(DEFAULT, (ImageFormat.JPG,))
    usable = [one for one in wanted if not taken or one in taken]
    if see_through:
        usable = [one for one in usable if one is not ImageFormat.JPG]
        taken = tuple(one for one in taken or (ImageFormat.PNG,) if one is not ImageFormat.JPG)
    return usable or taken[:1] or (ImageFormat.JPG,)


def _takes_alpha(placement: Placement | None) -> bool:
    """Return whether a placement accepts transparency; a campaign's own placements do."""
    return placement is None or placement.alpha or not placement.source


def _overlay(cell: Cell, variant: Variant, job: Job) -> tuple[OverlayPart, ...]:
    """Return what is laid over the ad files of an image; nothing where no text is accepted."""
    placement = cell.size.placement
    if placement is not None and not placement.text:
        return ()
    axes = dict(cell.axes)
    language = axes.get("locale") or axes.get("language") or axes.get("lang") or ""
    return written_overlay(variant.overlay, job.overlay, language=_tag(language))


def _tag(word: str) -> str:
    """Return a BCP 47 tag in its usual form; empty if a word is none."""
    tag = word.replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def _labels(
    loaded: LoadedCampaign, cell: Cell, job: Job, overlay: Sequence[OverlayPart]
) -> FileLabels:
    source = BY_AN_ALGORITHM if loaded.profile.play_money else BY_A_MODEL
    words = [part.text for part in overlay if isinstance(part, TextPart)]
    return FileLabels(
        source_type=COMPOSITES[source] if overlay else source,
        credit=loaded.campaign.provenance.credit,
        alt_text=alt_text(cell, job.request.prompt, words),
        prompt_sha256=hashlib.sha256(job.request.prompt.encode()).hexdigest(),
    )


def alt_text(cell: Cell, prompt: str, laid_over: Sequence[str] = ()) -> str:
    """Return a sentence about an image: the product, the texts on it, and those laid over it."""
    axes = dict(cell.axes)
    subject = label_of(cell, "product", axes["product"]) if "product" in axes else cell.name
    words = [one.strip() for one in _QUOTED.findall(prompt)]
    words += [" ".join(one.split()) for one in laid_over]
    quoted = ", ".join(f"“{one}”" for one in dict.fromkeys(words) if one and one != subject)
    return f"{subject}, with the words {quoted}" if quoted else subject


def _with_own_names(files: Sequence[PlannedAdFile]) -> list[PlannedAdFile]:
    """Return the files with unique names, also if the pattern gives equal ones."""
    count = Counter((file.placement, file.name.casefold()) for file in files)
    return [
        file if count[file.placement, file.name.casefold()] == 1 else _renamed(file)
        for file in files
    ]


def _renamed(file: PlannedAdFile) -> PlannedAdFile:
    mark = hashlib.sha256(f"{file.cell} {file.job.at.take}".encode()).hexdigest()[:6]
    stem, _, ending = file.name.rpartition(".")
    path = file.path.replace(f"/{stem}.", f"/{stem}-{mark}.")
    return replace(file, name=f"{stem}-{mark}.{ending}", path=path)
