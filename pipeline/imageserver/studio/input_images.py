"""The uploaded images of an edit, and how they become part of a picture."""

import io
import warnings
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image, ImageFilter, ImageOps

from pipeline.imageserver.painting.painter import PaintOrder, UnpaintableError
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign

MAX_PIXELS = 50_000_000
_CLEAR = 24
_CLEAR_SHARE = 0.03
"""Share of transparent pixels above which an image is a cut-out."""


class InputUse(StrEnum):
    """What an uploaded image becomes."""

    PACKSHOT = "packshot"
    """A cut-out that is the product of the scene."""
    BACKDROP = "backdrop"
    """A whole picture, with the copy over it."""


@dataclass(frozen=True, slots=True)
class InputImage:
    """The image to edit, upright and in RGBA; a packshot is cropped to its visible part."""

    image: Image.Image
    use: InputUse


def first_input(order: PaintOrder) -> InputImage | None:
    """Return the first image of an order, or None. Raises UnpaintableError."""
    if not order.references:
        return None
    image = _opened(order.references[0], "image")
    alpha = image.getchannel("A")
    clear = alpha.point(lambda a: 255 if a < _CLEAR else 0)
    share = clear.histogram()[255] / (image.width * image.height)
    ink = alpha.point(lambda a: 255 if a >= _CLEAR else 0).getbbox()
    if ink is None:
        raise UnpaintableError(
            "the image to edit is wholly transparent",
            hint="upload an image that shows something",
            field="image",
        )
    if share > _CLEAR_SHARE and order.mask is None:
        return InputImage(image.crop(ink), InputUse.PACKSHOT)
    return InputImage(image, InputUse.BACKDROP)


def apply_mask(order: PaintOrder, input_image: InputImage, painted: Image.Image) -> Image.Image:
    """Return the uploaded image with the painted one where the mask is transparent."""
    kept = cover(input_image.image, painted.size)
    if order.mask is None:
        return kept
    mask = _opened(order.mask, "mask").getchannel("A")
    fitted = cover(Image.merge("RGBA", (mask, mask, mask, mask)), painted.size)
    soft = fitted.getchannel("A").filter(ImageFilter.GaussianBlur(1.5))
    return Image.composite(kept, painted.convert("RGBA"), soft)


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image scaled to cover the size, cut evenly at its edges."""
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def calmest_area(image: Image.Image) -> tuple[Box, TextAlign]:
    """Return the area with the least detail for copy, and the alignment of text there."""
    w, h = image.size
    edges = image.convert("L").resize((64, 64), Image.Resampling.BOX).filter(ImageFilter.FIND_EDGES)
    wide = w >= h
    places = [
        (Box(0.07, 0.06, 0.86, 0.30), TextAlign.MIDDLE),
        (Box(0.07, 0.64, 0.86, 0.30), TextAlign.MIDDLE),
    ]
    if wide:
        places = [
            (Box(0.06, 0.12, 0.40, 0.76), TextAlign.START),
            (Box(0.54, 0.12, 0.40, 0.76), TextAlign.START),
            *places,
        ]
    busy = [(_busy(edges, box), i) for i, (box, _) in enumerate(places)]
    box, across = places[min(busy)[1]]
    return Box(box.x * w, box.y * h, box.w * w, box.h * h), across


def _busy(edges: Image.Image, box: Box) -> float:
    area = (int(box.x * 64), int(box.y * 64), int(box.right * 64), int(box.bottom * 64))
    counts = edges.crop(area).histogram()
    return sum(i * n for i, n in enumerate(counts)) / max(1, sum(counts))


def _opened(content: bytes, field: str) -> Image.Image:
    what = "the mask" if field == "mask" else "the image to edit"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            if image.width * image.height > MAX_PIXELS:
                raise UnpaintableError(
                    f"{what} is too large", hint="upload at most 50 megapixels", field=field
                )
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise UnpaintableError(
            f"{what} cannot be read",
            hint="upload a complete PNG, JPEG or WebP file",
            field=field,
        ) from error
