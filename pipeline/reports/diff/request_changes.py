"""What differs between two requests for an image at the same place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from pipeline.model.job import JobKey
from pipeline.model.verdict import Decision
from pipeline.prompts.word_changes import WordChange, changed_words
from pipeline.reports.diff.shown_run import ShownImage, ShownRun

_NOTE = re.compile(r"\n\nRevision note: (?P<note>.*)\Z", re.DOTALL)
"""What a redo adds to a prompt that does not use its note otherwise."""


class Aspect(StrEnum):
    """What differs between two requests for one image."""

    WORDS = "words"
    SPACING = "spacing of the words"
    SIZE = "size"
    QUALITY = "quality"
    MODEL = "model"
    BACKGROUND = "background"
    OUTPUT_FORMAT = "output format"
    REFERENCE = "reference"
    DRAFT = "approved draft"
    ROUND = "round"
    AXES = "axes"
    PROVIDER = "provider"
    UNKNOWN = "something that the older manifest does not record"


@dataclass(frozen=True, kw_only=True, slots=True)
class AspectChange:
    """One difference between two requests."""

    aspect: Aspect
    before: str = ""
    after: str = ""
    words: tuple[WordChange, ...] = ()
    """Of a prompt, in order."""

    def __str__(self) -> str:
        if self.words:
            return ", ".join(map(str, self.words))
        if not self.before and not self.after:
            again = " rendered anew" if self.aspect is Aspect.DRAFT else ""
            return f"{self.aspect}{again}"
        if not self.before or not self.after:
            return f"{self.aspect} {self.before or self.after} {self._verb}"
        return f"{self.aspect} {self.before} → {self.after}"

    @property
    def _verb(self) -> str:
        return "added" if self.after else "removed"


def request_changes(
    old: ShownImage,
    new: ShownImage,
    *,
    before: ShownRun,
    after: ShownRun,
    older: Mapping[JobKey, ShownImage],
    newer: Mapping[JobKey, ShownImage],
) -> Iterator[AspectChange]:
    """Yield what differs between two requests, at least one thing.

    `older` and `newer` are the images of both runs by job.
    """
    found = [*own_changes(old, new, after), *_draft_change(old, new, older, newer)]
    if not found and old.axes != new.axes:
        texts = [", ".join(f"{axis}={id_}" for axis, id_ in one.axes) for one in (old, new)]
        found = [AspectChange(aspect=Aspect.AXES, before=texts[0], after=texts[1])]
    if before.provider != after.provider:
        found.append(
            AspectChange(aspect=Aspect.PROVIDER, before=before.provider, after=after.provider)
        )
    yield from found or [AspectChange(aspect=Aspect.UNKNOWN)]


def own_changes(old: ShownImage, new: ShownImage, after: ShownRun) -> Iterator[AspectChange]:
    """Yield what differs between two requests, apart from drafts, axes and providers.

    `after` knows the note with which a round was asked for.
    """
    was, now = old.prompt, new.prompt
    if old.round != new.round:
        was, now = (_NOTE.sub("", text) for text in (was, now))
    if was != now:
        words = changed_words(was, now)
        yield AspectChange(aspect=Aspect.WORDS if words else Aspect.SPACING, words=words)
    for aspect, was, now in (
        (Aspect.SIZE, old.size, new.size),
        (Aspect.QUALITY, old.quality, new.quality),
        (Aspect.MODEL, old.model, new.model),
        (Aspect.BACKGROUND, old.background, new.background),
        (Aspect.OUTPUT_FORMAT, old.output_format, new.output_format),
    ):
        if was != now:
            yield AspectChange(aspect=aspect, before=was, after=now)
    if old.references is not None and new.references is not None:
        yield from _reference_changes(old.references, new.references)
    if old.round != new.round:
        note = _note_of(new, after)
        now = f'{new.round}: "{note}"' if note else str(new.round)
        yield AspectChange(aspect=Aspect.ROUND, before=str(old.round), after=now)


def _reference_changes(
    old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]
) -> Iterator[AspectChange]:
    """Yield what differs between the references, leaving out the approved draft of a final."""
    was, now = ([one for one in some if one[0]] for some in (old, new))
    gone = [name for name, sha256 in was if (name, sha256) not in now]
    come = [name for name, sha256 in now if (name, sha256) not in was]
    if not gone and not come and was != now:
        texts = [", ".join(name for name, _ in some) for some in (was, now)]
        yield AspectChange(aspect=Aspect.REFERENCE, before=texts[0], after=texts[1])
    for name in [one for one in gone if one in come]:
        gone.remove(name)
        come.remove(name)
        yield AspectChange(aspect=Aspect.REFERENCE, before=name, after=f"{name}, other content")
    for before, after in zip_longest(gone, come, fillvalue=""):
        yield AspectChange(aspect=Aspect.REFERENCE, before=before, after=after)


def _note_of(image: ShownImage, run: ShownRun) -> str:
    """Return the note with which a round was asked for."""
    verdict = run.verdicts.get((image.cell, image.stage))
    if verdict is not None and verdict.decision is Decision.REDO and verdict.note:
        return " ".join(verdict.note.split())
    written = _NOTE.search(image.prompt)
    return " ".join(written["note"].split()) if written else ""


def _draft_change(
    old: ShownImage,
    new: ShownImage,
    older: Mapping[JobKey, ShownImage],
    newer: Mapping[JobKey, ShownImage],
) -> Iterator[AspectChange]:
    """Yield a change of the draft that a final was made from: another take or round."""
    if old.derived_from is None or new.derived_from is None:
        return
    was, now = older.get(old.derived_from), newer.get(new.derived_from)
    if was is None or now is None or (was.round, was.take) == (now.round, now.take):
        same = old.prompt == new.prompt and old.round == new.round
        if same and old.derived_from != new.derived_from:
            yield AspectChange(aspect=Aspect.DRAFT)  # refined from another picture
        return
    texts = [
        f"take {one.take}" + (f" of round {one.round}" if was.round != now.round else "")
        for one in (was, now)
    ]
    yield AspectChange(aspect=Aspect.DRAFT, before=texts[0], after=texts[1])
