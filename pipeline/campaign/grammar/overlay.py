"""The keys of overlays: logos and exact words that are laid over ad files."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.campaign.grammar.base import Number, Part, Text

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?%")


def _color(value: object) -> str:
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        shown = str(value)[:40]
        raise PydanticCustomError("color", f"must be a colour such as #ff5a1f, not {shown}")
    return value


def _percent(value: object, *, most: int = 1) -> Decimal:
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    share = Decimal(found[1]) / 100 if found else None
    if share is None or not 0 <= share <= most:
        shown = str(value)[:40]
        raise PydanticCustomError("percent", f"must be a percentage such as 18%, not {shown}")
    return share


Color = Annotated[
    str,
    BeforeValidator(_color),
    WithJsonSchema({"type": "string", "pattern": f"^{_COLOR.pattern}$"}),
]
"""A colour of three or six hexadecimal digits."""
Percent = Annotated[
    Decimal,
    BeforeValidator(_percent),
    WithJsonSchema({"type": "string", "pattern": f"^{_PERCENT.pattern}$"}),
]
"""A percentage, as a share from 0 to 1."""
TypeSizes = Annotated[
    Decimal,
    BeforeValidator(lambda value: _percent(value, most=9)),
    WithJsonSchema({"type": "string", "pattern": f"^{_PERCENT.pattern}$"}),
]
"""A percentage of the type size, which may be more than all of it."""
AnchorWord = Literal[
    "top-left", "top", "top-right", "left", "center", "right",
    "bottom-left", "bottom", "bottom-right", "copy",
]  # fmt: skip
PlateWord = Literal["auto", "none", "panel", "band", "shade"]
FontNames = Annotated[
    list[Text],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One font, or several: each letter is set in the first that has it."""
Weight = Annotated[int, Field(ge=100, le=900)]


class PlatePart(Part):
    """The ground under a text, and the face of a button."""

    shape: PlateWord | None = Field(
        None, description="auto: a panel where the contrast needs one; none: never."
    )
    color: Color | None = Field(
        None, description="Its colour; one of the picture's own unless set."
    )
    opacity: Percent | None = Field(
        None, description="Least opacity; what the contrast needs unless set."
    )
    radius: TypeSizes | None = Field(None, description="Radius of its corners, of the type size.")
    padding: TypeSizes | None = Field(None, description="Space round the text, of the type size.")


def _plate(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _COLOR.fullmatch(value):
        return PlatePart.model_validate({"shape": "panel", "color": value})
    words = ("auto", "none", "panel", "band", "shade")
    if value not in words:
        raise PydanticCustomError(
            "plate", f"must be {', '.join(words)}, a colour or a mapping, not {value[:40]}"
        )
    return PlatePart.model_validate({"shape": value})


PlateSetting = Annotated[
    PlatePart,
    BeforeValidator(_plate),
    WithJsonSchema({"type": ["string", "object"]}),
]


class OverlayStylePart(Part):
    """The look of a text; a style file has these keys, and so has each text of an overlay."""

    font: FontNames | None = Field(
        None, description="Files, or names of packaged fonts; brand.fonts unless set."
    )
    weight: Weight | None = Field(None, description="Weight of a variable font, 100 to 900.")
    size: Percent | None = Field(
        None, description="Type size, of the side of a square with the ad file's area."
    )
    width: Percent | None = Field(
        None, description="Width that lines may have, or that the logo has, of the ad file's."
    )
    color: Color | None = Field(
        None, description="Colour of the words; white or near-black unless set."
    )
    plate: PlateSetting | None = Field(
        None, description="The ground: auto, none, panel, band, shade, a colour or a mapping."
    )


class OverlayEntry(OverlayStylePart):
    """One part of an overlay: a logo or exact words, which are templates."""

    logo: Text | None = Field(None, description="An svg, png, webp or jpg file.")
    headline: Text | None = Field(None, description="The largest words.")
    text: Text | None = Field(None, description="Other words.")
    price: Text | None = Field(None, description="A price, on a tag in the first brand colour.")
    button: Text | None = Field(None, description="A button with these words.")
    legal: Text | None = Field(None, description="The small print; the smallest words allowed.")
    at: AnchorWord | None = Field(
        None, description="Place in the safe zone; copy: the largest free box."
    )
    clear: Percent | None = Field(
        None, description="Space round a logo, of the ad file's shorter side."
    )
    style: Text | None = Field(None, description="A yaml file with the look of a text.")


class BrandPart(Part):
    """The colours and fonts of a brand."""

    colors: list[Color] = Field(
        default_factory=list, description="The first one is that of buttons and price tags."
    )
    fonts: list[Text] = Field(
        default_factory=list, description="Fonts of overlays: files, or names of packaged ones."
    )


Share = Annotated[Number, Field(ge=0, le=1)]
"""A share from 0 to 1."""
