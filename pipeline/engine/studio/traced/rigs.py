"""The lights: softboxes painted on a sphere round the scene, one rig for each kind of light."""

import numpy as np

from pipeline.engine.studio.scene.nouns import Light
from pipeline.engine.studio.traced.noise import linear

_HIGH, _WIDE = 256, 512
_AMBIENT = {
    Light.SOFT: 0.34,
    Light.BRIGHT: 0.80,
    Light.DRAMATIC: 0.06,
    Light.GOLDEN: 0.30,
    Light.NEON: 0.05,
}
_GAIN = {Light.SOFT: 0.80, Light.BRIGHT: 0.54, Light.DRAMATIC: 0.75}
"""White paper on the table shall come out white, not blown."""
Softbox = tuple[tuple[float, float], tuple[float, float], float, str, float]
"""Azimuth and elevation, width and height (degrees), intensity, colour, softness of its edge."""
_RIGS: dict[Light, tuple[Softbox, ...]] = {
    Light.SOFT: (
        ((242, 34), (46, 62), 9.0, "#fff6ea", 4.0),
        ((100, 30), (14, 78), 11.0, "#f4f8ff", 4.0),
        ((0, 84), (360, 26), 5.0, "#ffffff", 4.0),
        ((296, 30), (7, 70), 7.0, "#ffffff", 4.0),
    ),
    Light.BRIGHT: (
        ((240, 35), (70, 70), 6.0, "#ffffff", 4.0),
        ((115, 35), (60, 70), 5.0, "#ffffff", 4.0),
        ((0, 86), (360, 36), 5.0, "#ffffff", 4.0),
    ),
    Light.DRAMATIC: (
        ((292, 26), (13, 86), 40.0, "#ffe9cf", 4.0),
        ((70, 26), (10, 86), 36.0, "#dfeaff", 4.0),
        ((0, 80), (360, 16), 5.0, "#fff0dd", 4.0),
        ((226, 36), (40, 50), 17.0, "#fff0dd", 4.0),
        ((132, 30), (16, 60), 7.0, "#e8eeff", 4.0),
    ),
    Light.GOLDEN: (
        ((283, 27), (13, 13), 95.0, "#ffc27a", 2.0),
        ((95, 35), (60, 60), 1.6, "#bcd4ff", 4.0),
        ((0, 80), (360, 30), 1.8, "#ffe3bd", 4.0),
        ((250, 30), (20, 70), 4.0, "#ffd9a6", 4.0),
    ),
    Light.NEON: (
        ((268, 25), (22, 86), 20.0, "#ff2fb3", 4.0),
        ((92, 25), (22, 86), 20.0, "#27e1ff", 4.0),
        ((0, 82), (360, 14), 2.5, "#8a5bff", 4.0),
        ((200, 40), (16, 30), 2.2, "#ffffff", 4.0),
    ),
}


def rig(light: Light, *, cut_out: bool) -> np.ndarray:
    """The sphere's radiance, (h, w, 3); a cut-out gets a light card behind its glass."""
    down, around = (np.arange(_HIGH) + 0.5) / _HIGH, (np.arange(_WIDE) + 0.5) / _WIDE
    elevation, azimuth = np.meshgrid(90 - down * 180, around * 360, indexing="ij")
    sky = _AMBIENT[light] * (0.55 + 0.45 * elevation / 90)
    total = np.repeat(sky[..., None], 3, axis=2)
    for box in _RIGS[light]:
        total += _softbox(box, azimuth, elevation)
    total *= _GAIN.get(light, 1.0)
    if cut_out:
        aside = (azimuth + 180) % 360 - 180
        card = np.exp(-((aside / 38) ** 2)) * np.exp(-(((elevation - 4) / 30) ** 2))
        total += 1.15 * card[..., None]
    return total.astype(np.float32)


def _softbox(box: Softbox, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    (at, up), (wide, high), strength, color, edge = box
    aside = np.abs((azimuth - at + 180) % 360 - 180)
    mask = _within(aside - wide / 2, edge) * _within(np.abs(elevation - up) - high / 2, edge)
    # brighter towards its top, as a real one hung from a boom is
    falloff = 0.55 + 0.45 * np.clip((elevation - up) / high + 0.5, 0, 1)
    return (mask * falloff * strength)[..., None] * linear(color)


def _within(outside: np.ndarray, edge: float) -> np.ndarray:
    return 1 / (1 + np.exp(np.clip(outside / edge * 2.2, -40, 40)))


def falling_on_table(sky: np.ndarray) -> float:
    """The mean irradiance on a horizontal white surface, over pi."""
    polar = (np.arange(len(sky)) + 0.5) / len(sky) * np.pi
    weight = (np.maximum(np.cos(polar), 0) * np.sin(polar))[:, None]
    return float(((sky.mean(1) * weight).sum(0) * np.pi / len(sky) * 2.0).mean())
