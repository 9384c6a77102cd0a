"""Front-of-pack art: composed flat, then every path is bent round the product."""

from dataclasses import dataclass, field

from pipeline.imageserver.painting.painter import UnpaintableError
from pipeline.imageserver.studio.colors import (
    READABLE,
    contrast,
    darken,
    ink_on,
    lighten,
    luminance,
    mix,
)
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face, text_face
from pipeline.imageserver.studio.scene.scene import Role, Scene, Style
from pipeline.imageserver.studio.vector.shapes import rect
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign, TextSetting, fit
from pipeline.lettering.path import Bend, Path

_PALE = 0.40
SMALLEST = 3.2
"""The smallest name on a label, in product units: smaller could not be read."""
MOST_LINES = 4
"""How many texts a label takes: a name and small print."""


def _flat(x: float, y: float) -> tuple[float, float]:
    return (x, y)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelPanel:
    """The face that a label covers: `half` wide either side, of which `front` shows straight on."""

    top: float
    height: float
    front: float
    half: float
    bend: Bend = _flat
    paper: str = ""
    """The ground; empty for what suits the design."""
    plain: bool = False
    """Print on the bare product: no paper and no art."""
    pack: bool = False
    """The whole pack is printed, not a paper label stuck on it."""

    def at(self, across: float, down: float) -> tuple[float, float]:
        """A place by shares of the front (-0.5 to 0.5) and of the height (0 to 1)."""
        return (self.front * across, self.top + self.height * down)

    def box(self, across: tuple[float, float], down: tuple[float, float]) -> Box:
        """A box by shares, as `at` takes them."""
        x, y = self.at(across[0], down[0])
        return Box(x, y, self.front * (across[1] - across[0]), self.height * (down[1] - down[0]))


@dataclass(frozen=True, slots=True)
class LabelCanvas:
    """What a design prints with: a document, the panel's bend, and the words for the last pass."""

    svg: Svg
    panel: LabelPanel
    letters: list[tuple[Path, str]] = field(default_factory=list)

    def put(self, path: Path, fill: str, alpha: float = 1.0) -> None:
        """Fill a flat path on the bent panel."""
        bent = path.refined(5).bent(self.panel.bend)
        self.svg.draw(bent, fill, **({"fill_opacity": alpha} if alpha < 1 else {}))

    def write(self, path: Path, ink: str) -> None:
        """Keep bent words for `letter`: the light on the label must not wash them out."""
        self.letters.append((path.bent(self.panel.bend), ink))

    def letter(self) -> None:
        """Print the words."""
        for path, ink in self.letters:
            self.svg.draw(path, ink)

    def rule(self, path: Path, color: str, width: float, alpha: float = 1.0) -> None:
        """Stroke a flat path on the bent panel."""
        self.svg.stroke(path.refined(5).bent(self.panel.bend), color, width, alpha)

    def ground(self, color: str) -> None:
        """Cover the whole panel."""
        p = self.panel
        self.put(rect(-p.half, p.top, 2 * p.half, p.height), color)

    def across(self, down: float, thick: float, color: str, alpha: float = 1.0) -> None:
        """A band all round, by shares of the height."""
        p = self.panel
        y = p.top + p.height * down
        self.put(rect(-p.half, y, 2 * p.half, p.height * thick), color, alpha)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelText:
    """Where a design wants its words, and in which inks."""

    name: Box
    small: Box
    ink: str
    small_ink: str
    across: TextAlign = TextAlign.MIDDLE
    lines: int = 3


def label_lines(scene: Scene) -> list[str]:
    """What the label says: its own copy, or the product's name."""
    lines = scene.texts(Role.LABEL)
    if not lines and scene.name:
        lines = [scene.name if scene.style in (Style.LUX, Style.SCRIPT) else scene.name.upper()]
    return lines[:MOST_LINES]


def paper_for(scene: Scene) -> str:
    """White paper with a breath of the product's hue."""
    pale = mix(scene.palette.soft, "#fffdf8", 0.80)
    return pale if luminance(pale) > _PALE else "#fbf7ef"


def ink_for(ground: str, brand: str) -> str:
    """An ink that is read on the ground in its lights and in its shades."""
    grounds = [luminance(c) for c in (ground, lighten(ground, 0.16), darken(ground, 0.18))]
    return ink_on(grounds, brand, target=READABLE + 0.6)[0]


def field_for(scene: Scene) -> str:
    """The product's colour as a ground that white or dark type can stand on."""
    main = scene.palette.main
    if contrast(main, "#ffffff") < READABLE - 1.2 and contrast(main, "#14100c") < READABLE + 1:
        return darken(main, 0.12)
    return main


def set_words(press: LabelCanvas, scene: Scene, where: LabelText) -> None:
    """Set the name large and the rest small."""
    lines = label_lines(scene)
    if not lines:
        return
    face = display_face(scene.style, lines[0])
    tracking = 0.045 if scene.style is Style.LUX else 0.015 if face.capitals else 0.0
    head = TextSetting(
        face=face,
        across=where.across,
        max_lines=where.lines,
        tracking=tracking,
        gain=1.08,
        even=0.15,
    )
    name = fit(lines[0], where.name, head)
    if name.size < SMALLEST:
        raise UnpaintableError(
            f"a label has no room for {len(lines[0])} characters",
            hint="keep the words of a label to a name and a line or two",
        )
    press.write(name.path, where.ink)
    rest = lines[1:]
    for i, text in enumerate(rest):
        high = where.small.h / len(rest)
        box = Box(where.small.x, where.small.y + i * high, where.small.w, high * 0.84)
        setting = TextSetting(
            face=text_face(text), across=where.across, max_lines=2, max_size=where.name.h * 0.4
        )
        press.write(fit(text, box, setting).path, where.small_ink)
