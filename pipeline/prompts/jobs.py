"""Jobs: every prompt written, every image priced, everything checked before the first is sent."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.resolved import UnnamedCell
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.credits import FREE, Credits
from pipeline.model.job import Coordinates, Job, JobKey, job_key
from pipeline.model.request import Background, Quality, RenderRequest
from pipeline.model.verdict import Pick, Round
from pipeline.prompts.cells import name_of, unnamed_cells
from pipeline.prompts.output_paths import finished, usual_path
from pipeline.prompts.writing import PlannedImage, Shots, WrittenPrompt, WrittenPrompts
from pipeline.templates.template_process import TemplateProcess

_FIRST = Round()
_NO_ROUNDS: Mapping[CellName, Round] = MappingProxyType({})


def plan_drafts(
    loaded: LoadedCampaign,
    *,
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    only: Sequence[str] = (),
) -> Iterator[Job]:
    """Every draft: each cell in its round, each take; none where the draft stage does not run.

    All prompts are written before this returns; `CampaignError` names the cell, the table's row
    and column and the template's line of each that cannot be.
    """
    if Stage.DRAFT not in loaded.campaign.stages:
        return iter(())
    return _JobBuilder(drafts_written(loaded, rounds=rounds, only=only), picks={}).jobs()


def plan_finals(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    only: Sequence[str] = (),
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
) -> Iterator[Job]:
    """Finals of the cells that were approved, or of all cells where nobody is asked.

    A note in `rounds` that asked for the approved round is written again: what was approved was
    painted with it. Errors as in `plan_drafts`.
    """
    if Stage.FINAL not in loaded.campaign.stages:
        return iter(())
    written_prompts = finals_written(loaded, picks=picks, only=only, rounds=rounds)
    return _JobBuilder(written_prompts, picks=picks).jobs()


def drafts_written(
    loaded: LoadedCampaign,
    *,
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
    only: Sequence[str] = (),
) -> WrittenPrompts:
    """What `plan_drafts` makes jobs of; what was written for the same question is not rewritten."""
    written_prompts = WrittenPrompts(loaded, Stage.DRAFT)
    wanted = (frozenset(rounds.items()), tuple(only))
    written_prompts.write(_draft_shots(loaded, rounds=rounds, only=only), wanted=wanted)
    return written_prompts


def finals_written(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    only: Sequence[str] = (),
    rounds: Mapping[CellName, Round] = _NO_ROUNDS,
) -> WrittenPrompts:
    """What `plan_finals` makes jobs of; see `drafts_written`."""
    written_prompts = WrittenPrompts(loaded, Stage.FINAL)
    wanted = (frozenset(picks.items()), frozenset(rounds.items()), tuple(only))
    shots = _final_shots(loaded, picks=picks, rounds=rounds, only=only)
    written_prompts.write(shots, wanted=wanted)
    return written_prompts


def _draft_shots(
    loaded: LoadedCampaign, *, rounds: Mapping[CellName, Round], only: Sequence[str]
) -> Shots:
    """What is to be written for drafts."""

    def shots(template_process: TemplateProcess) -> Iterator[PlannedImage]:
        for spot in unnamed_cells(loaded, only=only, template_process=template_process):
            round_ = rounds.get(name_of(loaded, spot.point), _FIRST) if rounds else _FIRST
            takes = loaded.variants[spot.variant].stages[Stage.DRAFT].takes
            for take in range(1, takes + 1):
                yield PlannedImage(spot, round_.number, take, round_.note)

    return shots


def _final_shots(
    loaded: LoadedCampaign,
    *,
    picks: Mapping[CellName, Pick],
    rounds: Mapping[CellName, Round],
    only: Sequence[str],
) -> Shots:
    """What is to be written for finals."""
    stages = loaded.campaign.stages
    asked = Stage.DRAFT in stages and stages[Stage.DRAFT].review is not Review.NONE

    def shots(template_process: TemplateProcess) -> Iterator[PlannedImage]:
        for spot in unnamed_cells(loaded, only=only, template_process=template_process):
            cell = name_of(loaded, spot.point)
            pick = picks.get(cell)
            if pick is None and asked:
                continue
            number = pick.round if pick else 1
            round_ = rounds.get(cell, _FIRST)
            note = round_.note if round_.number == number else ""
            takes = loaded.variants[spot.variant].stages[Stage.FINAL].takes
            for take in range(1, takes + 1):
                yield PlannedImage(spot, number, take, note)

    return shots


class _CellCommon(NamedTuple):
    """What all images of a cell have in common."""

    spot: UnnamedCell
    cell: CellName
    axes: tuple[tuple[str, str], ...]
    size: str
    quality: Quality
    background: Background
    price: Credits


class _JobBuilder:
    """Turns what was written into jobs, and lets equal requests share one payer."""

    def __init__(self, written_prompts: WrittenPrompts, *, picks: Mapping[CellName, Pick]) -> None:
        self.written_prompts = written_prompts
        self.loaded = written_prompts.loaded
        self.stage = written_prompts.stage
        self.picks = picks
        self._names = [axis.name for axis in self.loaded.matrix.axes]
        self._doubled = written_prompts.doubled
        self._payers: dict[tuple[int, int, RenderRequest], JobKey] = {}

    def jobs(self) -> Iterator[Job]:
        """One job for each image, in canonical order."""
        profile, campaign = self.loaded.profile.name, self.loaded.campaign.slug
        common: _CellCommon | None = None
        for written in self.written_prompts.read():
            spot, round_, take, _ = written.shot
            if common is None or common.spot is not spot:
                common = self._common(spot)
            pick = self.picks.get(common.cell) if self.picks else None
            at = Coordinates(
                campaign=campaign,
                cell=common.cell,
                axes=common.axes,
                stage=self.stage,
                round=round_,
                take=take,
            )
            request = self._request(written, common, pick)
            key = job_key(at, profile=profile, request=request)
            payer = self._payer(written, request, key)
            yield Job(
                key=key,
                at=at,
                request=request,
                price=common.price if payer is None else FREE,
                profile=profile,
                path=self._path(written, common.cell),
                payer=payer,
                derived_from=pick.job if pick else None,
            )

    def _common(self, spot: UnnamedCell) -> _CellCommon:
        loaded = self.loaded
        axes = loaded.matrix.axes
        ids = [axis.ids[position] for axis, position in zip(axes, spot.point, strict=True)]
        variant = loaded.variants[spot.variant]
        quality = variant.stages[self.stage].quality
        return _CellCommon(
            spot=spot,
            cell=CellName("/".join(ids)),
            axes=tuple(zip(self._names, ids, strict=True)),
            size=self.written_prompts.ratio(spot),
            quality=quality,
            background=variant.background,
            price=loaded.profile.price(quality),
        )

    def _request(
        self, written: WrittenPrompt, common: _CellCommon, pick: Pick | None
    ) -> RenderRequest:
        return RenderRequest(
            prompt=written.prompt,
            model=self.loaded.profile.model,
            size=common.size,
            quality=common.quality,
            background=common.background,
            references=self.written_prompts.found(written) if written.references else (),
            variation=_variation(written.shot, pick) if self.loaded.profile.caps.varies else "",
        )

    def _payer(self, written: WrittenPrompt, request: RenderRequest, key: JobKey) -> JobKey | None:
        """The first job with the same request, stage, round and take; `None` for itself."""
        if not self._doubled or self.written_prompts.fingerprint(written) not in self._doubled:
            return None
        shot = written.shot
        payer = self._payers.setdefault((shot.round, shot.take, request), key)
        return None if payer == key else payer

    def _path(self, written: WrittenPrompt, cell: CellName) -> str:
        shot = written.shot
        if written.path is None:
            return usual_path(self.stage, cell, round_=shot.round, take=shot.take)
        return finished(self.stage, written.path, round_=shot.round)


def _variation(shot: PlannedImage, pick: Pick | None) -> str:
    """What tells takes apart; a final repeats that of the draft it comes from."""
    if pick is None:
        return f"{shot.round}.{shot.take}"
    further = f".{shot.take}" if shot.take > 1 else ""
    return f"{pick.round}.{pick.take}{further}"
