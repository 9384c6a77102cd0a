"""From radiance to film: bloom, a soft shoulder, a vignette, display colours."""

import numpy as np
from PIL import Image

from pipeline.engine.studio.darkroom import whole
from pipeline.engine.studio.vector.box import Box

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_BRIGHT = 1.1
_BLOOM = 0.16
_KNEE = 0.72
_TOE = 0.0031308
_SMALLER = 4
_RICHER = 1.07
_PALEST, _WHITE, _DARKEST = 0.85, 0.86, 0.40
"""Exposure: this share of the product may be no lighter than paper, at least this much light."""


def graded(radiance: np.ndarray, *, cut_out: bool) -> np.ndarray:
    """Display values (h, w, 3), 0 to 1. A cut-out has no bloom and no vignette."""
    light = np.maximum(radiance, 0)
    if not cut_out:
        light = light + _BLOOM * _glow(np.maximum(light - _BRIGHT, 0))
    over = np.maximum(light - _KNEE, 0)
    shoulder = _KNEE + (1 - _KNEE) * (1 - np.exp(-over / (1 - _KNEE) * 0.75))
    light = np.where(light < _KNEE, light, shoulder)
    if not cut_out:
        light = light * _vignette(light.shape[0], light.shape[1])
    gray = (light @ _LUMA)[..., None]
    light = np.clip(gray + (light - gray) * _RICHER, 0, 1)
    curve = 1.055 * np.maximum(light, 1e-8) ** (1 / 2.4) - 0.055
    return np.where(light <= _TOE, 12.92 * light, curve)


def exposure(radiance: np.ndarray, area: Box) -> float:
    """How much to close the aperture so that what is pale in this area keeps its shape."""
    height, width = radiance.shape[:2]
    frame = whole(area, Box(0, 0, width, height))
    left, top = int(frame.x), int(frame.y)
    luma = radiance[top : int(frame.bottom), left : int(frame.right)] @ _LUMA
    pale = float(np.quantile(luma, _PALEST))
    return max(_DARKEST, min(1.0, _WHITE / max(pale, 1e-6)))


def _vignette(height: int, width: int) -> np.ndarray:
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    return (1 - 0.16 * np.clip((x * x + y * y) / 2, 0, 1) ** 1.3)[..., None]


def _glow(bright: np.ndarray) -> np.ndarray:
    """What spills from highlights, blurred at a quarter of the size."""
    height, width = bright.shape[:2]
    small = (max(1, width // _SMALLER), max(1, height // _SMALLER))
    sigma = max(2.0, width / 110)
    bands = [
        _resized(_blurred(_resized(bright[..., k], small), sigma), (width, height))
        for k in range(3)
    ]
    return np.stack(bands, -1)


def _resized(band: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(band.astype(np.float32)))
    filtering = Image.Resampling.BOX if size[0] < image.width else Image.Resampling.BICUBIC
    return np.asarray(image.resize(size, filtering))


def _blurred(band: np.ndarray, sigma: float) -> np.ndarray:
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        band = np.apply_along_axis(_smoothed, axis, band, kernel)
    return band


def _smoothed(line: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A blurred line of the same length, its ends held."""
    reach = len(kernel) // 2
    return np.convolve(np.pad(line, reach, "edge"), kernel, "valid")
