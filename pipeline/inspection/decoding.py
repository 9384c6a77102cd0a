"""Decoding an image whole and saying what it shows: the part that costs, and runs in a worker."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageStat

from pipeline.errors import ImageBroken, LocalFault
from pipeline.files.confined import ConfinedPath, opened
from pipeline.images.formats.shape import sane_size
from pipeline.images.thumbs import missing_thumbs, write_thumbs
from pipeline.inspection.checks import DecodedImage
from pipeline.model.artifact import Alpha

_HALF = 128
_SMALL = (96, 96)


def examine(root: Path, path: str, thumbs: tuple[str, ...] = ()) -> DecodedImage:
    """Decode a stored image to its last pixel, and make its thumbs where they are missing.

    Raises `ImageBroken` where it cannot be decoded, `LocalFault` where the disk fails.
    """
    try:
        with opened(root, ConfinedPath.at(path)) as file:
            image = _decoded(file)
        look = _look(image)
        if thumbs and missing_thumbs(root, thumbs):
            write_thumbs(image, root, thumbs)
    except OSError as error:
        raise LocalFault(f"{path}: {error.strerror or error}") from error
    return look


def _decoded(file: int) -> Image.Image:
    """All pixels, as RGB, or as RGBA where anything may be transparent."""
    with os.fdopen(file, "rb", closefd=False) as stream, _broken_unless_decoded():
        image = Image.open(stream, formats=("PNG", "JPEG", "WEBP"))
        sane_size(image.width, image.height)
        # Converting decodes to the last pixel, also where the mode stays.
        return image.convert("RGBA" if image.has_transparency_data else "RGB")


@contextmanager
def _broken_unless_decoded() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, IndexError) as error:
        if isinstance(error, OSError) and error.errno:
            # The disk's own failure; a decoder's complaint carries no number.
            raise
        raise ImageBroken(f"the image cannot be decoded: {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageBroken("the image is larger than is ever decoded") from error


def _look(image: Image.Image) -> DecodedImage:
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
