"""The structural similarity (SSIM) of two pictures, in small windows; needs numpy.

Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity",
IEEE Transactions on Image Processing 13 (2004), with uniform windows.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 256
"""Both pictures are compared as squares of this side, in grey."""
WINDOW = 24
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

_Grey = NDArray[np.float64]


def lowest_ssim(one: Image.Image, other: Image.Image) -> float:
    """Return the lowest similarity of all windows, clipped to 0 to 1."""
    a, b = _grey(one), _grey(other)
    mean_a, mean_b = _means(a), _means(b)
    spread_a = _means(a * a) - mean_a**2
    spread_b = _means(b * b) - mean_b**2
    both = _means(a * b) - mean_a * mean_b
    likeness = ((2 * mean_a * mean_b + _C1) * (2 * both + _C2)) / (
        (mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2)
    )
    return float(np.clip(likeness.min(), 0.0, 1.0))


def _grey(image: Image.Image) -> _Grey:
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _means(values: _Grey) -> _Grey:
    """Return the mean of each window; windows lie side by side, the last ones overlap."""
    total = np.zeros((SIDE + 1, SIDE + 1))
    total[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    starts = np.append(np.arange(0, SIDE - WINDOW, WINDOW), SIDE - WINDOW)
    ends = starts + WINDOW
    sums = total[ends][:, ends] - total[starts][:, ends] - total[ends][:, starts]
    means: _Grey = (sums + total[starts][:, starts]) / WINDOW**2
    return means
