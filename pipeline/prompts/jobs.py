"""Planning jobs: all prompts are written, priced and checked before any is sent."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.resolved import UnnamedCell
from pipeline.model.campaign import FinalMode, Review
from pipeline.model.job import Coordinates, Job, JobKey, axis_value, job_key
from pipeline.model.money import FREE
from pipeline.model.names import CellName, Stage
from pipeline.model.providers.request import (
    Background,
    OutputFormat,
    Quality,
    Reference,
    RenderRequest,
)
from pipeline.model.verdict import Pick, Round
from pipeline.prompts.cells import name_of, unnamed_cells
from pipeline.prompts.output_paths import finished, usual_path
from pipeline.prompts.writing import PlannedImage, PlannedImages, WrittenPrompt, WrittenPrompts
from pipeline.templates.template_process import TemplateProcess

_FIRST = Round()
_NO_ROUNDS: Mapping[CellName, Round] = MappingProxyType({})

FurtherTakes = Mapping[CellName, tuple[int, ...]]
"""Takes of some cells beyond those that the campaign file asks for: re-rolls."""
NO_FURTHER_TAKES: FurtherTakes = MappingProxyType({})


def plan_drafts(
    loaded: LoadedCampaign,
    *,
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    only: Sequence[str] = (),
    further: FurtherTakes = NO_FURTHER_TAKES,
) -> Iterator[Job]:
    """Return the drafts of every cell in its round, all takes; none if drafts do not run.

    All prompts are written before this returns. If any cannot be written, the `CampaignError`
    names the cell, the row and column of the table, and the line of the template.
    """
    if Stage.DRAFT not in loaded.campaign.stages:
        return iter(())
    written_prompts = drafts_written(loaded, rounds=rounds, only=only, further=further)
    return _JobBuilder(written_prompts, picks={}).jobs()


def plan_finals(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    only: Sequence[str] = (),
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    further: FurtherTakes = NO_FURTHER_TAKES,
) -> Iterator[Job]:
    """Return the finals of approved cells, or of all cells if drafts are not reviewed.

    If the approved round was requested with a note in `rounds`, the final's prompt has the note
    too, as the approved draft did. Errors as in `plan_drafts`.
    """
    if Stage.FINAL not in loaded.campaign.stages:
        return iter(())
    written_prompts = finals_written(loaded, picks=picks, only=only, rounds=rounds, further=further)
    return _JobBuilder(written_prompts, picks=picks).jobs()


def drafts_written(
    loaded: LoadedCampaign,
    *,
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    only: Sequence[str] = (),
    further: FurtherTakes = NO_FURTHER_TAKES,
) -> WrittenPrompts:
    """Return the prompts of `plan_drafts`; from the cache if the arguments are the same."""
    written_prompts = WrittenPrompts(loaded, Stage.DRAFT)
    key = (frozenset(rounds.items()), tuple(only), frozenset(further.items()))
    images = _draft_images(loaded, rounds=rounds, only=only, further=further)
    written_prompts.write(images, key=key)
    return written_prompts


def finals_written(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    only: Sequence[str] = (),
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    further: FurtherTakes = NO_FURTHER_TAKES,
) -> WrittenPrompts:
    """Return the prompts of `plan_finals`; see `drafts_written`."""
    written_prompts = WrittenPrompts(loaded, Stage.FINAL)
    chosen = frozenset(picks.items()), frozenset(rounds.items())
    key = (*chosen, tuple(only), frozenset(further.items()))
    images = _final_images(loaded, picks=picks, rounds=rounds, only=only, further=further)
    written_prompts.write(images, key=key)
    return written_prompts


def _draft_images(
    loaded: LoadedCampaign,
    *,
    rounds: Mapping[CellName, Round],
    only: Sequence[str],
    further: FurtherTakes,
) -> PlannedImages:
    """Return the drafts to write prompts for."""

    def images(template_process: TemplateProcess) -> Iterator[PlannedImage]:
        for unnamed in unnamed_cells(loaded, only=only, template_process=template_process):
            named = rounds or further
            cell = name_of(loaded, unnamed.point) if named else CellName("")
            round_ = rounds.get(cell, _FIRST)
            takes = loaded.variants[unnamed.variant].stages[Stage.DRAFT].takes
            for take in (*range(1, takes + 1), *further.get(cell, ())):
                yield PlannedImage(unnamed, round_.number, take, round_.note)

    return images


def _final_images(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    rounds: Mapping[CellName, Round],
    only: Sequence[str],
    further: FurtherTakes,
) -> PlannedImages:
    """Return the finals to write prompts for."""
    stages = loaded.campaign.stages
    reviewed = Stage.DRAFT in stages and stages[Stage.DRAFT].review is not Review.NONE

    def images(template_process: TemplateProcess) -> Iterator[PlannedImage]:
        for unnamed in unnamed_cells(loaded, only=only, template_process=template_process):
            cell = name_of(loaded, unnamed.point)
            pick = picks.get(cell)
            if pick is None and reviewed:
                continue
            number = pick.round if pick else 1
            round_ = rounds.get(cell, _FIRST)
            note = round_.note if round_.number == number else ""
            takes = loaded.variants[unnamed.variant].stages[Stage.FINAL].takes
            for take in (*range(1, takes + 1), *further.get(cell, ())):
                yield PlannedImage(unnamed, number, take, note)

    return images


class _CellRequest(NamedTuple):
    """The parts of a request that all images of a cell share."""

    unnamed: UnnamedCell
    cell: CellName
    axes: tuple[tuple[str, str], ...]
    size: str
    model: str
    quality: Quality
    background: Background
    output_format: OutputFormat | None
    compression: int | None
    refines: bool
    """True if a final is an edit of its draft."""


class _JobBuilder:
    """Builds jobs from written prompts; equal requests share one payer."""

    def __init__(self, written_prompts: WrittenPrompts, *, picks: Mapping[CellName, Pick]) -> None:
        self.written_prompts = written_prompts
        self.loaded = written_prompts.loaded
        self.stage = written_prompts.stage
        self.picks = picks
        self._names = [axis.name for axis in self.loaded.matrix.axes]
        self._doubled = written_prompts.doubled
        self._payers: dict[tuple[int, int, RenderRequest], JobKey] = {}

    def jobs(self) -> Iterator[Job]:
        """Yield one job for each image, in canonical order."""
        profile, campaign = self.loaded.profile.name, self.loaded.campaign.slug
        quote = self.loaded.profile.quote
        shared: _CellRequest | None = None
        for written in self.written_prompts.read():
            unnamed, round_, take, _ = written.image
            if shared is None or shared.unnamed is not unnamed:
                shared = self._shared_by(unnamed)
            pick = self.picks.get(shared.cell) if self.picks else None
            at = Coordinates(
                campaign=campaign,
                cell=shared.cell,
                axes=shared.axes,
                stage=self.stage,
                round=round_,
                take=take,
            )
            request = self._request(written, shared, pick)
            key = job_key(at, profile=profile, request=request)
            payer = self._payer(written, request, key)
            yield Job(
                key=key,
                at=at,
                request=request,
                price=quote(request).at_most if payer is None else FREE,
                profile=profile,
                path=self._path(written, shared.cell),
                payer=payer,
                derived_from=pick.job if pick else None,
                overlay=tuple(written.overlay),
            )

    def _shared_by(self, unnamed: UnnamedCell) -> _CellRequest:
        loaded = self.loaded
        axes = loaded.matrix.axes
        ids = [axis.ids[position] for axis, position in zip(axes, unnamed.point, strict=True)]
        variant = loaded.variants[unnamed.variant]
        stage = variant.stages[self.stage]
        model = stage.model or loaded.profile.model
        return _CellRequest(
            unnamed=unnamed,
            cell=CellName("/".join(ids)),
            axes=tuple([axis_value(*pair) for pair in zip(self._names, ids, strict=True)]),
            size=loaded.profile.wire_size(model, self.written_prompts.ratio(unnamed)),
            model=model,
            quality=stage.quality,
            background=variant.background,
            output_format=variant.output_format,
            compression=variant.compression,
            refines=stage.mode is FinalMode.REFINE,
        )

    def _request(
        self, written: WrittenPrompt, shared: _CellRequest, pick: Pick | None
    ) -> RenderRequest:
        return RenderRequest(
            prompt=written.prompt,
            model=shared.model,
            size=shared.size,
            quality=shared.quality,
            background=shared.background,
            mask=self.written_prompts.mask(written) if written.references else None,
            output_format=shared.output_format,
            compression=shared.compression,
            references=(
                *((Reference(path="", sha256=pick.sha256),) if pick and shared.refines else ()),
                *(self.written_prompts.found(written) if written.references else ()),
            ),
            variation=_variation(written.image, pick) if self.loaded.profile.caps.varies else "",
        )

    def _payer(self, written: WrittenPrompt, request: RenderRequest, key: JobKey) -> JobKey | None:
        """Return an earlier job with the same request, stage, round and take, or `None`."""
        if not self._doubled or self.written_prompts.fingerprint(written) not in self._doubled:
            return None
        image = written.image
        payer = self._payers.setdefault((image.round, image.take, request), key)
        return None if payer == key else payer

    def _path(self, written: WrittenPrompt, cell: CellName) -> str:
        image = written.image
        if written.path is None:
            return usual_path(self.stage, cell, round_=image.round, take=image.take)
        return finished(self.stage, written.path, round_=image.round)


def _variation(image: PlannedImage, pick: Pick | None) -> str:
    """Return the variation of a take; a final has that of its draft."""
    if pick is None:
        return f"{image.round}.{image.take}"
    further = f".{image.take}" if image.take > 1 else ""
    return f"{pick.round}.{pick.take}{further}"
