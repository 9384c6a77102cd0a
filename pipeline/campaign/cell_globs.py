"""Globs over the names of cells: `--only`, `approve GLOB`, `resolve GLOB`, and rules over axes.

They are case-sensitive, `*` also matches `/`, and a size may be written `4:3` or `4x3`.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain

from pipeline.errors import UsageError
from pipeline.model.names import CellName
from pipeline.suggestions import did_you_mean, nearest

MOST_LISTED = 8
"""Most ids that are listed to somebody whose glob matches no cell."""
_RATIO = re.compile(r"(?<=[0-9*?\]]):(?=[0-9*?\[])", re.ASCII)
_WILDCARD = re.compile(r"[*?\[]")
_BETWEEN_WORDS = re.compile(r"[/*?\[\]]+")


def canonical_glob(glob: str) -> str:
    """Return a glob, or a name, with its size written as cell names have it: `4:3` is `4x3`."""
    return _RATIO.sub("x", glob)


class Globs:
    """Some globs; accents in one character or in two are the same."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(fnmatch.translate(composed(glob)) for glob in globs))

    def match(self, name: str) -> re.Match[str] | None:
        """Return the match of a name with any of the globs, or `None`."""
        return self._pattern.match(composed(name))


def composed(text: str) -> str:
    """Return a text with each accent in one character with its letter, to compare it with others.

    Programs and file systems differ in this, and nobody sees it.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def compile_cell_globs(globs: Sequence[str]) -> Globs | None:
    """Return the globs for names of cells; `None` without globs, which means every cell."""
    return Globs(canonical_glob(glob) for glob in globs) if globs else None


def matching_cells(names: Iterable[CellName], glob: str) -> tuple[CellName, ...]:
    """Return the cells that a glob matches, in the order given.

    Raises `UsageError` if there is none, with the word that was probably meant.
    """
    known = tuple(dict.fromkeys(names))
    matches = Globs([canonical_glob(glob)]).match
    found = tuple(name for name in known if matches(name))
    if not found:
        words = dict.fromkeys(word for name in known for word in name.split("/"))
        raise UsageError(f"no cell matches {glob}{no_match_hint(glob, names=known, words=words)}")
    return found


def no_match_hint(glob: str, *, names: Iterable[CellName], words: Iterable[str]) -> str:
    """Return a hint at what was meant by a glob that matches no cell.

    `words` are the ids that cell names are made of.
    """
    ahead = iter(names)
    first = next(ahead, None)
    if first is None:
        return "; the campaign has no cells"
    plain = canonical_glob(glob)
    if not _WILDCARD.search(plain):
        return did_you_mean(plain, chain([first], ahead)) or f"; the first cell is {first}"
    ids = dict.fromkeys(words)
    for word in _BETWEEN_WORDS.split(plain):
        meant = nearest(word, ids) if word and word not in ids else None
        if meant is not None:
            return f" (did you mean {meant} for {word}?)"
    listed = ", ".join(list(ids)[:MOST_LISTED]) + (", …" if len(ids) > MOST_LISTED else "")
    return f"; the first cell is {first}, and names are made of {listed}"
