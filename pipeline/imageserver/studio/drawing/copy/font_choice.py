"""Which face speaks: the style's own where it has the characters; no capitals for lower case."""

from pipeline.imageserver.studio.scene.scene import Style
from pipeline.lettering.typefaces import Typeface, suited

_DISPLAY: dict[Style, tuple[Typeface, ...]] = {
    Style.CLEAN: (Typeface.BEBAS, Typeface.BLOCK),
    Style.BOLD: (Typeface.ANTON, Typeface.BLOCK),
    Style.LUX: (Typeface.SERIF, Typeface.DISPLAY),
    Style.SCRIPT: (Typeface.SCRIPT, Typeface.SERIF),
    Style.CRAFT: (Typeface.BEBAS, Typeface.DISPLAY),
    Style.TECH: (Typeface.BLOCK, Typeface.BOLD),
}


def display_face(style: Style, text: str) -> Typeface:
    """The face for large copy."""
    wanted = _DISPLAY[style]
    if wanted[0] is Typeface.BEBAS and text != text.upper():  # Bebas has no lower case
        wanted = wanted[1:]
    if wanted[0] is Typeface.SCRIPT and text == text.upper():  # script capitals cannot be read
        wanted = wanted[1:]
    return suited(text, wanted)


def text_face(text: str, *, long: bool = False) -> Typeface:
    """The face for small copy; a lighter one for long texts."""
    return suited(text, (Typeface.SANS,) if long else (Typeface.BOLD,))


def price_face(text: str) -> Typeface:
    """The face for prices."""
    return suited(text, (Typeface.ANTON, Typeface.BOLD))
