"""Resizing and transcoding of painted pictures."""

import io
from dataclasses import replace
from xml.sax.saxutils import quoteattr

from PIL import Image, PngImagePlugin

from pipeline.imageserver.painting.painter import PaintedPicture

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_WHITE = (255, 255, 255)


def resized(picture: PaintedPicture, size: tuple[int, int]) -> PaintedPicture:
    """Return the picture in exactly this size, with its text chunks."""
    if (picture.width, picture.height) == size:
        return picture
    with Image.open(io.BytesIO(picture.png)) as image:
        text_chunks = PngImagePlugin.PngInfo()
        for name, text in getattr(image, "text", {}).items():
            text_chunks.add_itxt(name, text)
        resized = image.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    resized.save(out, "PNG", pnginfo=text_chunks, compress_level=3)
    return replace(picture, png=out.getvalue(), width=size[0], height=size[1])


def transcode(png: bytes, *, kind: str, quality: int) -> bytes:
    """Return the picture as PNG, JPEG or WebP; transparent areas of a JPEG become white."""
    if kind == "png":
        return png
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        xmp = _chunks_xmp(image)
        picture: Image.Image = image
        if kind == "jpeg" and image.mode == "RGBA":
            picture = Image.new("RGB", image.size, _WHITE)
            picture.paste(image, mask=image.getchannel("A"))
        picture.save(out, kind.upper(), quality=quality, xmp=xmp)
    return out.getvalue()


_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:picture="urn:campaign-pipeline:picture:" {fields}/>'
    "</rdf:RDF></x:xmpmeta>"
)


def _chunks_xmp(image: Image.Image) -> bytes:
    """Return the text chunks `boxes` and `understood` as XMP; empty if there are none."""
    chunks = getattr(image, "text", {})
    told = {name: chunks[name] for name in ("boxes", "understood") if name in chunks}
    fields = " ".join(f"picture:{name}={quoteattr(text)}" for name, text in told.items())
    return _XMP.format(fields=fields).encode() if fields else b""
