"""The check of copy: whether the words that a prompt quotes are the words on the image.

All words are compared as a multiset, since a reader splits and orders lines in its own way. A word
that is only like a wanted one is a typo, also if the right word stands elsewhere on the image.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from pipeline.model.check import CampaignCheck, CheckOutcome, CheckResult, measured, unmeasured

QUOTED = re.compile('["“„«]([^"“”„«»\n]{1,400})["”“»]')
"""A quoted text in a prompt, in the quotes of any language."""
ALIKE = 0.6
"""Similarity from which a surplus word counts as a misspelt one."""
_SHORTEST = 3
"""Fewest characters of a surplus word that can be a typo; shorter ones are mostly ornament."""
_FEW = 3
"""Most words that a finding names."""
_MOST_JOINED = 4

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`\u2032\uff07", "'"))
_LOOK_ALIKE = str.maketrans("il|o", "1110")
"""Characters that a reader confuses because many typefaces draw them alike."""
_KEPT = frozenset("%€$£¥₹+&'")
_READABLE = re.compile(r"LATIN|DIGIT|CJK|HIRAGANA|KATAKANA|FULLWIDTH")
"""Scripts, by the names of their characters, that the reader's model knows."""


def quoted_texts(prompt: str) -> tuple[str, ...]:
    """Return the texts that a prompt quotes, in order."""
    return tuple(text.strip() for text in QUOTED.findall(prompt) if text.strip())


def says_quoted_word(line: str, prompt: str) -> bool:
    """Return whether a line has a word that a prompt quotes, or one like it."""
    words = [word for text in quoted_texts(prompt) for word in text.split()]
    known = {_plain(word) for word in words}
    return any(_plain(token) in known or _is_typo(token, words) for token in line.split())


def text_check(prompt: str, lines: Sequence[str]) -> CheckResult:
    """Return the check of an image on which these lines were read.

    Other words of the prompt may stand on the image, such as the product's name on its label.
    """
    wanted = quoted_texts(prompt)
    words = [word for text in wanted for word in text.split()]
    unread = [word for word in words if not _is_readable(word)]
    readable = [word for word in words if _is_readable(word) and _plain(word)]
    if not readable:
        if unread:
            seen = f"the reader does not know the script of {_named(unread)}"
            return unmeasured(CampaignCheck.TEXT, CheckOutcome.UNREAD, seen)
        return measured(CampaignCheck.TEXT, 1.0, "no text is asked for")
    missing, surplus = _differences(readable, [*lines])
    others = {_plain(word) for word in prompt.split()}
    typos = [word for word in surplus if _plain(word) not in others and _is_typo(word, readable)]
    wrong = max(len(missing), len(typos))
    score = max(0.0, 1 - wrong / len(readable))
    if not wrong:
        if unread:
            seen = f"the reader does not know the script of {_named(unread)}"
            return unmeasured(CampaignCheck.TEXT, CheckOutcome.UNREAD, seen)
        return measured(CampaignCheck.TEXT, 1.0, f"all {len(readable)} words")
    found = [f"{_named(missing)} not found"] if missing else []
    if typos:
        found.append(f"{_named(typos)} {'instead' if missing else 'besides'}")
    return measured(CampaignCheck.TEXT, min(score, 0.999), ", ".join(found))


def _differences(words: Sequence[str], lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the wanted words that were not read, and the words that were read besides."""
    left = Counter(_plain(word) for word in words)
    read = [token for line in lines for token in line.split() if _plain(token)]
    surplus = []
    for token in read:
        plain = _plain(token)
        if left[plain] > 0:
            left[plain] -= 1
        else:
            surplus.append(token)
    surplus = [*_split_up(surplus, left)]
    _join(surplus, left)
    known = {_plain(word) for word in words}
    missing = []
    for word in words:
        plain = _plain(word)
        if left[plain] > 0:
            left[plain] -= 1
            missing.append(word)
    return missing, [token for token in surplus if _plain(token) not in known]


def _split_up(surplus: Iterable[str], left: Counter[str]) -> Iterator[str]:
    """Take words that were read without the blanks between them; yield the others."""
    for token in surplus:
        rest, used = _plain(token), []
        while rest:
            start = next((w for w, n in left.items() if n > 0 and w and rest.startswith(w)), None)
            if start is None:
                break
            used.append(start)
            left[start] -= 1
            rest = rest[len(start) :]
        if rest:
            left.update(used)
            yield token


def _join(surplus: list[str], left: Counter[str]) -> None:
    """Take words that were read in pieces, one behind the other."""
    for start in range(len(surplus)):
        for count in range(2, _MOST_JOINED + 1):
            pieces = surplus[start : start + count]
            joined = "".join(map(_plain, pieces))
            if len(pieces) == count and left[joined] > 0:
                left[joined] -= 1
                surplus[start : start + count] = [""] * count
    surplus[:] = [token for token in surplus if token]


def _is_typo(token: str, words: Iterable[str]) -> bool:
    plain = _plain(token)
    if len(plain) < _SHORTEST or plain.isdecimal():
        return False
    return any(
        ALIKE <= SequenceMatcher(None, plain, _plain(word), autojunk=False).ratio() < 1
        for word in words
    )


def _plain(word: str) -> str:
    """Return a word without what a reader cannot tell: case, outer signs, I and l, O and 0."""
    composed = unicodedata.normalize("NFKC", word).translate(_APOSTROPHES).casefold()
    kept = "".join(c for c in composed if c.isalnum() or c in _KEPT or unicodedata.combining(c))
    core = kept.strip("'%").translate(_LOOK_ALIKE)
    # beside another script, a reader may put the sign on the other side
    return f"{core}%" if "%" in kept else core


def _is_readable(word: str) -> bool:
    return all(
        _READABLE.search(unicodedata.name(char, "")) is not None for char in word if char.isalpha()
    )


def _named(words: Sequence[str]) -> str:
    more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
    return ", ".join(words[:_FEW]) + more
