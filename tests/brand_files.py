"""Logos and fonts for tests of overlays."""

import io
from pathlib import Path

from PIL import Image

from pipeline.lettering.fonts import packaged_file

LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10">'
    b'<rect width="40" height="10" rx="3" fill="#d02020"/></svg>'
)


def svg(inside, attributes='viewBox="0 0 40 10"'):
    """An SVG file with these elements."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f"{attributes}>{inside}</svg>"
    ).encode()


def bitmap(kind="PNG", size=(60, 20), color="#d02020"):
    """A plain picture as a file."""
    out = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, color).save(out, kind)
    return out.getvalue()


def font_content(name):
    """The bytes of a packaged font."""
    return Path(packaged_file(name)).read_bytes()
