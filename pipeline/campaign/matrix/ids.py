"""Which words may name a value of an axis: they end in cell names, globs, paths and reports."""

import re
import unicodedata

LONGEST_ID = 100
"""Bytes of an id in UTF-8; several ids make one file name."""

_UNFIT = re.compile(r'[/\\:*?"<>|\[\]\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def id_complaint(word: str) -> str:
    """Why a word cannot be an id; empty where it can."""
    if not word:
        return "an id must not be empty"
    if word in (".", ".."):
        return f"an id may not be {word}"
    unfit = _UNFIT.search(word)
    if unfit:
        shown = unfit[0] if unfit[0].isprintable() else f"U+{ord(unfit[0]):04X}"
        return f"an id may not hold {shown}, since it names files and cells"
    if word != word.strip() or word.endswith("."):
        return "an id may not start or end with a space, or end with a dot"
    if word.startswith("-"):
        return "an id may not start with -"
    if len(word.encode()) > LONGEST_ID:
        return f"an id may have {LONGEST_ID} bytes at most"
    if _RESERVED.fullmatch(word):
        return f"{word} is a name that Windows keeps for itself"
    return ""


def plain_id(word: str) -> str:
    """A word with - for what may not name files and cells; empty where all of it may."""
    plain = re.sub(r"\s*-[-\s]*", "-", _UNFIT.sub("-", word)).strip("-. ")
    return plain if _UNFIT.search(word) else ""


def folded(word: str) -> str:
    """What two names share where a file system would take them for one."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
