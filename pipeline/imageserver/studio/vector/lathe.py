"""Solids of revolution seen from the front. A profile is ((radius, height), …), foot first."""

from itertools import pairwise

from pipeline.lettering.path import Path

Profile = tuple[tuple[float, float], ...]


def radius_at(z: float, profile: Profile) -> float:
    """Return the radius at height z, interpolated between the points of the profile."""
    if z <= profile[0][1]:
        return profile[0][0]
    for (r0, z0), (r1, z1) in pairwise(profile):
        if z <= z1:
            return r0 + (r1 - r0) * (z - z0) / ((z1 - z0) or 1)
    return profile[-1][0]


def smooth(points: Profile, steps: int = 8) -> list[tuple[float, float]]:
    """Return points of a monotone cubic through the profile, which does not overshoot."""
    tangents = [_tangent(points, i) for i in range(len(points))]
    out: list[tuple[float, float]] = []
    for p, q, m, n in zip(points, points[1:], tangents, tangents[1:], strict=False):
        for s in range(steps):
            t = s / steps
            h = (
                2 * t**3 - 3 * t * t + 1,
                t**3 - 2 * t * t + t,
                3 * t * t - 2 * t**3,
                t**3 - t * t,
            )
            out.append(
                (
                    h[0] * p[0] + h[1] * m[0] + h[2] * q[0] + h[3] * n[0],
                    h[0] * p[1] + h[1] * m[1] + h[2] * q[1] + h[3] * n[1],
                )
            )
    return [*out, points[-1]]


def _tangent(points: Profile, i: int) -> tuple[float, float]:
    if i == 0 or i == len(points) - 1:
        a, b = points[:2] if i == 0 else points[-2:]
        return (b[0] - a[0], b[1] - a[1])
    return (_harmonic(points, i, 0), _harmonic(points, i, 1))


def _harmonic(points: Profile, i: int, axis: int) -> float:
    left = points[i][axis] - points[i - 1][axis]
    right = points[i + 1][axis] - points[i][axis]
    return 2 * left * right / (left + right) if left * right > 0 else 0.0


def lathe(
    profile: Profile,
    z0: float | None = None,
    z1: float | None = None,
    *,
    bottom: float = 0.10,
    top: float = 0.06,
) -> Path:
    """Return the silhouette between two heights, foot at y = 0 and up negative.

    `bottom` and `top` round the ends, in radii, as seen from above.
    """
    low = profile[0][1] if z0 is None else z0
    high = profile[-1][1] if z1 is None else z1
    side = smooth(
        (
            (radius_at(low, profile), low),
            *(p for p in profile if low < p[1] < high),
            (radius_at(high, profile), high),
        )
    )
    r0, r1 = side[0][0], side[-1][0]
    path = Path().move(-r0, -low).quad(0, -low + 2 * bottom * r0, r0, -low)
    for r, z in side[1:]:
        path.line(r, -z)
    path.quad(0, -high + 2 * top * r1, -r1, -high)
    for r, z in reversed(side[:-1]):
        path.line(-r, -z)
    return path.close()


def strip(
    profile: Profile, span: tuple[float, float], sides: tuple[float, float], steps: int = 14
) -> Path:
    """Return the part of the surface between two heights and two shares of the radius (-1 to 1).

    It follows the profile, like the reflection of a softbox on curved glass.
    """
    low, high = span
    heights = [low + (high - low) * i / steps for i in range(steps + 1)]
    curve = smooth(
        (
            (radius_at(low, profile), low),
            *tuple(p for p in profile if low < p[1] < high),
            (radius_at(high, profile), high),
        )
    )
    edge = [(radius_at(z, tuple(curve)), z) for z in heights]
    path = Path().move(edge[0][0] * sides[0], -edge[0][1])
    for r, z in edge[1:]:
        path.line(r * sides[0], -z)
    for r, z in reversed(edge):
        path.line(r * sides[1], -z)
    return path.close()


def inset(profile: Profile, by: float, floor: float) -> Profile:
    """Return the inside of a vessel with a wall of thickness `by` and a floor at a height."""
    return tuple((max(1.0, r - by), max(z, floor)) for r, z in profile)
