"""Labels: designed flat, then every path is bent round the product."""

from dataclasses import dataclass, field

from pipeline.imageserver.painting.painter import UnpaintableError
from pipeline.imageserver.studio.colors import (
    READABLE,
    best_ink,
    contrast,
    darken,
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
MIN_SIZE = 3.2
"""The smallest legible type of a name on a label, in product units."""
MAX_LINES = 4
"""Greatest number of texts on a label: a name and small print."""


def _flat(x: float, y: float) -> tuple[float, float]:
    return (x, y)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelPanel:
    """The area of a label: `half` wide to either side; `front` is the width seen straight on."""

    top: float
    height: float
    front: float
    half: float
    bend: Bend = _flat
    paper: str = ""
    """The background colour; empty for the design's own."""
    plain: bool = False
    """True to print on the product itself, without paper or design."""
    pack: bool = False
    """True if the whole pack is printed, without a paper label on it."""

    def at(self, across: float, down: float) -> tuple[float, float]:
        """Return a point by shares of the front (-0.5 to 0.5) and of the height (0 to 1)."""
        return (self.front * across, self.top + self.height * down)

    def box(self, across: tuple[float, float], down: tuple[float, float]) -> Box:
        """Return a box by shares, as `at` takes them."""
        x, y = self.at(across[0], down[0])
        return Box(x, y, self.front * (across[1] - across[0]), self.height * (down[1] - down[0]))


@dataclass(frozen=True, slots=True)
class LabelCanvas:
    """A label while it is drawn: a document, the panel, and the text to draw last."""

    svg: Svg
    panel: LabelPanel
    texts: list[tuple[Path, str]] = field(default_factory=list)

    def fill_path(self, path: Path, fill: str, alpha: float = 1.0) -> None:
        """Fill a flat path on the bent panel."""
        bent = path.refined(5).bent(self.panel.bend)
        self.svg.draw(bent, fill, **({"fill_opacity": alpha} if alpha < 1 else {}))

    def add_text(self, path: Path, ink: str) -> None:
        """Keep text for `draw_text`, which draws it over the light on the label."""
        self.texts.append((path.bent(self.panel.bend), ink))

    def draw_text(self) -> None:
        """Draw the text that was added."""
        for path, ink in self.texts:
            self.svg.draw(path, ink)

    def stroke_path(self, path: Path, color: str, width: float, alpha: float = 1.0) -> None:
        """Stroke a flat path on the bent panel."""
        self.svg.stroke(path.refined(5).bent(self.panel.bend), color, width, alpha)

    def fill_panel(self, color: str) -> None:
        """Cover the whole panel."""
        p = self.panel
        self.fill_path(rect(-p.half, p.top, 2 * p.half, p.height), color)

    def band(self, down: float, thick: float, color: str, alpha: float = 1.0) -> None:
        """Draw a horizontal band, by shares of the height."""
        p = self.panel
        y = p.top + p.height * down
        self.fill_path(rect(-p.half, y, 2 * p.half, p.height * thick), color, alpha)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelText:
    """Where a design places its text, and in which inks."""

    name: Box
    small: Box
    ink: str
    small_ink: str
    across: TextAlign = TextAlign.MIDDLE
    lines: int = 3


def label_lines(scene: Scene) -> list[str]:
    """Return the texts of the label: its copy, or the product's name."""
    lines = scene.texts(Role.LABEL)
    if not lines and scene.name:
        lines = [scene.name if scene.style in (Style.LUX, Style.SCRIPT) else scene.name.upper()]
    return lines[:MAX_LINES]


def paper_color(scene: Scene) -> str:
    """Return a white with a little of the product's hue."""
    pale = mix(scene.palette.soft, "#fffdf8", 0.80)
    return pale if luminance(pale) > _PALE else "#fbf7ef"


def label_ink(background: str, brand: str) -> str:
    """Return an ink that can be read on the background, lit or in shade."""
    backgrounds = [
        luminance(c) for c in (background, lighten(background, 0.16), darken(background, 0.18))
    ]
    return best_ink(backgrounds, brand, target=READABLE + 0.6)[0]


def label_color(scene: Scene) -> str:
    """Return the product's colour, darkened if neither white nor dark text could be read on it."""
    main = scene.palette.main
    if contrast(main, "#ffffff") < READABLE - 1.2 and contrast(main, "#14100c") < READABLE + 1:
        return darken(main, 0.12)
    return main


def set_label_text(canvas: LabelCanvas, scene: Scene, where: LabelText) -> None:
    """Set the first text large and the others small."""
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
    if name.size < MIN_SIZE:
        raise UnpaintableError(
            f"a label has no room for {len(lines[0])} characters",
            hint="keep the words of a label to a name and a line or two",
        )
    canvas.add_text(name.path, where.ink)
    rest = lines[1:]
    for i, text in enumerate(rest):
        high = where.small.h / len(rest)
        box = Box(where.small.x, where.small.y + i * high, where.small.w, high * 0.84)
        setting = TextSetting(
            face=text_face(text), across=where.across, max_lines=2, max_size=where.name.h * 0.4
        )
        canvas.add_text(fit(text, box, setting).path, where.small_ink)
