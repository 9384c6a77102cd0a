"""Comparing prices: what the images of a campaign cost with each provider, model and quality."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from pipeline.app.campaign import load
from pipeline.app.options import CampaignOptions
from pipeline.campaign.campaign_settings import money_format
from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.job import Job
from pipeline.model.money import Amount, MoneyFormat, Quote, Unit
from pipeline.model.names import ProfileName, Stage
from pipeline.model.providers.profile import BASE_QUALITIES, Profile, ProviderModel, Support
from pipeline.model.providers.request import (
    Background,
    OutputFormat,
    Quality,
    Reference,
    RenderRequest,
)
from pipeline.model.providers.sizing import Ratios, wire_size
from pipeline.prompts.cells import check_only
from pipeline.prompts.finals_check import all_finals
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import profiles
from pipeline.settings import Settings

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}\Z")
_NANO = 1_000_000_000
_GUESS = 2
"""How often the likely price is reserved at most where tokens are published for the model."""
_ANY_REFERENCE = Reference(path="", sha256="")


@dataclass(frozen=True, kw_only=True, slots=True)
class StageCost:
    """What all images of a stage cost."""

    images: int
    likely: Amount
    at_most: Amount

    @property
    def is_guess(self) -> bool:
        """True if so much more is reserved that the likely price is hardly known."""
        return self.at_most > _GUESS * self.likely


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceRow:
    """A campaign at the prices of one model."""

    provider: ProfileName
    model: str
    batch: bool
    money: MoneyFormat
    chosen: bool
    """True if finals are rendered so, as the campaign file and the options say."""
    drafts: StageCost | None = None
    """At the quality of the file; `None` if there are none, or if they cannot be made."""
    finals: Mapping[Quality, StageCost] | None = None
    """Of every cell, by quality; `None` if there are none, or if they cannot be made."""
    refused: str = ""
    """Why this model cannot make the images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceTable:
    """A campaign at the prices of every model."""

    loaded: LoadedCampaign
    drafts: int
    """Images, shared ones counted once."""
    finals: int
    rows: Sequence[PriceRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """All of an image that its price depends on besides the model."""

    ratio: str
    letters: int
    """Bytes of the prompt."""
    references: int
    mask: bool
    output_format: OutputFormat | None
    quality: Quality
    background: Background


def compare_prices(options: CampaignOptions, settings: Settings) -> PriceTable:
    """Return the campaign's images at the prices of every model; nothing is sent or saved.

    Images count whether they are stored or not. Finals are those of all cells.
    """
    loaded = load(options, settings)
    check_only(loaded, options.only)
    ratios = {
        size.id: size.ratio
        for axis in loaded.matrix.axes
        if axis.name == "size"
        for size in axis.sizes
    }
    drafts = _counted(plan_drafts(loaded, only=options.only), ratios)
    finals = _counted(all_finals(loaded, only=options.only), ratios)
    return PriceTable(
        loaded=loaded,
        drafts=drafts.total(),
        finals=finals.total(),
        rows=[
            row
            for one in _candidates(loaded)
            if not ((row := _row(loaded, *one, drafts=drafts, finals=finals)).refused and row.batch)
        ],
    )


def _counted(jobs: Iterable[Job], ratios: Mapping[str, str]) -> Counter[_Shape]:
    """Count the images that are bought, by what their price depends on."""
    return Counter(
        _Shape(
            ratio=ratios.get(dict(job.at.axes).get("size", ""), "1:1"),
            letters=len(job.request.prompt.encode()),
            references=len(job.request.references),
            mask=job.request.mask is not None,
            output_format=job.request.output_format,
            quality=job.request.quality,
            background=job.request.background,
        )
        for job in jobs
        if job.payer is None
    )


def _candidates(loaded: LoadedCampaign) -> Iterator[tuple[Profile, ProviderModel, bool]]:
    """Yield every model that sells images: with its profile, directly and in batches.

    A dated name is the same model. A server of one's own is compared if the campaign names it.
    """
    own = loaded.campaign.provider
    for name, profile in profiles().items():
        if profile.play_money or (profile.any_model and name != own):
            continue
        priced = _priced(loaded, profile)
        named = {profile.model, *profile.models, *_own_models(loaded, profile)}
        for model in (priced.image_model(one) for one in sorted(named) if one):
            if model is None or _DATED.search(model.name):
                continue
            yield priced, model, False
            in_batch = priced.in_batch().image_model(model.name)
            if in_batch is not None and in_batch.caps.batch is not Support.NO:
                yield priced.in_batch(), in_batch, True


def _own_models(loaded: LoadedCampaign, profile: Profile) -> set[str]:
    """Return the models that the campaign names, of a provider that takes any name."""
    if not profile.any_model:
        return set()
    return {one.model for one in loaded.campaign.stages.values()}


def _priced(loaded: LoadedCampaign, profile: Profile) -> Profile:
    """Return a profile with the price that the campaign file sets."""
    part = loaded.checked.file.providers.get(profile.name)
    price = part.price if part is not None else None
    if price is None or price.per_image is None or profile.unit is not Unit.DOLLARS:
        return profile
    return profile.priced(Amount(ceil(price.per_image * _NANO)))


def _row(
    loaded: LoadedCampaign,
    profile: Profile,
    model: ProviderModel,
    batch: bool,  # noqa: FBT001 - a candidate is a tuple of three
    *,
    drafts: Counter[_Shape],
    finals: Counter[_Shape],
) -> PriceRow:
    campaign, stages = loaded.campaign, loaded.campaign.stages
    last = stages.get(Stage.FINAL) or stages[Stage.DRAFT]
    row = PriceRow(
        provider=profile.name,
        model=model.name,
        batch=batch,
        money=money_format(loaded.checked.file, profile),
        chosen=profile.name == campaign.provider
        and model.name == (last.model or profile.model)
        and batch == campaign.batch,
    )
    if refused := _refusal(model, [*drafts, *finals]):
        return replace(row, refused=refused)
    return replace(
        row,
        drafts=_cost(model, drafts) if drafts else None,
        finals={
            quality: _cost(model, finals, quality=quality)
            for quality in BASE_QUALITIES
            if quality in model.caps.qualities
        }
        if finals
        else None,
    )


def _refusal(model: ProviderModel, shapes: Sequence[_Shape]) -> str:
    """Return why a model cannot make these images; empty if it can."""
    caps = model.caps
    for shape in shapes:
        outside = caps.ratios_only and shape.ratio not in caps.ratios
        if outside or wire_size(caps.sizing, shape.ratio) is None:
            return f"cannot make {shape.ratio}"
        if shape.quality not in caps.qualities:
            return f"has no quality {shape.quality}"
        if shape.references and caps.references is Support.NO:
            return "takes no reference images"
        if shape.mask and caps.mask is Support.NO:
            return "takes no mask"
        if shape.output_format and shape.output_format not in caps.output_formats:
            return f"makes no {shape.output_format}"
        transparent = shape.background is Background.TRANSPARENT
        if transparent and caps.transparent is Support.NO:
            return "makes no transparent background"
    return ""


def _cost(
    model: ProviderModel, shapes: Counter[_Shape], *, quality: Quality | None = None
) -> StageCost:
    """Return what these images cost, all in one quality if it is given."""
    quotes = [(_quote(model, shape, quality), count) for shape, count in shapes.items()]
    return StageCost(
        images=shapes.total(),
        likely=Amount(sum(quote.likely * count for quote, count in quotes)),
        at_most=Amount(sum(quote.at_most * count for quote, count in quotes)),
    )


def _quote(model: ProviderModel, shape: _Shape, quality: Quality | None) -> Quote:
    size = shape.ratio
    if not isinstance(model.caps.sizing, Ratios):
        size = wire_size(model.caps.sizing, shape.ratio) or shape.ratio
    request = RenderRequest(
        prompt=" " * shape.letters,
        model=model.name,
        size=size,
        quality=quality or shape.quality,
        background=shape.background,
        references=(_ANY_REFERENCE,) * shape.references,
    )
    return model.pricing.quote(request)


def price_record(table: PriceTable) -> dict[str, object]:
    """Return the table as JSON; amounts are in the smallest unit of each account."""
    return {
        "schema": "campaign-pipeline/prices/1",
        "campaign": table.loaded.campaign.slug,
        "drafts": table.drafts,
        "finals": table.finals,
        "rows": [_row_record(row) for row in table.rows],
    }


def _row_record(row: PriceRow) -> dict[str, object]:
    finals = row.finals or {}
    return {
        "provider": row.provider,
        "model": row.model,
        "batch": row.batch,
        "unit": row.money.unit,
        "chosen": row.chosen,
        "drafts": _cost_record(row.drafts, row.money),
        "finals": {quality: _cost_record(cost, row.money) for quality, cost in finals.items()},
        "refused": row.refused or None,
    }


def _cost_record(cost: StageCost | None, money: MoneyFormat) -> dict[str, object] | None:
    if cost is None:
        return None
    return {
        "images": cost.images,
        "likely": cost.likely,
        "at_most": cost.at_most,
        "guess": cost.is_guess,
        "text": money.about(cost.likely),
    }
