"""The task that decodes one stored image, checks it, and makes its thumbs."""

from dataclasses import dataclass

from pipeline.errors import LocalFault, PipelineError, TaskFailed
from pipeline.images.base import StoreLocation, local_faults
from pipeline.images.registry import open_images
from pipeline.images.thumbs import missing_thumbs, write_thumbs
from pipeline.inspection.checks import Check, DecodedImage, checks
from pipeline.inspection.decoding import decode, describe
from pipeline.model.artifact import Artifact
from pipeline.model.request import Background


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was found in one image."""

    image: DecodedImage
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspect:
    """Decode an image to its last pixel, and make its thumbs if they are missing."""

    images: StoreLocation
    path: str
    size: str | None = None
    """The ratio that was asked for, e.g. `4:3`; `None`: it is not checked."""
    background: Background | None = None
    """What was asked for; `None`: it is not checked."""
    thumbs: tuple[str, str] | None = None
    """Campaign and sha256 that name the thumbs; `None`: none are made."""

    def run(self) -> Inspection:
        """Return what the image shows.

        Raises `ImageBroken` if it cannot be decoded, `LocalFault` if the disk fails or memory runs
        out, and `TaskFailed` for whatever else a decoder raises, which proves nothing of the image.
        """
        try:
            return self._inspect()
        except PipelineError:
            raise
        except FileNotFoundError as error:
            raise LocalFault(f"{self.path}: {error.strerror}") from error
        except MemoryError as error:
            raise LocalFault(f"{self.path}: not enough memory to decode it") from error
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise TaskFailed(f"{self.path} could not be inspected: {reason}") from error

    def _inspect(self) -> Inspection:
        images = open_images(self.images)
        with images.open(self.path) as stream, local_faults(self.path):
            pixels = decode(stream)
        image = describe(pixels)
        if self.thumbs is not None and missing_thumbs(images, *self.thumbs):
            write_thumbs(pixels, images, *self.thumbs)
        return Inspection(
            image=image, checks=checks(image, size=self.size, background=self.background)
        )


def inspect_of(
    images: StoreLocation,
    artifact: Artifact,
    *,
    campaign: str,
    size: str | None = None,
    background: Background | None = None,
) -> Inspect:
    """Return the task for an image of a campaign, thumbs included."""
    return Inspect(
        images=images,
        path=artifact.path,
        size=size,
        background=background,
        thumbs=(campaign, artifact.sha256),
    )
