"""Icons in other colours than their own."""

import re

from pipeline.imageserver.studio.colors import from_hls, hls, rgb, to_hex
from pipeline.imageserver.studio.scene.icons import Icon, icon
from pipeline.imageserver.studio.scene.scene import Scene

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_SHADE = re.compile(r"0 0 0 0 (\d[\d.]*) 0 0 0 0 (\d[\d.]*) 0 0 0 0 (\d[\d.]*)")
"""The colour of an icon's inner light or shade, as a filter's matrix has it."""
_PART_KIN = 0.07
"""Hue distance within which a colour belongs to the part that is asked for in another colour."""
_SHADE_KIN = 0.22
_VIVID = 0.45
"""Saturation from which a colour is the object's paint, not its metal or rubber."""
_KIN, _PLAIN, _LIGHTER = 0.14, 0.08, 0.75
"""Hue distance of an icon's own colour, saturation below which it is grey, share of lightness."""


def icon_body(scene: Scene, number: int) -> str:
    """Return the body of an icon that goes with the product, in the colour it is asked for."""
    found, color = icon(scene.icons[number]), scene.icon_colors[number]
    return repaint(found, color) if color else found.body


def subject_icon(scene: Scene) -> str:
    """Return the body of the subject's icon, in the colour of the subject or of its main part."""
    found = icon(scene.glyph)
    if not scene.tint:
        return found.body
    kin = _KIN if scene.own else _PART_KIN
    return repaint(found, scene.tint, every=scene.glyph == "bicycle", kin=kin)


def repaint(found: Icon, color: str, *, every: bool = False, kin: float = _KIN) -> str:
    """Return an icon with its own colour replaced, or every colour; lights and shades stay."""
    own, target = hls(found.tone), hls(color)

    def turned(hit: re.Match[str]) -> str:
        hue, light, rich = hls(hit.group())
        away = abs((hue - own[0] + 0.5) % 1 - 0.5)
        if (away > kin and not (every and rich > _VIVID)) or rich < _PLAIN:
            return hit.group()
        share = min(1.0, rich / max(own[2], _PLAIN))
        reach = 1.0 if target[1] < own[1] * 0.5 else _LIGHTER
        return from_hls(target[0], light + (target[1] - own[1]) * reach, target[2] * share)

    def shade(hit: re.Match[str]) -> str:
        channels = tuple(float(value) for value in hit.groups())
        tone = to_hex((channels[0], channels[1], channels[2]))
        hue, light, rich = hls(tone)
        near = abs((hue - own[0] + 0.5) % 1 - 0.5) <= _SHADE_KIN
        if rich < _PLAIN or not (near or every):
            return hit.group()
        r, g, b = rgb(from_hls(target[0], light, rich * min(1.0, target[2] + 0.1)))
        return f"0 0 0 0 {r:.4f} 0 0 0 0 {g:.4f} 0 0 0 0 {b:.4f}"

    return _SHADE.sub(shade, _HEX.sub(turned, found.body))
