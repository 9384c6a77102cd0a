"""Scripts: the direction of characters, and where a line may break beside them."""

import unicodedata

# escaped, since half of these look like ASCII characters
NO_LINE_START = frozenset(
    "\u3001\u3002\uff0c\uff0e\u30fb\uff1a\uff1b\uff1f\uff01\u300d\u300f\uff09\u3011\u3015"
    "\u3009\u300b\u30fc\u3005\u309d\u2026!?,.:;)%"
)
NO_LINE_END = frozenset("\u300c\u300e\uff08\u3010\u3014\u300a\u3008(")
_CLOSERS = NO_LINE_START - frozenset("\u30fc\u3005\u309d")
_HIRAGANA = (0x3041, 0x309F)
_KATAKANA = (0x30A0, 0x30FF)


def is_cjk(char: str) -> bool:
    """Return whether the character is full-width, so that a line may break beside it."""
    return unicodedata.east_asian_width(char) in ("W", "F")


def _strong(char: str) -> str:
    kind = unicodedata.bidirectional(char)
    return {"L": "L", "R": "R", "AL": "R", "EN": "N", "AN": "N"}.get(kind, "")


def is_rtl(text: str) -> bool:
    """Return whether the first letter with a direction runs from right to left."""
    return next((s for s in map(_strong, text) if s in ("L", "R")), "L") == "R"


def runs(text: str) -> list[tuple[str, bool]]:
    """Return runs of one direction in visual order, and for each whether it is right-to-left.

    Two embedding levels are supported, enough for the copy of an advertisement.
    """
    base = "R" if is_rtl(text) else "L"
    found: list[tuple[str, str]] = []
    for char, direction in zip(text, _directions(text, base), strict=True):
        if found and found[-1][1] == direction:
            found[-1] = (found[-1][0] + char, direction)
        else:
            found.append((char, direction))
    ordered = found[::-1] if base == "R" else found
    return [(piece, direction == "R") for piece, direction in ordered]


def _directions(text: str, base: str) -> list[str]:
    known = [_strong(c) for c in text]
    for i, direction in enumerate(known):
        if not direction:
            before = next((d for d in reversed(known[:i]) if d), base)
            after = next((d for d in known[i + 1 :] if d), base)
            known[i] = before if before == after else base
    return ["L" if d == "N" else d for d in known]


def may_break(before: str, after: str, *, loose: bool) -> bool:
    """Return whether a line may break between two characters without a space.

    It may beside CJK only, unless `loose` only at the end of a phrase, and never against kinsoku.
    """
    if not (is_cjk(before) or is_cjk(after)):
        return False
    if after in NO_LINE_START or before in NO_LINE_END:
        return False
    if loose or before in _CLOSERS:
        return True
    return _kind(before) == "hiragana" and _kind(after) in ("han", "katakana")


def _kind(char: str) -> str:
    code = ord(char)
    if _HIRAGANA[0] <= code <= _HIRAGANA[1]:
        return "hiragana"
    if _KATAKANA[0] <= code <= _KATAKANA[1]:
        return "katakana"
    return "han" if is_cjk(char) else "other"
