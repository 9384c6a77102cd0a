"""Reading text in pictures: the interface, and the reader of the extra `ads` if it is installed."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from PIL import Image

from pipeline.lettering.box import Box

READER = ("pipeline.inspection.rapid_reader", "RapidReader")
NEEDED = ("rapidocr", "onnxruntime", "numpy")
"""Packages of the extra `ads` that find and read text."""
COLOR_PACKAGE = "coloraide"
SUBJECT_PACKAGE = "numpy"
HINT = "pip install 'campaign-pipeline[ads]'"


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLine:
    """A line or a word of text in a picture."""

    text: str
    """Empty if it was found and cannot be read."""
    sure: float
    """How sure the reader is of the text, 0 to 1."""
    box: Box
    """Upright box of the line, in pixels of the picture."""


class LineReader(Protocol):
    """Finds and reads text in pictures; not safe to share between threads."""

    def read(self, image: Image.Image) -> tuple[TextLine, ...]:
        """Return every line of text in an RGB image, in any script, also those it cannot read."""
        ...


def is_installed(*packages: str) -> bool:
    """Return whether optional packages can be imported; imports none of them."""
    return all(find_spec(package) is not None for package in packages)


@cache
def open_text_reader() -> LineReader | None:
    """Return the text reader of this process; `None` without the extra `ads`."""
    if not is_installed(*NEEDED):
        return None
    module, kind = READER
    try:
        reader: LineReader = getattr(import_module(module), kind)()
    except ImportError:  # half installed: a system library of a wheel is missing
        return None
    return reader
