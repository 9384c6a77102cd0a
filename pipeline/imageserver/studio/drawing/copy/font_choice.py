"""The typeface of a text by style: one that has all its characters."""

from pipeline.imageserver.studio.scene.scene import Style
from pipeline.lettering.typefaces import Typeface, choose_typeface

_DISPLAY: dict[Style, tuple[Typeface, ...]] = {
    Style.CLEAN: (Typeface.BEBAS, Typeface.BLOCK),
    Style.BOLD: (Typeface.ANTON, Typeface.BLOCK),
    Style.LUX: (Typeface.SERIF, Typeface.DISPLAY),
    Style.SCRIPT: (Typeface.SCRIPT, Typeface.SERIF),
    Style.CRAFT: (Typeface.BEBAS, Typeface.DISPLAY),
    Style.TECH: (Typeface.BLOCK, Typeface.BOLD),
}


def display_face(style: Style, text: str) -> Typeface:
    """Return the typeface for large copy."""
    options = _DISPLAY[style]
    if options[0] is Typeface.BEBAS and text != text.upper():  # Bebas has no lower case
        options = options[1:]
    if options[0] is Typeface.SCRIPT and text == text.upper():  # script capitals cannot be read
        options = options[1:]
    return choose_typeface(text, options)


def text_face(text: str, *, long: bool = False) -> Typeface:
    """Return the typeface for small copy, lighter for long texts."""
    return choose_typeface(text, (Typeface.SANS,) if long else (Typeface.BOLD,))


def price_face(text: str) -> Typeface:
    """Return the typeface for prices."""
    return choose_typeface(text, (Typeface.ANTON, Typeface.BOLD))
