"""The tasks that find out what pictures show: `Locate` for one picture, `Compare` for two."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import BinaryIO, cast

from PIL import ExifTags, Image

from pipeline.adfiles.contents.picture_contents import PictureContents
from pipeline.adfiles.source_image import SourceImage, open_source, visible_box
from pipeline.images.base import StoreLocation, local_faults
from pipeline.images.boxes import PictureBoxes, read_boxes
from pipeline.images.registry import open_images
from pipeline.inspection.decoding import broken_unless_decoded, task_errors
from pipeline.inspection.palette import picture_colors
from pipeline.inspection.readers import (
    SUBJECT_PACKAGE,
    TextLine,
    is_installed,
    open_text_reader,
)
from pipeline.inspection.similarity import difference_hash, lowest_local_ssim
from pipeline.lettering.box import Box

PADDING = 0.2
"""Space added on every side of a line of text, in heights of the line."""
_GROUND = "#808080"
"""What a cut-out is laid on before it is read."""
_SURE = 0.9
_SQUARE = (0.6, 1.5)
"""Shapes, width by height, of things that are mistaken for a single character."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locate:
    """The task: find copy, text, subject and colours of a picture."""

    images: StoreLocation
    path: str
    sha256: str
    examine: bool
    """False if only boxes are needed; then a picture that carries its own is not decoded."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The images that it reads."""
        return (self.path,)

    def run(self) -> PictureContents:
        """Return what the picture shows; what cannot be looked for here is `None`.

        Raises `ImageBroken` if it is missing or cannot be decoded, `LocalFault` if it cannot be
        read or memory runs out, `TaskFailed` for any other error of a package.
        """
        with task_errors(self.path, failed="could not be looked at"):
            images = open_images(self.images)
            with images.open(self.path) as stream, local_faults(self.path):
                return self._located(stream)

    def _located(self, stream: BinaryIO) -> PictureContents:
        if not self.examine:
            with broken_unless_decoded():
                image = Image.open(stream, formats=("PNG", "JPEG", "WEBP"))
                carried = read_boxes(image)
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
            if carried is not None and not turned:
                return PictureContents(
                    sha256=self.sha256, copy=carried.copy, subject=carried.product
                )
            stream.seek(0)
        source = open_source(stream)
        picture = source.flattened(_GROUND)
        lines = lines_in(picture)
        boxes = source.boxes or boxes_found(source, picture, lines)
        return PictureContents(
            sha256=self.sha256,
            copy=None if boxes is None else boxes.copy,
            subject=None if boxes is None else boxes.product,
            lines=lines,
            colors=picture_colors(source.pixels),
            hash=difference_hash(picture),
        )


def lines_in(picture: Image.Image) -> tuple[TextLine, ...] | None:
    """Return the lines of text; `None` without a reader."""
    reader = open_text_reader()
    if reader is None:
        return None
    return tuple(line for line in reader.read(picture) if not _is_mistaken(line))


def _is_mistaken(line: TextLine) -> bool:
    """Return whether something round was taken for a character: a cup, a coin, a wheel."""
    shape = line.box.w / max(1.0, line.box.h)
    return len(line.text) <= 1 and line.sure < _SURE and _SQUARE[0] < shape < _SQUARE[1]


def boxes_found(
    source: SourceImage, picture: Image.Image, lines: Sequence[TextLine] | None
) -> PictureBoxes | None:
    """Return copy and subject of an image, whose picture may lie on a ground; `None` if unread."""
    if lines is None:
        return None
    frame = Box(0, 0, picture.width, picture.height)
    copy = tuple(line.box.grown(PADDING * line.box.h).within(frame) for line in lines)
    if source.has_alpha:
        return PictureBoxes(copy=copy, product=visible_box(source.pixels))
    return PictureBoxes(copy=copy, product=_subject(picture, copy))


def _subject(picture: Image.Image, copy: Sequence[Box]) -> Box | None:
    """Return the box of the main subject; `None` without numpy, or if none stands out."""
    if not is_installed(SUBJECT_PACKAGE):
        return None
    module = import_module("pipeline.inspection.subject")
    return cast("Box | None", module.subject_box(picture, copy))


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """The task: compare two pictures where they differ most."""

    images: StoreLocation
    paths: tuple[str, str]

    @property
    def reads(self) -> tuple[str, ...]:
        """The images that it reads."""
        return self.paths

    def run(self) -> float | None:
        """Return how alike they are, 0 to 1; `None` without numpy. Raises as `Locate` does."""
        first, second = self.paths
        with task_errors(f"{first} or {second}", failed="could not be compared"):
            return lowest_local_ssim(self._pixels(first), self._pixels(second))

    def _pixels(self, path: str) -> Image.Image:
        with open_images(self.images).open(path) as stream, local_faults(path):
            return open_source(stream).pixels
