"""A comparison of two runs as one HTML page: pictures before and after, with a slider.

The page needs no other file. Its one script, allowed by its digest, turns each pair into a slider;
where scripts do not run, as in mail programs and in print, the two pictures stand side by side.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.names import Stage
from pipeline.prompts.word_changes import WordChange
from pipeline.reports.diff.comparing import ImageChange, Kind, RunDiff
from pipeline.reports.diff.diff_pictures import Picture
from pipeline.reports.diff.request_changes import Aspect, AspectChange
from pipeline.reports.diff.shown_run import ShownImage, ShownRun
from pipeline.theme.page_files import palette

MOST_PICTURES = 600
"""Most pictures on a page; further images are only named."""
_SHARP, _FAIR, _SMALL = 512, 320, 200
"""Longer sides of pictures, in pixels, on pages with few, many and very many of them."""
_FEW, _MANY = 80, 240

_HEADINGS = {
    Kind.CHANGED: "Changed",
    Kind.AGAIN: "Bought again",
    Kind.ADDED: "Added",
    Kind.ARRIVED: "Rendered now",
    Kind.GONE: "Gone",
    Kind.STATUS: "Other status",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffPicture:
    """One picture of a pair."""

    src: str
    width: int
    height: int
    said: str
    """What stands in its place if there is no picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffFigure:
    """An image that changed, with its pictures."""

    cell: str
    stage: str
    before: DiffPicture | None
    after: DiffPicture | None
    words: Sequence[WordChange]
    facts: Sequence[str]

    @property
    def slides(self) -> bool:
        """True if there are two pictures to slide between."""
        pictures = (self.before, self.after)
        return all(one is not None and one.src for one in pictures)

    @property
    def shape(self) -> str:
        """Width and height of the area for the pictures, as CSS writes a ratio."""
        shown = [one for one in (self.after, self.before) if one is not None and one.width]
        return f"{shown[0].width}/{shown[0].height}" if shown else "1/1"


def draw_diff(diff: RunDiff, picture: Picture) -> str:
    """Return the page; the same comparison always gives the same text."""
    groups = {kind: diff.of(kind) for kind in _HEADINGS}
    count = sum(
        bool(image and image.sha256)
        for some in groups.values()
        for one in some
        for image in (one.before, one.after)
    )
    most = _SHARP if count <= _FEW else _FAIR if count <= _MANY else _SMALL
    left = MOST_PICTURES
    sections, named = [], []
    for kind, some in groups.items():
        figures = []
        for one in some:
            if left <= 0:
                named.append(f"{one.shown.cell} {one.shown.stage}: {_HEADINGS[kind].lower()}")
                continue
            left -= 2
            figures.append(_figure(one, picture, most))
        if figures:
            sections.append((_HEADINGS[kind], figures))
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _TEMPLATES.get_template("diff.html").render(
        diff=diff,
        before=run_time(diff.before),
        after=run_time(diff.after),
        totals=_totals(diff),
        sections=sections,
        named=named,
        costs=[
            (one.cause, f"{one.images:,}" if one.images else "", diff.after.money.text(one.amount))
            for one in diff.costs
        ],
        money=diff.after.money,
        palette=palette(),
        script=script,
        digest=digest,
    )


def run_time(run: ShownRun) -> str:
    """Return when a run began, in UTC, for people: `2026-11-30 13:51:39`; its id if unknown."""
    return run.started[:19].replace("T", " ") or str(run.id)


def _totals(diff: RunDiff) -> Iterator[tuple[str, str]]:
    for kind in (Kind.CHANGED, Kind.AGAIN, Kind.ADDED, Kind.ARRIVED, Kind.GONE):
        if some := diff.of(kind):
            yield _HEADINGS[kind], f"{len(some):,}"
    if diff.verdicts:
        yield "Verdicts", f"{len(diff.verdicts):,}"
    yield "Spent", diff.after.money.text(diff.total)


def _figure(change: ImageChange, picture: Picture, most: int) -> DiffFigure:
    words = [word for one in change.changes for word in one.words]
    shown = change.shown
    final = shown.stage is Stage.FINAL
    take = f" take {shown.take}" if shown.take > 1 else ""
    return DiffFigure(
        cell=shown.cell,
        stage=f"{'final' if final else 'draft'}{take}",
        before=_picture(change.before, picture, most),
        after=_picture(change.after, picture, most),
        words=words,
        facts=[*map(str, _without_words(change.changes)), *_status(change)],
    )


def _without_words(changes: Sequence[AspectChange]) -> Iterator[AspectChange]:
    return (one for one in changes if one.aspect is not Aspect.WORDS)


def _status(change: ImageChange) -> Iterator[str]:
    if change.kind is Kind.STATUS and change.before and change.after:
        yield f"{change.before.status.words} → {change.after.status.words}"


def _picture(image: ShownImage | None, picture: Picture, most: int) -> DiffPicture | None:
    if image is None:
        return None
    src = picture(image, most)
    said = "" if src else "the picture is not kept" if image.sha256 else image.status.words
    return DiffPicture(src=src, width=image.width, height=image.height, said=said)


@cache
def _script() -> str:
    folder = files("pipeline.reports.diff") / "templates"
    return (folder / "diff.js").read_text("utf-8").strip()


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.reports.diff"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
