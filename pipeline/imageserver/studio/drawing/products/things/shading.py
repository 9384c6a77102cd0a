"""Shared shading of soft things: rounded edges, folds, seams, and words printed on them."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, best_ink, darken, lighten, luminance
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face, text_face
from pipeline.imageserver.studio.drawing.products.labels import label_lines
from pipeline.imageserver.studio.scene.scene import Scene
from pipeline.imageserver.studio.vector.shapes import rect
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextSetting, fit
from pipeline.lettering.path import Path


def round_off(svg: Svg, half: float, high: float, strength: float) -> None:
    """Darken both sides and the foot of what is clipped to, and light its upper left."""
    across: list[Stop] = [
        (NEAR_BLACK, strength, 0),
        (NEAR_BLACK, strength * 0.15, 0.16),
        ("#ffffff", strength * 0.45, 0.30),
        ("#ffffff", 0, 0.50),
        (NEAR_BLACK, strength * 0.25, 0.80),
        (NEAR_BLACK, strength * 1.1, 1),
    ]
    area = rect(-half, -high, 2 * half, high)
    svg.draw(area, svg.lin(across))
    svg.draw(area, svg.lin([(NEAR_BLACK, 0, 0.6), (NEAR_BLACK, strength * 0.7, 1)], (0, 0, 0, 1)))


def fold(
    svg: Svg, span: tuple[tuple[float, float], tuple[float, float]], color: str, alpha: float
) -> None:
    """Draw one fold of cloth: a dark wedge with a lit edge beside it."""
    (x0, y0), (x1, y1) = span
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2
    crease = Path().move(x0, y0).quad(mx + 5, my - 2, x1, y1).quad(mx - 3, my + 5, x0, y0).close()
    svg.draw(crease, darken(color, 0.6), fill_opacity=alpha)
    lit = Path().move(x0, y0 - 3).quad(mx + 6, my - 7, x1, y1 - 2)
    svg.stroke(lit, lighten(color, 0.6), 2.0, alpha)


def seam(svg: Svg, path: Path, color: str) -> None:
    """Draw a stitched line."""
    svg.stroke(path, darken(color, 0.55), 0.9, 0.45)
    svg.stroke(path.moved(0.6, 0.9), lighten(color, 0.55), 0.6, 0.4)


def print_words(svg: Svg, scene: Scene, area: Box, background: str) -> None:
    """Print the label's texts on a flat area: the first large, the others under it."""
    lines = label_lines(scene)
    if not lines:
        return
    tones = [luminance(darken(background, 0.15)), luminance(lighten(background, 0.15))]
    ink = best_ink(tones, background, target=6.0)[0]
    rest = lines[1:]
    head = Box(area.x, area.y, area.w, area.h * (0.60 if rest else 1.0))
    setting = TextSetting(face=display_face(scene.style, lines[0]), max_lines=3, gain=1.08)
    svg.draw(fit(lines[0], head, setting).path, ink)
    for i, text in enumerate(rest):
        high = area.h * 0.26 / len(rest)
        box = Box(area.x, area.y + area.h * 0.74 + i * high, area.w, high * 0.86)
        small = TextSetting(face=text_face(text), max_lines=2, max_size=area.h * 0.22)
        svg.draw(fit(text, box, small).path, ink)
