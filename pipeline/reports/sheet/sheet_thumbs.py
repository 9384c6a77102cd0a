"""Thumbs of a sheet: embedded in the page, as files beside it, or as parts of a mail."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from pipeline.errors import LocalFault
from pipeline.images.base import ImageStore
from pipeline.images.thumbs import read_thumb
from pipeline.model.artifact import Artifact
from pipeline.model.names import Slug
from pipeline.state.campaign_state import short

Source = Callable[[Artifact, int], str]
"""Returns the `src` of an image's thumb; the number is its longer side in CSS pixels."""

Read = Callable[[Artifact], bytes | None]
"""Returns the bytes of an image's thumb; `None` if there is none."""

MANY = 100
"""From this number of images, each is embedded smaller: 200 images take about 400 kB."""

_SIDE = 256
_MAT = "#efefed"


@dataclass(frozen=True, kw_only=True, slots=True)
class _ThumbSize:
    """How a thumb is reduced before it is embedded."""

    sharp: float
    """Image pixels per CSS pixel; 2 is sharp on dense screens and in print."""
    quality: int
    most: int
    """Most pixels of the longer side."""


_FEW = _ThumbSize(sharp=2, quality=74, most=256)
_LIGHT = _ThumbSize(sharp=1.5, quality=40, most=136)


def thumbs_of(images: ImageStore, campaign: Slug) -> Read:
    """Return a function that reads the thumbs of a campaign's images."""

    def read(artifact: Artifact) -> bytes | None:
        try:
            return read_thumb(images, campaign, artifact.sha256, _SIDE)
        except (FileNotFoundError, LocalFault):
            return None

    return read


def inline(read: Read, *, images: int) -> Source:
    """Return a source of embedded thumbs; with many images, they are smaller."""
    weight = _LIGHT if images >= MANY else _FEW

    def source(artifact: Artifact, longest: int) -> str:
        thumb = read(artifact)
        if thumb is None:
            return ""
        light = _lightened(thumb, min(weight.most, round(longest * weight.sharp)), weight.quality)
        return "data:image/webp;base64," + base64.b64encode(light).decode()

    return source


def beside(folder: str) -> Source:
    """Return a source of thumbs in a folder, each named by its image's hash."""
    return lambda artifact, _: f"{folder}/{short(artifact.sha256)}.webp"


class MailThumbs:
    """Thumbs as JPEG parts of a mail: mail programs show no `data:` images, and many no WebP."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.parts: dict[str, bytes] = {}
        """The JPEG of each thumb, by the name that the page uses: `<hash>@sheet`."""

    def __call__(self, artifact: Artifact, longest: int) -> str:
        """Return the thumb's `cid:` URL; empty if the image has no thumb."""
        name = f"{short(artifact.sha256)}@sheet"
        if name not in self.parts:
            thumb = self._read(artifact)
            if thumb is None:
                return ""
            self.parts[name] = _mailable(thumb, round(longest * _FEW.sharp))
        return f"cid:{name}"


def _lightened(thumb: bytes, longest: int, quality: int) -> bytes:
    image = Image.open(io.BytesIO(thumb), formats=("WEBP",))
    if max(image.size) <= longest:
        return thumb
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=6)
    return min(out.getvalue(), thumb, key=len)


def _mailable(thumb: bytes, longest: int) -> bytes:
    """Return a thumb as JPEG; transparent parts get the sheet's background colour."""
    image = Image.open(io.BytesIO(thumb), formats=("WEBP",)).convert("RGBA")
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    mat = Image.new("RGBA", image.size, _MAT)
    out = io.BytesIO()
    Image.alpha_composite(mat, image).convert("RGB").save(
        out, "JPEG", quality=_FEW.quality, optimize=True
    )
    return out.getvalue()
