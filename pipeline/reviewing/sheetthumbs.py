"""Where a sheet finds its thumbs: inside the page, beside it, or as parts of a mail."""

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from pipeline.artifacts.confined import Place, opened
from pipeline.artifacts.thumbs import thumb_path
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Slug
from pipeline.reviewing.wire import short

Source = Callable[[Artifact, int], str]
"""What stands in `src` for the thumb of an image whose longer side is so many CSS pixels."""

Read = Callable[[Artifact], bytes | None]
"""The bytes of an image's thumb; `None` where there is none."""

_SIDE = 256
_SHARP = 2
"""Device pixels for each CSS pixel: screens and printers show that much."""
_QUALITY = 74


def thumbs_of(output: Path, campaign: Slug) -> Read:
    """Read thumbs of a campaign as the run made them."""
    root = output.resolve()

    def read(artifact: Artifact) -> bytes | None:
        place = Place.at(thumb_path(campaign, artifact.sha256, _SIDE))
        try:
            with opened(root, place) as file, os.fdopen(file, "rb", closefd=False) as stream:
                return stream.read()
        except OSError:
            return None

    return read


def inline(read: Read) -> Source:
    """Thumbs inside the page itself, so that it is one file; no larger than they are shown."""

    def source(artifact: Artifact, longest: int) -> str:
        thumb = read(artifact)
        if thumb is None:
            return ""
        light = _lightened(thumb, longest * _SHARP)
        return "data:image/webp;base64," + base64.b64encode(light).decode()

    return source


def beside(folder: str) -> Source:
    """Thumbs as files of their own, named by their image's hash."""
    return lambda artifact, _: f"{folder}/{short(artifact.sha256)}.webp"


def attached(artifact: Artifact, _: int) -> str:
    """Thumbs as parts of a mail: mail programs show no `data:` images."""
    return f"cid:{short(artifact.sha256)}@sheet"


def _lightened(thumb: bytes, longest: int) -> bytes:
    image = Image.open(io.BytesIO(thumb), formats=("WEBP",))
    if max(image.size) <= longest:
        return thumb
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=4)
    return min(out.getvalue(), thumb, key=len)
