"""Whether finals have to be written to be proven: most say word for word what their drafts say."""

import re

from pipeline.model.campaign import Stage
from pipeline.planning.blueprint import Blueprint

_TAG = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_TRICKY = re.compile(r"[\"'{]")
"""In a tag: what may make it end later than at its first closing braces."""
_OPEN = re.compile(r"\{[{%]")
_TOLD_APART = re.compile(r"\b(?:stage|take|round|note)\b")
"""The names whose values differ between the images of one cell."""


def finals_repeat_drafts(blueprint: Blueprint) -> bool:
    """Whether every final's words are sure to be those of its cell's drafts.

    Then a campaign whose drafts could be written has no final that cannot. False where it takes
    more than a look at the templates to tell, and where takes of finals might meet in one file.
    """
    if Stage.DRAFT not in blueprint.campaign.stages:
        return False
    texts = [source.text for source in blueprint.library.templates.values()]
    return blueprint.path is None and not any(_names_the_image(text) for text in texts)


def finals_cost_alike(blueprint: Blueprint) -> bool:
    """Whether quality and takes are the same for all cells."""
    return all(change.set.stages is None for change in blueprint.opened.file.overrides)


def _names_the_image(template: str) -> bool:
    """Whether a template may say stage, take, round or note; in doubt it may."""
    inside = [found[1] or found[2] or "" for found in _TAG.finditer(template)]
    plain = _OPEN.search(_TAG.sub("", template)) is None
    if not plain or any(_TRICKY.search(tag) for tag in inside):
        inside = [template]
    return any(_TOLD_APART.search(tag) for tag in inside)
