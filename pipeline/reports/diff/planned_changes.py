"""What changed in the images of a plan, compared with the newest run manifest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import UsageError
from pipeline.model.job import Job
from pipeline.model.names import CellName
from pipeline.model.outcome import Status
from pipeline.prompts.cells import expand
from pipeline.prompts.word_changes import changed_words
from pipeline.reports.diff.request_changes import Aspect, own_changes
from pipeline.reports.diff.shown_run import ShownImage, ShownRun, read_run, references_of
from pipeline.state.output.run_folders import BESIDE, MANIFEST
from pipeline.state.preview import Preview
from pipeline.state.saved_plans import DueReason

LARGEST = 64 * 1024 * 1024
"""Bytes of a run manifest, with its images, above which a plan does not read it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedChange:
    """One change, and the images that are bought because of it, perhaps among others."""

    text: str
    """`headline "BLEIB KÜHL" → "IMMER KÜHL"`, or `quality low → medium`."""
    images: int


def planned_changes(
    loaded: LoadedCampaign, preview: Preview, output: Path
) -> tuple[PlannedChange, ...]:
    """Return what differs from the newest run, most images first; nothing if it is not known.

    Of a large plan, only the images that are listed one by one are compared.
    """
    if not preview.reasons.get(DueReason.CHANGED):
        return ()
    changed = [
        job
        for ahead in preview.stages.values()
        for job in ahead.to_buy
        if preview.known.why(job) is DueReason.CHANGED
    ]
    run = _newest_run(output / loaded.campaign.slug / "latest" / MANIFEST)
    if run is None:
        return ()
    counts: dict[str, int] = {}
    names = _NamedValues(loaded)
    for job in changed:
        old = run.images.get((job.at.cell, job.at.stage, job.at.take))
        texts = [] if old is None else [*_texts(old, job, run, names)]
        if old is not None and run.provider != loaded.campaign.provider:
            texts.append(f"provider {run.provider} → {loaded.campaign.provider}")
        for text in texts:
            counts[text] = counts.get(text, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(PlannedChange(text=text, images=images) for text, images in ordered)


def _newest_run(file: Path) -> ShownRun | None:
    try:
        files = [one for one in (file, file.with_name(BESIDE)) if one.exists()]
        return read_run(file) if sum(one.stat().st_size for one in files) <= LARGEST else None
    except (OSError, UsageError):
        return None


class _NamedValues:
    """The texts that the templates of a cell can use, by their names."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self._loaded = loaded
        self._known: dict[CellName, Mapping[str, str]] = {}

    def of(self, cell: CellName) -> Mapping[str, str]:
        """Return `headline` → its text, and so on."""
        if cell not in self._known:
            self._known = {cell: dict(self._values(cell))}
        return self._known[cell]

    def _values(self, cell: CellName) -> Iterator[tuple[str, str]]:
        for found in expand(self._loaded, only=[cell]):
            for name, value in found.values.items():
                if isinstance(value, Mapping):
                    yield from ((column, str(inner)) for column, inner in value.items())
                else:
                    yield name, str(value)


def _texts(old: ShownImage, job: Job, run: ShownRun, names: _NamedValues) -> Iterator[str]:
    for change in own_changes(old, _shown(job), run):
        if change.aspect is Aspect.WORDS:
            named = changed_words(old.prompt, job.request.prompt, names.of(job.at.cell))
            yield from map(str, named)
        else:
            yield str(change)


def _shown(job: Job) -> ShownImage:
    """Return a planned image as the next run manifest will show it."""
    request = job.request
    return ShownImage(
        job=job.key,
        cell=job.at.cell,
        axes=job.at.axes,
        stage=job.at.stage,
        round=job.at.round,
        take=job.at.take,
        status=Status.PLANNED,
        prompt=request.prompt,
        model=request.model,
        size=request.size,
        quality=request.quality,
        background=request.background,
        output_format=request.output_format or "",
        references=references_of(request),
        overlay=job.overlay,
        derived_from=job.derived_from,
    )
