"""Suggestions for misspelt words."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 80
_MOST = 2000


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or `None`."""
    choices = [choice for _, choice in zip(range(_MOST), known, strict=False)]
    folded = {choice.casefold(): choice for choice in choices}
    if word.casefold() in folded:
        return folded[word.casefold()]
    found = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean headline?)`, or an empty text if no known word is similar."""
    meant = nearest(word, known)
    return f" (did you mean {meant}?)" if meant is not None else ""


def listing(words: Iterable[str], *, last: str = "or") -> str:
    """Return words as a list in a sentence: `low, medium or high`."""
    *first, end = list(words) or [""]
    return f"{', '.join(first)} {last} {end}" if first else end
