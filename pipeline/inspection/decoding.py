"""Decoding an image completely, and measuring it; this takes most of the CPU time per image."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image, ImageStat

from pipeline.errors import ImageBroken, LocalFault, PipelineError, TaskFailed
from pipeline.images.formats.shape import sane_size
from pipeline.inspection.checks import DecodedImage
from pipeline.inspection.completeness import require_all_pixels
from pipeline.model.artifact import Alpha

_HALF = 128
_SMALL = (96, 96)

_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
)
"""Errors that Pillow raises for bytes that are no image."""


@contextmanager
def task_errors(path: str, *, failed: str) -> Iterator[None]:
    """Raise any error of a task on an image as one of this program, which names the image.

    A missing image is `ImageBroken`, a lack of memory `LocalFault`. Any other error is
    `TaskFailed`, since it does not prove that the image is broken; `failed` says what did not
    happen: `could not be inspected`.
    """
    try:
        yield
    except PipelineError:
        raise
    except FileNotFoundError as error:
        raise ImageBroken(f"{path} is not there any more") from error
    except MemoryError as error:
        raise LocalFault(f"{path}: not enough memory to decode it") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise TaskFailed(f"{path} {failed}: {reason}") from error


def decode(stream: BinaryIO) -> Image.Image:
    """Return all pixels, as RGB, or as RGBA if any may be transparent.

    Raises `ImageBroken` if the image cannot be decoded completely, `OSError` if the disk fails.
    """
    with broken_unless_decoded():
        image = Image.open(stream, formats=("PNG", "JPEG", "WEBP"))
        sane_size(image.width, image.height)
        # Converting decodes every pixel, also if the mode stays the same.
        pixels = image.convert("RGBA" if image.has_transparency_data else "RGB")
        require_all_pixels(stream, image, pixels)
        return pixels


@contextmanager
def broken_unless_decoded() -> Iterator[None]:
    """Raise `ImageBroken` in place of errors of Pillow; errors of the disk are passed on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno:
            # An error of the disk has an errno; an error of a decoder has none.
            raise
        raise ImageBroken(f"the image cannot be decoded: {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageBroken("the image has too many pixels to be decoded") from error


def describe(image: Image.Image) -> DecodedImage:
    """Return the measurements of a decoded image."""
    clear, alpha = 0.0, Alpha.NONE
    if image.mode == "RGBA":
        counts = image.getchannel("A").histogram()
        clear = sum(counts[:_HALF]) / (image.width * image.height)
        alpha = Alpha.USED if any(counts[:-1]) else Alpha.NONE
    small = image.resize(_SMALL, Image.Resampling.BOX, reducing_gap=2.0)
    return DecodedImage(
        width=image.width,
        height=image.height,
        alpha=alpha,
        clear=clear,
        spread=max(ImageStat.Stat(small).stddev),
    )
