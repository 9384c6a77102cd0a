"""The task that shows an ad file before it is made: in fewer pixels, and without a file."""

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from pipeline.adfiles.derive import draw_ad_picture, window_of
from pipeline.adfiles.source_image import SourceImage, open_source
from pipeline.adfiles.window import PlannedWindow, SourceShape
from pipeline.errors import AdFileFailed, ImageBroken, LocalFault, PipelineError, TaskFailed
from pipeline.images.base import StoreLocation, local_faults
from pipeline.images.reading import sha256_of
from pipeline.images.registry import open_images
from pipeline.model.ad_file import Recipe

LONGEST = 1280
"""Most pixels of a side of a preview."""
_QUALITY = 90
_REMEMBERED = 2
"""Images that a process keeps decoded, since a person tries many windows of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFilePreview:
    """An ad file as it would be made."""

    content: bytes
    """JPEG, or WebP if it has transparent pixels; empty if it cannot be made."""
    content_type: str
    planned: PlannedWindow
    shape: SourceShape
    """The image, with its boxes."""
    refused: str = ""
    """Why it cannot be made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewAdFile:
    """Frame an image as `Derive` does, without writing anything."""

    images: StoreLocation
    source: str
    """Path of the image in the store."""
    recipe: Recipe
    longest: int = LONGEST

    def run(self) -> AdFilePreview:
        """Return the preview; errors as those of `Derive`."""
        try:
            return self._preview()
        except PipelineError:
            raise
        except FileNotFoundError as error:
            raise ImageBroken(f"{self.source} is not there any more") from error
        except MemoryError as error:
            raise LocalFault(f"{self.source}: not enough memory to decode it") from error
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise TaskFailed(f"{self.source} cannot be previewed: {reason}") from error

    def _preview(self) -> AdFilePreview:
        if sha256_of(open_images(self.images), self.source) != self.recipe.source_sha256:
            raise ImageBroken(f"{self.source} is missing, or is not the image that was approved")
        source, shape = _decoded(self.images, self.source, self.recipe.source_sha256)
        try:
            drawn = draw_ad_picture(source, shape, self.recipe, longest=self.longest)
        except AdFileFailed as error:
            planned, _ = window_of(shape, self.recipe)
            return AdFilePreview(
                content=b"", content_type="", planned=planned, shape=shape, refused=str(error)
            )
        content, content_type = _encoded(drawn.image)
        return AdFilePreview(
            content=content, content_type=content_type, planned=drawn.planned, shape=shape
        )


@lru_cache(maxsize=_REMEMBERED)
def _decoded(images: StoreLocation, path: str, sha256: str) -> tuple[SourceImage, SourceShape]:
    """Return the decoded image; `sha256` tells it from one that replaced it."""
    del sha256
    with open_images(images).open(path) as stream, local_faults(path):
        source = open_source(stream)
    return source, source.shape()


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "WEBP", quality=_QUALITY, method=2)
        return out.getvalue(), "image/webp"
    image.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue(), "image/jpeg"
