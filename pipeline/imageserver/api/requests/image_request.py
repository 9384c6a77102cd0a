"""What a request asks for, once every field of it was found good."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.imageserver.api.refusal import invalid, printable
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
from pipeline.imageserver.api.terms import CREDITS, FIELDS, MODEL
from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.painting.pixels import STEEPEST_RATIO


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRequest:
    """So many pictures of one prompt."""

    prompt: str
    size: str = "1:1"
    """As it came; `ratio` is what it means."""
    ratio: tuple[int, int] = (1, 1)
    quality: PaintQuality = PaintQuality.MEDIUM
    n: int = 1
    transparent: bool = False
    variation: str = ""
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None
    exact: tuple[int, int] | None = None
    """Width and height where the caller named pixels; None: what the ratio gets."""

    @property
    def credits(self) -> int:
        """The price of all its pictures."""
        return self.n * CREDITS[self.quality]

    @property
    def background(self) -> str:
        """As the document names it."""
        return "transparent" if self.transparent else "opaque"

    def order(self, index: int) -> PaintOrder:
        """What the painter of one of the pictures is told."""
        return PaintOrder(
            prompt=self.prompt,
            ratio=self.ratio,
            quality=self.quality,
            transparent=self.transparent,
            index=index,
            variation=self.variation,
            references=self.references,
            mask=self.mask,
        )

    def fingerprint(self, route: str) -> bytes:
        """The same for the same request, however its JSON was written."""
        told = (route, self.prompt, self.ratio, self.quality, self.n, self.transparent)
        digest = hashlib.sha256(repr((*told, self.variation, self.exact)).encode())
        for part in (*self.references, self.mask or b""):
            digest.update(hashlib.sha256(part).digest())
        return digest.digest()


def image_request_from(body: Mapping[str, object], *, variation: str = "") -> ImageRequest:
    """The request of the documented endpoint; RefusedError names the field that is wrong."""
    refuse_others(body, FIELDS)
    model_from(body.get("model", MODEL))
    size = body.get("size", "1:1")
    return ImageRequest(
        prompt=prompt_from(body),
        size=str(size),
        ratio=ratio_from(size),
        quality=quality_from(body.get("quality", PaintQuality.MEDIUM)),
        n=count_from(body.get("n", 1)),
        transparent=background_from(body.get("background", "opaque")),
        variation=variation,
    )


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
