"""Icons in other colours than their own."""

import re

from pipeline.imageserver.studio.colors import from_hls, hls
from pipeline.imageserver.studio.scene.icons import Icon, icon
from pipeline.imageserver.studio.scene.scene import Scene

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_VIVID = 0.45
"""Saturation from which a colour is the object's paint, not its metal or rubber."""
_KIN, _PLAIN, _LIGHTER = 0.14, 0.08, 0.75
"""Hue distance of an icon's own colour, saturation below which it is grey, share of lightness."""


def icon_body(scene: Scene, number: int) -> str:
    """Return the body of an icon that goes with the product, in the colour it is asked for."""
    found, color = icon(scene.icons[number]), scene.icon_colors[number]
    return repaint(found, color) if color else found.body


def repaint(found: Icon, color: str, *, every: bool = False) -> str:
    """Return an icon with its own colour replaced, or every colour; lights and shades stay."""
    own, target = hls(found.tone), hls(color)

    def turned(hit: re.Match[str]) -> str:
        hue, light, rich = hls(hit.group())
        away = abs((hue - own[0] + 0.5) % 1 - 0.5)
        if (away > _KIN and not (every and rich > _VIVID)) or rich < _PLAIN:
            return hit.group()
        share = min(1.0, rich / max(own[2], _PLAIN))
        reach = 1.0 if target[1] < own[1] * 0.5 else _LIGHTER
        return from_hls(target[0], light + (target[1] - own[1]) * reach, target[2] * share)

    return _HEX.sub(turned, found.body)
