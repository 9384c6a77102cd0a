"""A valid request for pictures, from a JSON body or from the form of an edit."""

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
    refuse_unknown,
)
from pipeline.imageserver.api.requests.file_kinds import FileKind
from pipeline.imageserver.api.requests.forms import Form, images_of
from pipeline.imageserver.api.terms import CREDITS, FIELDS, MODEL
from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.painting.pixels import MAX_RATIO


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRequest:
    """A request for `n` pictures of one prompt."""

    prompt: str
    size: str = "1:1"
    """The size as the caller wrote it; `ratio` is its meaning."""
    ratio: tuple[int, int] = (1, 1)
    quality: PaintQuality = PaintQuality.MEDIUM
    n: int = 1
    transparent: bool = False
    variation: str = ""
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None
    exact: tuple[int, int] | None = None
    """Width and height if the caller named pixels, else None: the ratio decides."""
    model: str = MODEL
    stated_quality: str = ""
    """The quality by the model's own name, if it has more than the painters."""
    price: int | None = None
    """Price of all its pictures in the account's unit; None for the documented credits."""

    @property
    def credits(self) -> int:
        """The price of all its pictures, in the account's unit."""
        return self.n * CREDITS[self.quality] if self.price is None else self.price

    @property
    def background(self) -> str:
        """The background by its documented name."""
        return "transparent" if self.transparent else "opaque"

    def order(self, index: int) -> PaintOrder:
        """Return the order for one of the pictures."""
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
        """Return a digest that is equal for equal requests, however their JSON was written."""
        values = (route, self.prompt, self.ratio, self.quality, self.n, self.transparent)
        digest = hashlib.sha256(repr((*values, self.variation, self.exact)).encode())
        for part in (*self.references, self.mask or b""):
            digest.update(hashlib.sha256(part).digest())
        return digest.digest()


def image_request_from(body: Mapping[str, object], *, variation: str = "") -> ImageRequest:
    """Return the request of the documented endpoint; RefusedError names the field that is wrong."""
    refuse_unknown(body, FIELDS)
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
    """Return the request in the form; the default size is the ratio of its first image."""
    fields = form.text
    refuse_unknown(fields, FIELDS)
    model_from(fields.get("model", MODEL))
    prompt = prompt_from(fields)
    references, mask, first = images_of(form)
    ratio = ratio_from(fields["size"]) if "size" in fields else ratio_of(first)
    return ImageRequest(
        prompt=prompt,
        size=fields.get("size", f"{ratio[0]}:{ratio[1]}"),
        ratio=ratio,
        quality=quality_from(fields.get("quality", PaintQuality.MEDIUM)),
        n=count_from_text("n", fields.get("n", "1")),
        transparent=background_from(fields.get("background", "opaque")),
        variation=variation,
        references=references,
        mask=mask,
    )


def ratio_of(image: FileKind) -> tuple[int, int]:
    """Return the image's ratio, limited to 3:1."""
    longest = MAX_RATIO * min(image.width, image.height)
    across, down = min(image.width, longest), min(image.height, longest)
    divisor = math.gcd(across, down)
    return across // divisor, down // divisor


def count_from_text(name: str, text: str) -> int:
    """Return a number of pictures that is given as text. Raises RefusedError."""
    if not (text.isascii() and text.isdigit() and len(text) < 4):  # noqa: PLR2004 - 999 at most
        raise invalid(name, f"must be a whole number, not {printable(text)}")
    return count_from(int(text))
