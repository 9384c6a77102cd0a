"""Which cells a person means by a glob."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import translate

from pipeline.errors import UsageError
from pipeline.model.campaign import CellName

_RATIO = re.compile(r"(?<![0-9])([0-9]+):([0-9]+)(?![0-9])")


def matching(names: Iterable[CellName], glob: str) -> tuple[CellName, ...]:
    """The cells a glob names, in the order given; `*` crosses `/`, and `4:3` is `4x3`.

    Raises `UsageError` with the nearest name where nothing matches.
    """
    known = tuple(dict.fromkeys(names))
    wanted = re.compile(translate(_RATIO.sub(r"\1x\2", glob)))
    found = tuple(name for name in known if wanted.match(name))
    if not found:
        raise UsageError(f"no cell is called {glob}{_hint(known, glob)}")
    return found


def _hint(known: tuple[CellName, ...], glob: str) -> str:
    if not known:
        return "; the campaign has no cells"
    plain = _RATIO.sub(r"\1x\2", glob)
    if not re.search(r"[*?\[]", plain):
        near = get_close_matches(plain, known, 1, cutoff=0.5)
        return f"; did you mean {near[0]}?" if near else f"; the first one is {known[0]}"
    parts = tuple({part for name in known for part in name.split("/")})
    for word in re.split(r"[/*?\[\]]+", plain):
        near = get_close_matches(word, parts, 1) if word else []
        if near and near[0] != word:
            return f"; did you mean {near[0]} for {word}?"
    return f"; the first one is {known[0]}"
