"""Periodic noise and the surfaces that are made of it, as linear RGB textures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipeline.engine.studio.colors import rgb

SIZE = 1024
_GAP = 0.012
"""How wide the gaps between planks are, in planks."""


def linear(color: str) -> np.ndarray:
    """A colour's linear channels."""
    return np.array([c**2.2 for c in rgb(color)])


def fractal(
    octaves: Sequence[int], seed: int, *, size: int = SIZE, stretch: tuple[float, float] = (1, 1)
) -> np.ndarray:
    """Value noise that repeats at its edges, 0 to 1; `stretch` multiplies cells across and down."""
    generator = np.random.default_rng(seed)
    total = np.zeros((size, size))
    for octave in octaves:
        down, across = (max(2, int(octave * stretch[i])) for i in (1, 0))
        cells = np.pad(generator.random((down, across)), ((1, 2), (1, 2)), "wrap")
        kx, ky = size / across, size / down
        wide, high = int((across + 3) * kx), int((down + 3) * ky)
        picture = Image.fromarray(cells.astype(np.float32))
        big = np.asarray(picture.resize((wide, high), Image.Resampling.BICUBIC))
        x, y = int(kx * 1.5), int(ky * 1.5)
        total += big[y : y + size, x : x + size] / octave**0.9
    total -= total.min()
    return (total / total.max()).astype(np.float32)


def marble(seed: int, *, dark: bool) -> np.ndarray:
    """Veined stone."""
    warp = fractal((4, 8, 16, 32, 64), seed)
    x = np.linspace(0, 6, SIZE)[None, :] + np.linspace(0, 4, SIZE)[:, None]
    ridge = 1 - np.abs(np.sin(x * 1.3 + warp * 9))
    vein = np.clip((ridge - 0.90) / 0.10, 0, 1) ** 1.8 * fractal((3, 6), seed + 1) * 1.2
    base = linear("#1b1b20" if dark else "#f3f1ee")
    line = linear("#a88a58" if dark else "#8e8a86")
    return base + (line - base) * np.clip(vein + 0.10 * warp, 0, 1)[..., None]


def wood(seed: int, *, dark: bool) -> np.ndarray:
    """Planks with rings and fibres, the grain running across."""
    warp = fractal((3, 6, 12), seed)
    fibre = fractal((8, 20, 60), seed + 2, stretch=(0.25, 6))
    y = np.linspace(0, 1, SIZE)[:, None]
    ring = (0.5 + 0.5 * np.sin((y * 34 + warp * 7) * 2))[..., None]
    color = linear("#8a5a33") * (1 - 0.45 * ring) + linear("#c08a56") * 0.45 * ring
    color = color * (0.65 + 0.5 * fibre[..., None])
    plank = np.floor(y * 5)
    tone = np.random.default_rng(seed).uniform(0.82, 1.08, 5)[plank.astype(int) % 5]
    color = color * tone[..., None]
    gap = (np.abs((y * 5) % 1) < _GAP)[..., None]
    return np.where(gap, color * 0.25, color) * (0.5 if dark else 1)


def stone(seed: int, *, dark: bool) -> np.ndarray:
    """Honed stone: fine speckles under slow clouds."""
    speckle = fractal((6, 16, 48, 120, 260), seed)
    return linear("#2f3034" if dark else "#9b9a97") * (0.55 + 0.8 * speckle[..., None])


def sand(seed: int, *, dark: bool) -> np.ndarray:
    """Dry sand."""
    grain = fractal((4, 9, 60, 200, 400), seed)
    return linear("#8a7448" if dark else "#dcc08e") * (0.75 + 0.4 * grain[..., None])


def cloth(seed: int, color: str) -> np.ndarray:
    """A plain weave of a colour."""
    threads = np.sin(np.linspace(0, 2 * np.pi * 150, SIZE))
    weave = threads[:, None] * threads[None, :]
    slub = fractal((6, 30, 90), seed)
    return linear(color) * (0.86 + 0.10 * weave + 0.16 * slub)[..., None]
