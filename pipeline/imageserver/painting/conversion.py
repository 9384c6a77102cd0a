"""What is done to a painted picture for callers who want other pixels or another format."""

import io
from dataclasses import replace

from PIL import Image, PngImagePlugin

from pipeline.imageserver.painting.painter import PaintedPicture

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_PAPER = (255, 255, 255)


def fitted(picture: PaintedPicture, size: tuple[int, int]) -> PaintedPicture:
    """The picture at exactly these pixels; its words in the file are kept."""
    if (picture.width, picture.height) == size:
        return picture
    with Image.open(io.BytesIO(picture.png)) as image:
        words = PngImagePlugin.PngInfo()
        for name, text in getattr(image, "text", {}).items():
            words.add_itxt(name, text)
        resized = image.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    resized.save(out, "PNG", pnginfo=words, compress_level=3)
    return replace(picture, png=out.getvalue(), width=size[0], height=size[1])


def transcoded(png: bytes, *, kind: str, quality: int) -> bytes:
    """The same picture as JPEG or WebP; JPEG has no alpha and gets white paper."""
    if kind == "png":
        return png
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        picture: Image.Image = image
        if kind == "jpeg" and image.mode == "RGBA":
            picture = Image.new("RGB", image.size, _PAPER)
            picture.paste(image, mask=image.getchannel("A"))
        picture.save(out, kind.upper(), quality=quality)
    return out.getvalue()
