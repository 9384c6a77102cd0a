"""An edit of the documented family: the fields of generate, with images and perhaps a mask."""

import math

from pipeline.imageserver.api.answers.refusal import invalid
from pipeline.imageserver.api.requests.fields import (
    background_from,
    count_from,
    model_from,
    prompt_from,
    quality_from,
    ratio_from,
    refuse_others,
)
from pipeline.imageserver.api.requests.file_kinds import FileKind
from pipeline.imageserver.api.requests.forms import Form, images_of
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.api.requests.quoting import printable
from pipeline.imageserver.api.terms import FIELDS, MODEL
from pipeline.imageserver.painting.order import PaintQuality
from pipeline.imageserver.painting.pixels import STEEPEST_RATIO


def edit_from(form: Form, *, variation: str) -> ImageRequest:
    """The request in the form; without a size it keeps the ratio of its first image."""
    words = form.words
    refuse_others(words, FIELDS)
    model_from(words.get("model", MODEL))
    prompt = prompt_from(words)
    references, mask, first = images_of(form)
    ratio = ratio_from(words["size"]) if "size" in words else ratio_of(first)
    return ImageRequest(
        prompt=prompt,
        size=words.get("size", f"{ratio[0]}:{ratio[1]}"),
        ratio=ratio,
        quality=quality_from(words.get("quality", PaintQuality.MEDIUM)),
        n=whole_from("n", words.get("n", "1")),
        transparent=background_from(words.get("background", "opaque")),
        variation=variation,
        references=references,
        mask=mask,
    )


def ratio_of(image: FileKind) -> tuple[int, int]:
    """The image's own ratio, or the steepest there is."""
    longest = STEEPEST_RATIO * min(image.width, image.height)
    across, down = min(image.width, longest), min(image.height, longest)
    divisor = math.gcd(across, down)
    return across // divisor, down // divisor


def whole_from(name: str, text: str) -> int:
    """A count that came as text. Raises RefusedError."""
    if not (text.isascii() and text.isdigit() and len(text) < 4):  # noqa: PLR2004 - 999 at most
        raise invalid(name, f"must be a whole number, not {printable(text)}")
    return count_from(int(text))
