"""An edit of the documented family: the fields of generate, with images and perhaps a mask."""

import math

from pipeline.engine.fields import (
    background_from,
    count_from,
    model_from,
    prompt_from,
    quality_from,
    ratio_from,
    refuse_others,
)
from pipeline.engine.formats import Sniffed
from pipeline.engine.forms import Form, images_of
from pipeline.engine.order import Quality
from pipeline.engine.pixels import STEEPEST_RATIO
from pipeline.engine.quoting import printable
from pipeline.engine.refusal import invalid
from pipeline.engine.terms import FIELDS, MODEL
from pipeline.engine.wanted import Wanted


def edit_from(form: Form, *, variation: str) -> Wanted:
    """The request in the form; without a size it keeps the ratio of its first image."""
    words = form.words
    refuse_others(words, FIELDS)
    model_from(words.get("model", MODEL))
    prompt = prompt_from(words)
    references, mask, first = images_of(form)
    ratio = ratio_from(words["size"]) if "size" in words else ratio_of(first)
    return Wanted(
        prompt=prompt,
        size=words.get("size", f"{ratio[0]}:{ratio[1]}"),
        ratio=ratio,
        quality=quality_from(words.get("quality", Quality.MEDIUM)),
        n=whole_from("n", words.get("n", "1")),
        transparent=background_from(words.get("background", "opaque")),
        variation=variation,
        references=references,
        mask=mask,
    )


def ratio_of(image: Sniffed) -> tuple[int, int]:
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
