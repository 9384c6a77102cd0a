"""What surfaces are made of, as the tracer's material descriptions."""

from collections.abc import Sequence

import mitsuba as mi
import numpy as np

from pipeline.engine.studio.traced.noise import linear

Skin = dict[str, object]
Tone = str | Sequence[float]
"""A colour, or linear channels, which may be an array."""
WATER, GLASS = 1.334, 1.5046


def tone(color: Tone) -> Skin:
    """A colour as a spectrum."""
    channels = linear(color) if isinstance(color, str) else color
    return {"type": "rgb", "value": [max(0.0, float(c)) for c in channels]}


def texture(
    pixels: np.ndarray, *, raw: bool = False, repeat: tuple[float, float] = (1, 1), wrap: str = ""
) -> Skin:
    """Pixels (h, w, 1 or 3): bytes are colours, floats are linear. `raw` for anything else."""
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(np.array(pixels, order="C")),
        "raw": raw or pixels.dtype != np.uint8,
        "wrap_mode": wrap or "repeat",
        "to_uv": mi.ScalarTransform4f().scale([*repeat, 1]),
    }


def solid(
    color: Tone | Skin,
    roughness: float | Skin = 0.4,
    *,
    metal: float = 0.0,
    coat: float = 0.0,
    specular: float = 0.5,
) -> Skin:
    """Paint, paper, plastic, lacquer or metal; seen from both sides."""
    return {
        "type": "twosided",
        "inner": {
            "type": "principled",
            "base_color": color if isinstance(color, dict) else tone(color),
            "roughness": roughness,
            "metallic": metal,
            "specular": specular,
            "clearcoat": coat,
            "clearcoat_gloss": 0.95,
        },
    }


def glass(
    *, inside: float = GLASS, outside: float = 1.0, tint: Sequence[float] | float | None = None
) -> Skin:
    """An interface between two clear things; the tint colours what passes once."""
    skin: Skin = {"type": "dielectric", "int_ior": inside, "ext_ior": outside}
    if isinstance(tint, float):
        # more than 1 cannot be told as a colour
        skin["specular_transmittance"] = {"type": "uniform", "value": tint}
    elif tint is not None:
        skin["specular_transmittance"] = tone(tint)
    return skin


def frosted(tint: Sequence[float] | None = None) -> Skin:
    """Glass with an etched outside."""
    skin: Skin = {"type": "roughdielectric", "int_ior": GLASS, "ext_ior": 1.0, "alpha": 0.22}
    if tint is not None:
        skin["specular_transmittance"] = tone(tint)
    return skin


def bumped(skin: Skin, heights: np.ndarray, *, scale: float, repeat: tuple[float, float]) -> Skin:
    """A skin with a relief."""
    relief = texture(heights[..., None].astype(np.float32), raw=True, repeat=repeat)
    return {"type": "bumpmap", "arbitrary": relief, "scale": scale, "inner": skin}


def through(color: str, strength: float) -> list[float]:
    """The tint of one crossing of a liquid or of coloured glass."""
    return [max(0.02, float(c)) ** strength for c in linear(color)]
