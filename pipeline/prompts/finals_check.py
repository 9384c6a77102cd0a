"""Checking finals before drafts are paid for; most have the same prompts as their drafts."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import Review
from pipeline.model.job import Job, JobKey
from pipeline.model.money import Amount, Quote
from pipeline.model.names import CellName, Stage
from pipeline.model.verdict import Pick
from pipeline.prompts.cells import name_of, unnamed_cells
from pipeline.prompts.jobs import plan_finals

_TAG = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_AMBIGUOUS = re.compile(r"[\"'{]")
"""Characters in a tag that may move its end beyond the first closing braces."""
_OPEN = re.compile(r"\{[{%]")
_IMAGE_NAMES = re.compile(r"\b(?:stage|take|round|note)\b")
"""The variables that differ between the images of one cell."""


def finals_repeat_drafts(loaded: LoadedCampaign) -> bool:
    """Return whether every final is sure to have the prompt of its cell's drafts.

    If so, finals need no check once the prompts of the drafts have been written. Returns False if
    this cannot be told from the templates, or if finals might share a file.
    """
    if Stage.DRAFT not in loaded.campaign.stages:
        return False
    texts = [source.text for source in loaded.templates.sources.values()]
    return loaded.path is None and not any(_names_the_image(text) for text in texts)


def finals_cost_alike(loaded: LoadedCampaign) -> bool:
    """Return whether finals of all cells have the same price, and the same number of takes."""
    final = loaded.campaign.stages[Stage.FINAL]
    if loaded.profile.one_price(final.quality, final.model) is None:
        return False
    return all(change.set.stages is None for change in loaded.checked.file.overrides)


def _names_the_image(template: str) -> bool:
    """Return whether a template may use stage, take, round or note; true if in doubt."""
    inside = [found[1] or found[2] or "" for found in _TAG.finditer(template)]
    plain = _OPEN.search(_TAG.sub("", template)) is None
    if not plain or any(_AMBIGUOUS.search(tag) for tag in inside):
        inside = [template]
    return any(_IMAGE_NAMES.search(tag) for tag in inside)


def prove_finals(loaded: LoadedCampaign, *, only: Sequence[str] = ()) -> None:
    """Check that every final's prompt can be written; raise `CampaignError` otherwise.

    A template that fails only for finals must be found before the drafts are paid for. Nothing is
    written if the finals repeat drafts that were written already.
    """
    if Stage.FINAL in loaded.campaign.stages and not finals_repeat_drafts(loaded):
        all_finals(loaded, only=only)


def all_finals(loaded: LoadedCampaign, *, only: Sequence[str] = ()) -> Iterator[Job]:
    """Return the finals of all cells, as if their first drafts were approved."""
    return plan_finals(loaded, picks=_all_picked(loaded, only), only=only)


def price_finals(loaded: LoadedCampaign, *, only: Sequence[str] = ()) -> Quote:
    """Return the price of the finals of all cells; their prompts are checked as well."""
    likely = at_most = 0
    for job in all_finals(loaded, only=only):
        at_most += job.price
        if job.price:  # a shared image costs nothing
            likely += loaded.profile.quote(job.request).likely
    return Quote(likely=Amount(likely), at_most=Amount(at_most))


def _all_picked(loaded: LoadedCampaign, only: Sequence[str]) -> Mapping[CellName, Pick]:
    """Return every cell with its first take picked; nothing if drafts are not reviewed."""
    draft = loaded.campaign.stages.get(Stage.DRAFT)
    if draft is None or draft.review is Review.NONE:
        return {}
    first = Pick(round=1, take=1, job=JobKey(""), sha256="")
    return dict.fromkeys(
        (name_of(loaded, s.point) for s in unnamed_cells(loaded, only=only)), first
    )
