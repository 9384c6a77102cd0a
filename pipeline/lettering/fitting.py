"""Setting text as large as a box allows, in balanced lines, without overflow."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from pipeline.lettering.box import Box
from pipeline.lettering.path import Path
from pipeline.lettering.scripts import is_cjk, is_rtl, may_break
from pipeline.lettering.shaping import line
from pipeline.lettering.typefaces import Typeface, face, face_for

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_UNBROKEN = 13
"""Longer words may be hyphenated if that makes the type much larger."""
_HYPHEN = "\u2027"
"""Marks a part of a hyphenated word, whose hyphen shows only at the end of a line."""
LONG = 60
"""More words than this are set as running text, with fewer numbers of lines tried."""


class TextAlign(StrEnum):
    """Alignment of text in its box, across and down."""

    START = "start"
    MIDDLE = "middle"
    END = "end"

    def share(self) -> float:
        """Return the share of the spare space that goes before the text."""
        return {TextAlign.START: 0.0, TextAlign.MIDDLE: 0.5, TextAlign.END: 1.0}[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class TextSetting:
    """Settings of a text."""

    face: Typeface
    across: TextAlign = TextAlign.MIDDLE
    down: TextAlign = TextAlign.MIDDLE
    max_size: float = 1e9
    """The largest type size, in the box's units."""
    max_lines: int = 5
    tracking: float = 0.0
    gain: float = 1.02
    """Factor by which one more line must enlarge the type."""
    leading: float | None = None
    even: float = 0.45
    """Weight of lines of equal length, against large type."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Set text: its outline in place, its type size, its lines."""

    path: Path
    size: float
    lines: tuple[str, ...]

    @property
    def box(self) -> Box:
        """The box of its outline."""
        return self.path.box()


@dataclass(frozen=True, slots=True)
class _Trial:
    size: float
    path: Path
    lines: tuple[str, ...]


Piece = tuple[str, str]
"""An unbreakable part of a text, and the space after it."""


def fit(text: str, box: Box, setting: TextSetting) -> TextBlock:
    """Set the text as large as possible inside the box."""
    best: _Trial | None = None
    for breaking, required_gain in _breakings(text, setting):
        # a freer way of breaking must enlarge the type by its factor
        trial = _largest(breaking, box, setting)
        if best is None or trial.size > best.size * required_gain:
            best = trial
    if best is None:
        return TextBlock(Path(), 0.0, ())
    ink, size = best.path.box(), best.size
    x = box.x + (box.w - ink.w * size) * setting.across.share() - ink.x * size
    y = box.y + (box.h - ink.h * size) * setting.down.share() - ink.y * size
    return TextBlock(best.path.moved(x, y, size), size, best.lines)


def _breakings(text: str, setting: TextSetting) -> list[tuple[list[Piece], float]]:
    words = _atoms(text, loose=False)
    if not words:
        return []
    found: list[tuple[list[Piece], float]] = []
    sentences = [(s, " ") for s in _SENTENCE_END.split(text.strip())]
    if 1 < len(sentences) <= setting.max_lines:
        found.append((sentences, 1.0))
    found.append((words, 1.45))
    if any(map(is_cjk, text)):
        found.append((_atoms(text, loose=True), 1.5))
    if any(len(word) > _UNBROKEN for word, _ in words) and not is_rtl(text):
        found.append(([part for word in words for part in _hyphenated(word)], 1.7))
    return found


