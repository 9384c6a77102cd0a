"""Contrast of the colours of words with what lies under them, by WCAG 2."""

Rgb = tuple[int, int, int]

LEAST = 4.5
"""Least contrast of words with the pixels under them."""
_DARK_END = 0.04045
_LINEAR = [
    v / 255 / 12.92 if v / 255 <= _DARK_END else ((v / 255 + 0.055) / 1.055) ** 2.4
    for v in range(256)
]
"""Linear light of each value, by the sRGB standard."""
_RED, _GREEN, _BLUE = ([share * value for value in _LINEAR] for share in (0.2126, 0.7152, 0.0722))


def luminance(color: Rgb) -> float:
    """Return the relative luminance of an sRGB colour, 0 to 1."""
    return _RED[color[0]] + _GREEN[color[1]] + _BLUE[color[2]]


def contrast(first: float, second: float) -> float:
    """Return the contrast of two luminances, 1 to 21."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def parsed(color: str) -> Rgb:
    """Return `#rrggbb` as three numbers."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
