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


def is_rtl(text: str) -> bool:
    """Return whether the first letter with a direction runs from right to left."""
    kinds = map(unicodedata.bidirectional, text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


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
