"""An SVG document with nested groups; equal definitions are written once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.sax.saxutils import quoteattr

from pipeline.lettering.box import Box
from pipeline.lettering.path import Path, number

Stop = str | tuple[str, float] | tuple[str, float, float]
"""A colour, with its alpha and its offset where given; missing offsets are spread evenly."""
Attribute = str | float


def _attributes(attributes: dict[str, Attribute]) -> str:
    return "".join(
        f" {name.replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for name, value in attributes.items()
    )


def _stop(stop: Stop, even: float) -> str:
    color, alpha, offset = stop, 1.0, even
    if not isinstance(stop, str):
        color, alpha = stop[0], stop[1]
        offset = stop[2] if len(stop) == 3 else even  # noqa: PLR2004 - the third form of Stop
    opacity = f' stop-opacity="{alpha:.3f}"' if alpha < 1 else ""
    return f'<stop offset="{offset:.3f}" stop-color="{color}"{opacity}/>'


def _stops(stops: Sequence[Stop]) -> str:
    last = max(1, len(stops) - 1)
    return "".join(_stop(stop, i / last) for i, stop in enumerate(stops))


class Svg:
    """A document in user units; `frame` is the visible part."""

    def __init__(self, frame: Box) -> None:
        """Begin an empty document."""
        self.frame = frame
        self._definitions: list[str] = []
        self._names: dict[str, str] = {}
        self._body: list[str] = []

    def _define(self, prefix: str, template: str) -> str:
        """Write a definition with '%s' for its id and return its reference."""
        if template not in self._names:
            name = f"{prefix}{len(self._names)}"
            self._names[template] = name
            self._definitions.append(template.replace("%s", name, 1))
        return f"url(#{self._names[template]})"

    def lin(
        self,
        stops: Sequence[Stop],
        vector: tuple[float, float, float, float] = (0, 0, 1, 0),
        *,
        user: bool = False,
    ) -> str:
        """Return a linear gradient along `vector`, in shares of the shape or in user units."""
        x1, y1, x2, y2 = (number(v) for v in vector)
        units = ' gradientUnits="userSpaceOnUse"' if user else ""
        return self._define(
            "g",
            f'<linearGradient id="%s" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{units}>'
            f"{_stops(stops)}</linearGradient>",
        )

    def rad(
        self,
        stops: Sequence[Stop],
        center: tuple[float, float] = (0.5, 0.5),
        r: float = 0.5,
        *,
        user: bool = False,
    ) -> str:
        """Return a radial gradient, in shares of the shape or in user units."""
        units = ' gradientUnits="userSpaceOnUse"' if user else ""
        return self._define(
            "g",
            f'<radialGradient id="%s" cx="{number(center[0])}" cy="{number(center[1])}"'
            f' r="{number(r)}"{units}>{_stops(stops)}</radialGradient>',
        )

    def blur(self, sigma: float) -> str:
        """Return a Gaussian blur, which is slow on large areas."""
        return self._define(
            "b",
            '<filter id="%s" x="-.4" y="-.4" width="1.8" height="1.8" '
            'color-interpolation-filters="sRGB">'
            f'<feGaussianBlur stdDeviation="{number(sigma)}"/></filter>',
        )

    def clip(self, path: Path) -> str:
        """Return a clip to the inside of a path."""
        return self._define("c", f'<clipPath id="%s"><path d="{path.d()}"/></clipPath>')

    def fade(self, box: Box, start: float, end: float) -> str:
        """Return a mask over a box: from `start` at its top to `end` at its bottom."""
        vector = (0.0, box.y, 0.0, box.bottom)
        fill = self.lin([("#ffffff", start), ("#ffffff", end)], vector, user=True)
        x, y, w, h = (number(v) for v in box)
        area = f'x="{x}" y="{y}" width="{w}" height="{h}"'
        return self._define(
            "m",
            f'<mask id="%s" maskUnits="userSpaceOnUse" {area}><rect {area} fill="{fill}"/></mask>',
        )

    def raw(self, text: str) -> None:
        """Append markup as it is."""
        self._body.append(text)

    def draw(self, path: Path, fill: str, **attributes: Attribute) -> None:
        """Fill a path."""
        self.raw(f'<path d="{path.d()}" fill="{fill}"{_attributes(attributes)}/>')

    def stroke(self, path: Path, color: str, width: float, alpha: float = 1.0) -> None:
        """Draw along a path, with round ends and joins."""
        opacity = f' stroke-opacity="{number(alpha)}"' if alpha < 1 else ""
        self.raw(
            f'<path d="{path.d()}" fill="none" stroke="{color}" stroke-width="{width:.3f}"'
            f' stroke-linecap="round" stroke-linejoin="round"{opacity}/>'
        )

    @contextmanager
    def group(self, **attributes: Attribute) -> Iterator[None]:
        """Draw a group with shared attributes."""
        self.raw(f"<g{_attributes(attributes)}>")
        yield
        self.raw("</g>")

    @contextmanager
    def at(
        self, x: float, y: float, scale: float = 1.0, *, angle: float = 0.0, tall: float = 1.0
    ) -> Iterator[None]:
        """Draw a group shifted, turned by degrees and scaled (`tall` stretches its height)."""
        turn = f" rotate({number(angle)})" if angle else ""
        size = f" scale({scale:.5f} {scale * tall:.5f})" if (scale, tall) != (1.0, 1.0) else ""
        with self.group(transform=f"translate({number(x)} {number(y)}){turn}{size}"):
            yield

    @property
    def empty(self) -> bool:
        """True if nothing has been drawn."""
        return not self._body

    def text(self) -> str:
        """Return the document."""
        x, y, w, h = (number(v) for v in self.frame)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" '
            f'viewBox="{x} {y} {w} {h}"><defs>{"".join(self._definitions)}</defs>'
            f"{''.join(self._body)}</svg>"
        )
