"""SVG files that can be drawn safely: without scripts, references to other files, or fonts.

A logo may come from anyone. It is refused if any part of it would be left out or fetched when it
is drawn, so that what a person sees in a browser is what lies over the ad file.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from xml.parsers import expat

import resvg_py

from pipeline.errors import ImageBroken

LARGEST = 2_000_000
"""Most bytes of an SVG file."""
_MOST_ELEMENTS = 20_000
_DEEPEST = 100
_MOST_SIDE = 4096
_SVG = "http://www.w3.org/2000/svg"
_ACTIVE = {"script", "foreignobject", "handler", "listener", "iframe", "audio", "video"}
_MOVING = {"animate", "animatetransform", "animatemotion", "set"}
_WRITTEN = {"text", "tspan", "textpath"}
_BITMAPS = {"image", "feimage"}
_STYLE_REFERENCE = re.compile(r"url\(\s*['\"]?\s*([^'\")\s]*)", re.IGNORECASE)
_IMPORT = re.compile(r"@import|@font-face", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+(?:[eE][-+]?\d+)?)\s*(?:px|pt|pc|mm|cm|in|em|ex)?\s*")


@dataclass(slots=True)
class _Reader:
    """What is known of a file while it is read."""

    names: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """For each open element its id, or an empty text."""
    inside: Counter[str] = field(default_factory=Counter)
    """Number of elements inside each element with an id; `""` is the file."""
    used: dict[str, list[str]] = field(default_factory=dict)
    """The ids that are referred to inside each element with an id."""
    elements: int = 0
    ratio: float = 0.0
    style: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, plain = name.rpartition(" ")
        self.elements += 1
        self.names.append(plain.lower())
        self.ids.append(attributes.get("id", ""))
        for one in {"", *self.ids}:
            self.inside[one] += 1
        if self.elements == 1:
            self._begin(space, plain, attributes)
        if self.elements > _MOST_ELEMENTS or len(self.names) > _DEEPEST:
            raise ImageBroken("the SVG has too many elements, or too deeply nested ones")
        kind = plain.lower()
        if kind in _ACTIVE:
            raise ImageBroken(f"the SVG has a <{plain}>; a logo may hold shapes only")
        if kind in _MOVING:
            raise ImageBroken(f"the SVG is animated (<{plain}>), and an ad file is not")
        if kind in _WRITTEN:
            raise ImageBroken(
                f"the SVG has a <{plain}>, which needs a font; convert its text to paths"
            )
        if kind in _BITMAPS:
            raise ImageBroken("the SVG holds a bitmap; name the png or webp file itself")
        for key, value in attributes.items():
            self._attribute(kind, key.rpartition(" ")[2].lower(), value)

    def _begin(self, space: str, plain: str, attributes: dict[str, str]) -> None:
        if plain != "svg" or space not in ("", _SVG):
            raise ImageBroken(f"the file begins with <{plain}>, not with <svg>")
        self.ratio = _ratio(attributes)

    def _attribute(self, kind: str, key: str, value: str) -> None:
        if key.startswith("on"):
            raise ImageBroken(f"the SVG has a script in {key}; a logo may hold shapes only")
        if key in ("href", "src") and value.strip():
            # a link round a shape is drawn like any group; its address is never opened
            if not value.strip().startswith("#") and kind != "a":
                raise ImageBroken(f"the SVG refers to {value.strip()[:60]}; put it into the file")
            if value.strip().startswith("#") and kind != "a":
                self._use(value.strip()[1:])
        self._style(value)

    def _use(self, target: str) -> None:
        for one in {"", *self.ids}:
            self.used.setdefault(one, []).append(target)

    def text(self, text: str) -> None:
        if self.names and self.names[-1] == "style":
            self.style.append(text)

    def end(self, _: str) -> None:
        self.ids.pop()
        if self.names.pop() == "style":
            self._style("".join(self.style))
            self.style.clear()

    def _style(self, value: str) -> None:
        if _IMPORT.search(value):
            raise ImageBroken("the SVG imports a style or a font; put its shapes into the file")
        for found in _STYLE_REFERENCE.finditer(value):
            if not found[1].startswith("#"):
                raise ImageBroken(f"the SVG refers to {found[1][:60]}; put it into the file")
            self._use(found[1][1:])

    def drawn(self, of: str = "", inside: tuple[str, ...] = ()) -> int:
        """Return the number of elements that are drawn, those that are used several times too."""
        count = self.inside[of]
        for target in self.used.get(of, ()):
            if target in inside or count > _MOST_ELEMENTS:
                raise ImageBroken("the SVG repeats its own parts too often")
            count += self.drawn(target, (*inside, target))
        return count


def check_svg(content: bytes) -> float:
    """Return the ratio of width to height of an SVG; raise `ImageBroken` if it is not safe.

    The file is read once, without building a tree; a DOCTYPE, and so every entity, is refused.
    """
    if len(content) > LARGEST:
        size = f"{len(content) / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB are read"
        raise ImageBroken(f"the SVG is too large: {size}")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        raise ImageBroken(f"the SVG cannot be read: {error}") from error
    if reader.drawn() > _MOST_ELEMENTS:
        raise ImageBroken("the SVG repeats its own parts too often")
    return reader.ratio


def _refuse_doctype(*_: object) -> None:
    raise ImageBroken("the SVG has a DOCTYPE, which may define entities; save it without one")


def _refuse_instruction(target: str, _: str) -> None:
    if target.lower() == "xml-stylesheet":
        raise ImageBroken("the SVG has a stylesheet of its own; put its styles into the file")


def _ratio(attributes: dict[str, str]) -> float:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = box[2:] if len(box) == 4 else []  # noqa: PLR2004  a viewBox has four numbers
    if not sides:
        found = [_LENGTH.fullmatch(attributes.get(key, "")) for key in ("width", "height")]
        sides = [one[1] for one in found if one]
    try:
        width, height = (float(side) for side in sides)
    except ValueError:
        width = height = 0.0
    if not (0 < width < 1e6 and 0 < height < 1e6):  # noqa: PLR2004  also refuses nan
        raise ImageBroken("the SVG has no size; give it a viewBox")
    return width / height


def svg_png(content: bytes, width: int, height: int) -> bytes:
    """Return a checked SVG as a PNG of these pixels, without any system font.

    Raises `ImageBroken` if it cannot be drawn.
    """
    if not (0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE):
        raise ImageBroken(f"an SVG is not drawn at {width}×{height} pixels")
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=content.decode("utf-8-sig"),
            skip_system_fonts=True,
            width=width,
            height=height,
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise ImageBroken(f"the SVG cannot be drawn: {error}") from error
    return bytes(png)
