"""Masks of edits: what of the first image is painted anew, in the form that a server takes."""

import io
from dataclasses import dataclass

from PIL import Image

from pipeline.errors import Rejected
from pipeline.model.providers.request import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskPart:
    """A mask and how a server takes it."""

    reference: Reference
    field: str = "mask"
    white_is_painted: bool = False
    """True if white marks what is painted anew, instead of transparency."""


def white_where_clear(mask: bytes) -> bytes:
    """Return a PNG that is white where a mask is transparent, and black elsewhere.

    Raises `Rejected` if the mask cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(mask)) as opened:
            alpha = opened.convert("RGBA").getchannel("A")
    except (OSError, ValueError, SyntaxError) as error:
        raise Rejected(f"the mask cannot be decoded; nothing was sent: {error}") from error
    marked = io.BytesIO()
    alpha.point([255] + [0] * 255).save(marked, "PNG")
    return marked.getvalue()
