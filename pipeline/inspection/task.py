"""The task that decodes one stored image, checks it, and makes its thumbs."""

from dataclasses import dataclass

from pipeline.errors import LocalFault
from pipeline.images.base import StoreLocation, local_faults
from pipeline.images.registry import open_images
from pipeline.images.thumbs import missing_thumbs, screen_copy, write_thumbs
from pipeline.inspection.checks import Check, DecodedImage, checks, subject_check
from pipeline.inspection.decoding import decode, describe, task_errors
from pipeline.inspection.understood import not_understood
from pipeline.model.artifact import Artifact
from pipeline.model.providers.request import Background


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """The result of inspecting one image."""

    image: DecodedImage
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspect:
    """The task: decode an image completely, check it, and make its thumbs if any is missing."""

    images: StoreLocation
    path: str
    size: str | None = None
    """The requested ratio, e.g. `4:3`; `None` means that it is not checked."""
    background: Background | None = None
    """The requested background; `None` means that it is not checked."""
    thumbs: tuple[str, str] | None = None
    """Campaign and sha256 that name the thumbs; `None` means that none are made."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The images that it reads."""
        return (self.path,)

    def run(self) -> Inspection:
        """Return the checks of the image.

        Raises `ImageBroken` if it cannot be decoded, `LocalFault` if the disk fails or memory runs
        out, and `TaskFailed` for any other error, which does not prove that the image is broken.
        """
        with task_errors(self.path, failed="could not be inspected"):
            try:
                return self._inspect()
            except FileNotFoundError as error:  # it has just landed
                raise LocalFault(f"{self.path}: {error.strerror}") from error

    def _inspect(self) -> Inspection:
        images = open_images(self.images)
        with images.open(self.path) as stream, local_faults(self.path):
            pixels = decode(stream)
        image = describe(pixels)
        missed = not_understood(pixels)
        if self.thumbs is not None and missing_thumbs(images, *self.thumbs):
            write_thumbs(pixels, images, *self.thumbs)
        found = checks(image, size=self.size, background=self.background)
        subject = (subject_check(missed),) if missed else ()
        return Inspection(image=image, checks=(*found, *subject))


def inspect_of(
    images: StoreLocation,
    artifact: Artifact,
    *,
    campaign: str,
    size: str | None = None,
    background: Background | None = None,
) -> Inspect:
    """Return the task that inspects an image of a campaign and makes its thumbs."""
    return Inspect(
        images=images,
        path=artifact.path,
        size=size,
        background=background,
        thumbs=(campaign, artifact.sha256),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyForScreen:
    """The task: make a copy of an image that a screen shows soon, also over a slow connection."""

    images: StoreLocation
    path: str

    def run(self) -> bytes:
        """Return the copy as WebP; errors as for `Inspect`."""
        with task_errors(self.path, failed="could not be copied"):
            with open_images(self.images).open(self.path) as stream, local_faults(self.path):
                pixels = decode(stream)
            return screen_copy(pixels)
