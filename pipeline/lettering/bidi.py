"""The order of characters in a line of mixed directions: UAX 9 without explicit embeddings.

Texts that reach this module contain no embeddings, overrides or isolates, so that a line is one
sequence at the level of its paragraph. Rule numbers are those of UAX 9, revision 50.
"""

import unicodedata
from collections.abc import Sequence

from pipeline.lettering.scripts import is_rtl

_PAIRS = "()[]{}⁅⁆⁽⁾₍₎〈〉⟨⟩⟦⟧⟪⟫〈〉《》「」『』【】〔〕〖〗〘〙〚〛（）［］｛｝｟｠｢｣"  # noqa: RUF001
_CLOSING = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_STRONG = {"L": "L", "R": "R", "AL": "R", "EN": "R", "AN": "R"}
"""Directions as N0 to N2 see them: numbers count as right-to-left."""
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})
_NO_TYPE = frozenset({"BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_SPACE = frozenset({"WS", "S", "B"})


def visual_runs(text: str, *, rtl: bool | None = None) -> list[tuple[str, bool]]:
    """Return runs of one direction in visual order, and for each whether it is right-to-left.

    `rtl` is the direction of the paragraph; `None`: that of the first strong character.
    """
    base = int(is_rtl(text) if rtl is None else rtl)
    runs: list[tuple[str, int]] = []
    for char, level in zip(text, embedding_levels(text, base), strict=True):
        if runs and runs[-1][1] == level:
            runs[-1] = (runs[-1][0] + char, level)
        else:
            runs.append((char, level))
    # L2: from the highest level down, reverse every sequence of runs at that level or above
    for level in range(max((found for _, found in runs), default=0), 0, -1):
        start = 0
        while start < len(runs):
            end = start
            while end < len(runs) and runs[end][1] >= level:
                end += 1
            runs[start:end] = runs[start:end][::-1]
            start = end + 1
    return [(piece, bool(level % 2)) for piece, level in runs]


def embedding_levels(text: str, base: int) -> list[int]:
    """Return the level of every character; odd levels run from right to left."""
    types = [unicodedata.bidirectional(char) or "L" for char in text]
    kept = [at for at, kind in enumerate(types) if kind not in _NO_TYPE]
    resolved = _neutrals([text[at] for at in kept], _weak([types[at] for at in kept], base), base)
    levels = [base] * len(text)
    for at, kind in zip(kept, resolved, strict=True):
        levels[at] = _level(kind, base)
    for at, kind in enumerate(types):  # X9: what has no type stays with what precedes it
        if kind in _NO_TYPE and at:
            levels[at] = levels[at - 1]
    for at in range(len(text) - 1, -1, -1):  # L1: spaces at the end of the line
        if types[at] not in _SPACE and types[at] not in _NO_TYPE:
            break
        levels[at] = base
    return levels


def _level(kind: str, base: int) -> int:
    """Return the level of a resolved type: rules I1 and I2."""
    if base:
        return base if kind == "R" else base + 1
    return {"L": base, "R": base + 1}.get(kind, base + 2)


def _weak(types: list[str], base: int) -> list[str]:
    """Resolve marks and numbers: rules W1 to W7."""
    start = "R" if base else "L"
    last = strong = start
    for at, kind in enumerate(types):
        if kind == "NSM":  # W1
            types[at] = last
        last = types[at]
        if last in ("L", "R", "AL"):
            strong = last
        elif last == "EN" and strong == "AL":  # W2
            types[at] = "AN"
    types = ["R" if kind == "AL" else kind for kind in types]  # W3
    _separators(types)
    _terminators(types)
    types = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in types]  # W6
    strong = start
    for at, kind in enumerate(types):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            types[at] = "L"
    return types


def _separators(types: list[str]) -> None:
    """Join a separator between two numbers to them: rule W4."""
    for at in range(1, len(types) - 1):
        before, after = types[at - 1], types[at + 1]
        if (types[at] == "ES" and before == after == "EN") or (
            types[at] == "CS" and before == after and before in ("EN", "AN")
        ):
            types[at] = before


def _terminators(types: list[str]) -> None:
    """Join signs such as % and € to the number beside them: rule W5."""
    for order in (range(1, len(types)), range(len(types) - 2, -1, -1)):
        beside = -1 if order.step > 0 else 1
        for at in order:
            if types[at] == "ET" and types[at + beside] == "EN":
                types[at] = "EN"


def _neutrals(chars: Sequence[str], types: list[str], base: int) -> list[str]:
    """Resolve brackets and neutral characters: rules N0 to N2."""
    own = "R" if base else "L"
    for opening, closing in _bracket_pairs(chars, types):
        inside = {_STRONG.get(kind, "") for kind in types[opening + 1 : closing]} - {""}
        if not inside:
            continue
        before = (_STRONG[kind] for kind in reversed(types[:opening]) if kind in _STRONG)
        direction = own if own in inside else next(before, own)
        for bracket in (opening, closing):
            end = bracket + 1
            while end < len(chars) and unicodedata.bidirectional(chars[end]) == "NSM":
                end += 1
            types[bracket:end] = [direction] * (end - bracket)
    at = 0
    while at < len(types):
        end = at
        while end < len(types) and types[end] in _NEUTRAL:
            end += 1
        if end > at:
            left = _STRONG[types[at - 1]] if at else own
            right = _STRONG[types[end]] if end < len(types) else own
            types[at:end] = [left if left == right else own] * (end - at)
        at = max(end, at + 1)
    return types


def _bracket_pairs(chars: Sequence[str], types: Sequence[str]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    open_: list[tuple[str, int]] = []
    for at, (char, kind) in enumerate(zip(chars, types, strict=True)):
        if kind != "ON":
            continue
        if char in _CLOSING:
            open_.append((_CLOSING[char], at))
            continue
        found = next((n for n in range(len(open_) - 1, -1, -1) if open_[n][0] == char), None)
        if found is not None:
            pairs.append((open_[found][1], at))
            del open_[found:]
    return sorted(pairs)