def _hyphenated(word: Piece) -> list[Piece]:
    """Return a long word in parts of equal length, with hyphens."""
    text, glue = word
    if len(text) <= _UNBROKEN or not text.isalpha():
        return [word]
    parts = -(-len(text) // _UNBROKEN)
    step = -(-len(text) // parts)
    cut = [text[i : i + step] for i in range(0, len(text), step)]
    return [*((f"{part}-", _HYPHEN) for part in cut[:-1]), (cut[-1], glue)]


def _atoms(text: str, *, loose: bool) -> list[Piece]:
    out: list[Piece] = []
    for word in text.split():
        piece = word[0]
        for before, after in pairwise(word):
            if may_break(before, after, loose=loose):
                out.append((piece, ""))
                piece = ""
            piece += after
        out.append((piece, " "))
    return out


def _joined(parts: list[Piece]) -> str:
    text = "".join(text + glue for text, glue in parts)
    return text.removesuffix(_HYPHEN).replace(f"-{_HYPHEN}", "").strip()


def _largest(parts: list[Piece], box: Box, setting: TextSetting) -> _Trial:
    """Return the best setting for one way of breaking."""
    text = _joined(parts)
    leading = setting.leading or _leading(text, setting.face)
    widths = [line(t, setting.face, setting.tracking).advance for t, _ in parts]
    space = line(" ", setting.face, setting.tracking).advance
    best: _Trial | None = None
    best_score = 0.0
    counts: Sequence[int] = range(1, min(setting.max_lines, len(parts)) + 1)
    if len(parts) > LONG:  # a text: aim straight at the shape of the box
        ideal = (sum(widths) * box.h / (box.w * leading)) ** 0.5
        counts = range(max(1, round(ideal * 0.85)), round(ideal * 1.2) + 2)
    if len(parts) > LONG:
        counts = [_best_count(parts, widths, space, (box, leading, counts))]
    for count in counts:
        lines = _balanced(parts, widths, (count, space))
        path = _stack_lines(lines, leading, setting)
        ink = path.box()
        size = min(box.w / max(ink.w, 1e-6), box.h / max(ink.h, 1e-6), setting.max_size)
        score = size * (1 - setting.even * (1 - _evenness(lines, setting)))
        if best is None or score > best_score * setting.gain:
            best, best_score = _Trial(size, path, lines), score
    return best or _Trial(0.0, Path(), ())


def _best_count(
    parts: list[Piece],
    widths: list[float],
    space: float,
    where: tuple[Box, float, Iterable[int]],
) -> int:
    """Return the number of lines that makes a long text largest, by its advances only."""
    box, leading, counts = where

    def size(count: int) -> float:
        lines = _balanced(parts, widths, (count, space))
        widest = max(map(len, lines)) / sum(map(len, lines)) * (sum(widths) + space * len(widths))
        return min(box.w / widest, box.h / (len(lines) * leading))

    return max(counts, key=size)


def _evenness(lines: tuple[str, ...], setting: TextSetting) -> float:
    """Return the length of the shortest line in lengths of the longest."""
    widths = [line(text, setting.face, setting.tracking).advance for text in lines]
    return min(widths) / max(*widths, 1e-06)


def _leading(text: str, name: Typeface) -> float:
    used = {face_for(c, name) for c in text if not c.isspace()}
    found = [f.leading for f in map(face, sorted(used)) if f is not None]
    return max(found, default=1.0)


def _stack_lines(lines: tuple[str, ...], leading: float, setting: TextSetting) -> Path:
    path = Path()
    set_lines = [line(text, setting.face, setting.tracking) for text in lines]
    widest = max(s.advance for s in set_lines)
    for i, shaped in enumerate(set_lines):
        dx = (widest - shaped.advance) * setting.across.share()
        path.extend(shaped.path.moved(dx, i * leading))
    return path


def _balanced(
    parts: list[Piece], widths: list[float], count_and_space: tuple[int, float]
) -> tuple[str, ...]:
    """Return at most `count` lines, the widest of them as narrow as possible."""
    count, space = count_and_space
    low, high = max(widths), sum(widths) + space * len(widths)
    for _ in range(24):
        middle = (low + high) / 2
        if len(_fill_lines(parts, widths, (middle, space))) <= count:
            high = middle
        else:
            low = middle
    return tuple(_joined(found) for found in _fill_lines(parts, widths, (high, space)))


def _fill_lines(
    parts: list[Piece], widths: list[float], limit_and_space: tuple[float, float]
) -> list[list[Piece]]:
    limit, space = limit_and_space
    lines: list[list[Piece]] = []
    used, glue = 0.0, ""
    for piece, width in zip(parts, widths, strict=True):
        gap = space if glue == " " else 0.0
        if lines and used + gap + width <= limit * 1.0001:
            lines[-1].append(piece)
            used += gap + width
        else:
            lines.append([piece])
            used = width
        glue = piece[1]
    return lines
