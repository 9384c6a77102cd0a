"""Legibility: WCAG luminance, contrast, and the ink to choose."""

from collections.abc import Sequence

from pipeline.imageserver.studio.colors import darken, lighten, mix, rgb

READABLE = 4.5
"""The contrast that copy must reach on its ground."""
_LINEAR_BELOW = 0.04045


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1, as WCAG 2 defines it."""
    r, g, b = (
        c / 12.92 if c <= _LINEAR_BELOW else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(color)
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def between(a: float, b: float) -> float:
    """Contrast of two luminances, 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def contrast(a: str, b: str) -> float:
    """Contrast of two colours, 1 to 21."""
    return between(luminance(a), luminance(b))


def ink_on(grounds: Sequence[float], brand: str, target: float = 5.5) -> tuple[str, float]:
    """The ink with the best worst contrast over ground luminances, and that contrast.

    A dark or a light of the brand's hue, pushed towards black or white until it meets the target.
    """
    best = ("#000000", 0.0)
    for start, end in ((darken(brand, 0.70), "#07050a"), (lighten(brand, 0.90), "#ffffff")):
        for step in range(6):
            ink = mix(start, end, step / 5)
            worst = min(between(luminance(ink), ground) for ground in grounds)
            if worst > best[1]:
                best = (ink, worst)
            if worst >= target:
                break
    return best
