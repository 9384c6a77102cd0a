"""Writing pictures as JPEG, PNG, WebP or AVIF, within a maximum size if there is one.

The size is that of the whole file, with metadata. JPEG and AVIF keep all colour samples (4:4:4),
since fewer would blur small type at the size of banners.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

from pipeline.errors import AdFileFailed
from pipeline.model.adfiles.placement import ImageFormat

BEST, WORST = 95, 40
"""Qualities tried for JPEG, WebP and AVIF."""
TRIES = 7
KILOBYTE = 1000
_COLORS = 256
_AVIF_SPEED = 6
_PNG_LEVEL = 6
"""Level 9 takes three times as long for 2 % less."""

_Encode = Callable[[Image.Image, int, bytes], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedPicture:
    """A picture as a file."""

    content: bytes
    quality: int | None
    """Quality of the encoder, `_COLORS` colours being 1; `None` if nothing was lost."""


def encode(
    image: Image.Image, form: ImageFormat, *, xmp: bytes, max_kb: int | None, reserved: int = 0
) -> EncodedPicture:
    """Return an RGB or RGBA picture as a file of at most `max_kb` kilobytes of 1000 bytes.

    `reserved` bytes of them stay free, for a signature.

    Raises `AdFileFailed` if the lowest quality is larger, if a JPEG would lose transparency, or
    if the format cannot have these pixels.
    """
    if form is ImageFormat.JPG and image.mode == "RGBA":
        raise AdFileFailed(
            "the image has transparent pixels and a JPEG cannot have any; "
            "ask for png, webp or avif under adfiles.formats"
        )
    most = None if max_kb is None else max_kb * KILOBYTE - reserved
    try:
        if form is ImageFormat.PNG:
            return _lightest_png(image, xmp, most)
        return _within_weight(image, _ENCODERS[form], xmp, most)
    except (KeyError, OSError, ValueError) as error:
        # Pillow without this codec, or more pixels than the format can have
        raise AdFileFailed(
            f"{image.width}×{image.height} cannot be written as {form}: {error}"
        ) from error


def _within_weight(
    image: Image.Image, encoder: _Encode, xmp: bytes, most: int | None
) -> EncodedPicture:
    """Return the picture in the best quality whose file is small enough, in at most 7 tries."""
    content = encoder(image, BEST, xmp)
    if most is None or len(content) <= most:
        return EncodedPicture(content=content, quality=BEST)
    found, low, high = None, WORST, BEST - 1
    for _ in range(TRIES - 1):
        if low > high:
            break
        middle = (low + high) // 2
        content = encoder(image, middle, xmp)
        if len(content) <= most:
            found, low = EncodedPicture(content=content, quality=middle), middle + 1
        else:
            high = middle - 1
    if found is None:
        raise _too_heavy(len(encoder(image, WORST, xmp)), most, f"quality {WORST}")
    return found


def _lightest_png(image: Image.Image, xmp: bytes, most: int | None) -> EncodedPicture:
    """Return the picture without loss, or with 256 colours if that is too large."""
    content = _png(image, xmp)
    if most is None or len(content) <= most:
        return EncodedPicture(content=content, quality=None)
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT
    content = _png(image.quantize(_COLORS, method=method), xmp)
    if len(content) > most:
        raise _too_heavy(len(content), most, f"{_COLORS} colours")
    return EncodedPicture(content=content, quality=1)


def _too_heavy(size: int, most: int, lowest: str) -> AdFileFailed:
    return AdFileFailed(
        f"the file weighs {size / KILOBYTE:,.1f} kB at {lowest}, and {most / KILOBYTE:,.0f} kB is "
        "the most; allow more under max_kb, or ask for another format"
    )


def _jpeg(image: Image.Image, quality: int, xmp: bytes) -> bytes:
    out = io.BytesIO()
    image.save(
        out, "JPEG", quality=quality, subsampling=0, progressive=True, optimize=True, xmp=xmp
    )
    return out.getvalue()


def _webp(image: Image.Image, quality: int, xmp: bytes) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=4, xmp=xmp)
    return out.getvalue()


def _avif(image: Image.Image, quality: int, xmp: bytes) -> bytes:
    out = io.BytesIO()
    image.save(
        out,
        "AVIF",
        quality=quality,
        subsampling="4:4:4",
        speed=_AVIF_SPEED,
        max_threads=1,
        xmp=xmp,
    )
    return out.getvalue()


def _png(image: Image.Image, xmp: bytes) -> bytes:
    out, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
    image.save(out, "PNG", compress_level=_PNG_LEVEL, pnginfo=texts)
    return out.getvalue()


_ENCODERS: dict[ImageFormat, _Encode] = {
    ImageFormat.JPG: _jpeg,
    ImageFormat.WEBP: _webp,
    ImageFormat.AVIF: _avif,
}
