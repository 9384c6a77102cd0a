"""Colours: arithmetic, and legibility as WCAG 2 defines it. A colour is '#rrggbb'."""

import colorsys
from collections.abc import Sequence

NEAR_BLACK = "#0a0610"
"""The colour that shades tend to, since a shadow is never pure black."""


def rgb(color: str) -> tuple[float, float, float]:
    """Return the channels, 0 to 1."""
    return (int(color[1:3], 16) / 255, int(color[3:5], 16) / 255, int(color[5:7], 16) / 255)


def to_hex(channels: tuple[float, float, float]) -> str:
    """Return the colour of these channels, clamped to 0 to 1."""
    return "#" + "".join(f"{round(255 * min(1, max(0, c))):02x}" for c in channels)


def mix(a: str, b: str, t: float) -> str:
    """Return a blend: t = 0 gives a, t = 1 gives b."""
    (r0, g0, b0), (r1, g1, b1) = rgb(a), rgb(b)
    return to_hex((r0 + (r1 - r0) * t, g0 + (g1 - g0) * t, b0 + (b1 - b0) * t))


def lighten(color: str, t: float) -> str:
    """Return the colour mixed with white."""
    return mix(color, "#ffffff", t)


def darken(color: str, t: float) -> str:
    """Return the colour mixed with the near-black of shadows."""
    return mix(color, NEAR_BLACK, t)


def deepen(color: str, t: float) -> str:
    """Return the colour as in shade: darker and more saturated; yellow turns towards amber."""
    r, g, b = (c ** (1 + 0.9 * t) * (1 - 0.62 * t) for c in rgb(color))
    hue, lightness, rich = hls(to_hex((r, g, b)))
    yellow_from, yellow_to = 0.085, 0.20
    if yellow_from < hue < yellow_to:
        hue -= min(hue - yellow_from, 0.12 * t)
    return from_hls(hue, lightness, rich)


def hls(color: str) -> tuple[float, float, float]:
    """Return hue, lightness and saturation, 0 to 1."""
    return colorsys.rgb_to_hls(*rgb(color))


def from_hls(hue: float, lightness: float, saturation: float) -> str:
    """Return the colour of hue, lightness and saturation; the hue wraps, the others are clamped."""
    light, rich = min(1, max(0, lightness)), min(1, max(0, saturation))
    return to_hex(colorsys.hls_to_rgb(hue % 1, light, rich))


def warm(color: str) -> str:
    """Return the colour, with yellow turned towards amber, since dark yellow looks olive."""
    hue, lightness, saturation = hls(color)
    olive_from, olive_to = 0.085, 0.20
    if not olive_from < hue < olive_to:
        return color
    return from_hls(0.075, lightness, saturation * 0.9)


READABLE = 4.5
"""The contrast that copy must have with its background."""
_LINEAR_BELOW = 0.04045


def luminance(color: str) -> float:
    """Return the relative luminance, 0 to 1, as WCAG 2 defines it."""
    r, g, b = (
        c / 12.92 if c <= _LINEAR_BELOW else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(color)
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def luminance_contrast(a: float, b: float) -> float:
    """Return the contrast of two luminances, 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    return luminance_contrast(luminance(a), luminance(b))


def best_ink(backgrounds: Sequence[float], brand: str, target: float = 5.5) -> tuple[str, float]:
    """Return the ink with the greatest least contrast to the backgrounds, and that contrast.

    It is a dark or a light tone of the brand's hue, moved towards black or white to the target.
    """
    best = ("#000000", 0.0)
    for start, end in ((darken(brand, 0.70), "#07050a"), (lighten(brand, 0.90), "#ffffff")):
        for step in range(6):
            ink = mix(start, end, step / 5)
            worst = min(
                luminance_contrast(luminance(ink), background) for background in backgrounds
            )
            if worst > best[1]:
                best = (ink, worst)
            if worst >= target:
                break
    return best
