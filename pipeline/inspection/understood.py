"""What a picture says of its prompt: the image server that ships with the pipeline writes it."""

import html
import json
import re
from collections.abc import Mapping

from PIL import Image

_TEXT_CHUNK = "understood"
_IN_XMP = re.compile(rb"""\bpicture:understood=(?:"([^"]*)"|'([^']*)')""")
_MOST = 20
_LONGEST = 80
_NO_SUBJECT = ("subject not known", "no subject")


def not_understood(image: Image.Image) -> tuple[str, ...]:
    """Return what a picture says it does not show; empty if it says nothing."""
    try:
        fields = json.loads(_written(image))
        missed = fields["not_understood"] if isinstance(fields, Mapping) else ()
    except (ValueError, KeyError, RecursionError):
        return ()
    if not isinstance(missed, list):
        return ()
    return tuple(one[:_LONGEST] for one in missed[:_MOST] if isinstance(one, str))


def shows_subject(missed: tuple[str, ...]) -> bool:
    """Return whether the picture shows what its prompt is about."""
    return not any(one.startswith(_NO_SUBJECT) for one in missed)


def _written(image: Image.Image) -> str:
    text = image.info.get(_TEXT_CHUNK)
    if isinstance(text, str):
        return text
    xmp = image.info.get("xmp")
    found = _IN_XMP.search(xmp) if isinstance(xmp, bytes) else None
    return (
        ""
        if found is None
        else html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace"))
    )
