"""What people type into a review: notes and names, made safe to keep and to send on."""

import re
import unicodedata

from pipeline.errors import UsageError

LONGEST_NOTE = 1000
LONGEST_NAME = 60

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
"""Embeddings, overrides and isolates, as prompts refuse them; the marks that Arabic needs stay."""


def clean_note(text: str) -> str:
    """A note as it enters a prompt: one line, no control characters; `UsageError` where too long.

    It stays a value for ever: nothing in it is ever read as a template.
    """
    return _clean(text, longest=LONGEST_NOTE, what="note")


def clean_name(text: str) -> str:
    """A reviewer's name; `UsageError` where it is empty or too long."""
    name = _clean(text, longest=LONGEST_NAME, what="reviewer's name")
    if not name:
        raise UsageError("a verdict needs the name of who gives it")
    return name


def _clean(text: str, *, longest: int, what: str) -> str:
    spaced = _BIDI.sub("", text)
    kept = "".join(
        " "
        if unicodedata.category(sign)[0] in "CZ" and sign not in "\u200c\u200d\u200e\u200f"
        else sign
        for sign in spaced
    )
    line = " ".join(kept.split())
    if len(line) > longest:
        raise UsageError(f"the {what} is {len(line)} characters long, {longest} is the most")
    return line
