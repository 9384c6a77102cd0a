"""Triangle meshes as arrays: turned solids, rounded boxes, discs. Up is z, the viewer at -y.

Lengths are in hundreds of product units: a bottle is about 2.4 high.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

Points = Sequence[tuple[float, float]]
"""A turned solid's (radius, height) pairs."""
Flute = Callable[[np.ndarray], np.ndarray]
"""By angle: what share of the radius is added."""
_NOTHING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Mesh:
    """Vertices (n, 3), faces (m, 3); normals (n, 3) and texture places (n, 2) where it has them."""

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None = None
    places: np.ndarray | None = None

    def moved(self, matrix: np.ndarray) -> "Mesh":
        """The same under an affine transform (4, 4)."""
        normals = self.normals
        if normals is not None:
            normals = _unit(normals @ np.linalg.inv(matrix[:3, :3]))
        vertices = self.vertices @ matrix[:3, :3].T + matrix[:3, 3]
        return replace(self, vertices=vertices, normals=normals)

    def flipped(self) -> "Mesh":
        """The same, inside out."""
        normals = None if self.normals is None else -self.normals
        return replace(self, faces=self.faces[:, ::-1], normals=normals)


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, _NOTHING)


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Many small meshes with normals as one."""
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        faces=np.concatenate(
            [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]
        ),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
    )


def placed(
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
    *,
    turn: float = 0.0,
    tilt: float = 0.0,
    roll: float = 0.0,
    size: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> np.ndarray:
    """A transform: scaled; turned about y (roll), x (tilt), z (turn) by degrees; shifted."""
    matrix = np.eye(4)
    matrix[:3, :3] = _about(2, turn) @ _about(0, tilt) @ _about(1, roll) @ np.diag(size)
    matrix[:3, 3] = (x, y, z)
    return matrix


def _about(axis: int, degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    first, second = ((1, 2), (2, 0), (0, 1))[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = c
    matrix[first, second], matrix[second, first] = -s, s
    return matrix


def grid(across: int, along: int) -> np.ndarray:
    """The faces between the vertices of a grid, row by row."""
    i, j = np.meshgrid(np.arange(across - 1), np.arange(along - 1), indexing="ij")
    a = (i + j * across).T
    one = np.stack([a, a + 1, a + across + 1], -1).reshape(-1, 3)
    two = np.stack([a, a + across + 1, a + across], -1).reshape(-1, 3)
    return np.concatenate([one, two])


def grid_normals(points: np.ndarray, *, closed: bool) -> np.ndarray:
    """Normals of a grid of points (along, across, 3); `closed`: its first column is its last."""
    across = np.gradient(points, axis=1)
    if closed:
        across[:, 0] = across[:, -1] = points[:, 1] - points[:, -2]
    normals = np.cross(across, np.gradient(points, axis=0))
    lengths = np.linalg.norm(normals, axis=-1, keepdims=True)
    upright = np.array([0.0, 0.0, 1.0])
    return np.where(lengths < _NOTHING, upright, normals / np.maximum(lengths, _NOTHING))


def sheet(points: np.ndarray, places: np.ndarray | None = None, *, closed: bool = False) -> Mesh:
    """A smooth surface through a grid of points (along, across, 3)."""
    along, across = points.shape[:2]
    return Mesh(
        vertices=points.reshape(-1, 3),
        faces=grid(across, along),
        normals=grid_normals(points, closed=closed).reshape(-1, 3),
        places=None if places is None else places.reshape(-1, 2),
    )


def lathe(
    profile: Points, *, sides: int = 128, half: float = math.pi, flute: Flute | None = None
) -> Mesh:
    """A profile turned about z, from -half to half as seen from the front.

    The texture's first coordinate goes round, its second from 0 at the top to 1 at the foot.
    """
    turned = np.array(profile, float)
    angles = np.linspace(-half, half, sides + 1)
    radii = np.maximum(turned[:, 0], 0)[:, None] * np.ones(sides + 1)
    if flute is not None:
        radii = radii * (1 + flute(angles)[None, :])
    heights = np.repeat(turned[:, 1][:, None], sides + 1, 1)
    points = np.stack([radii * np.sin(angles), -radii * np.cos(angles), heights], -1)
    steps = np.linalg.norm(np.diff(turned, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / max(float(steps.sum()), 1e-9)
    round_ = np.broadcast_to(np.linspace(0, 1, sides + 1), radii.shape)
    down = np.broadcast_to(1 - along[:, None], radii.shape)
    return sheet(points, np.stack([round_, down], -1), closed=half >= math.pi)


def superellipsoid(sx: float, sy: float, sz: float, *, edge: float, steps: int = 40) -> Mesh:
    """A solid between a ball (edge 1) and a box (edge 0), with half sizes."""
    u = np.linspace(-math.pi, math.pi, 2 * steps + 1)
    v = np.linspace(-math.pi / 2, math.pi / 2, steps + 1)
    v, u = np.meshgrid(v, u, indexing="ij")

    def power(values: np.ndarray, by: float) -> np.ndarray:
        return np.sign(values) * np.abs(values) ** by

    def shape(by: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return (
            power(np.cos(v), by) * power(np.cos(u), by),
            power(np.cos(v), by) * power(np.sin(u), by),
            power(np.sin(v), by),
        )

    x, y, z = shape(edge)
    nx, ny, nz = shape(2 - edge)
    return Mesh(
        vertices=np.stack([sx * x, sy * y, sz * z], -1).reshape(-1, 3),
        faces=grid(2 * steps + 1, steps + 1),
        normals=_unit(np.stack([nx / sx, ny / sy, nz / sz], -1).reshape(-1, 3)),
    )


def rounded_box(sx: float, sy: float, sz: float, radius: float, *, steps: int = 6) -> Mesh:
    """A box with half sizes and round edges: a ball whose octants moved apart to the corners."""
    quarter = np.linspace(0, math.pi / 2, steps + 1)
    u = np.concatenate([quarter + k * math.pi / 2 for k in range(4)] + [np.zeros(1)])
    # the first column again closes the ring; quadrants tell which corner a column belongs to
    side_x = np.concatenate([np.repeat([1.0, -1.0, -1.0, 1.0], steps + 1), [1.0]])
    side_y = np.concatenate([np.repeat([1.0, 1.0, -1.0, -1.0], steps + 1), [1.0]])
    v = np.concatenate([[-math.pi / 2], quarter - math.pi / 2, quarter, [math.pi / 2]])
    side_z = np.repeat([-1.0, 1.0], steps + 2)
    apart = np.ones_like(v)
    apart[[0, -1]] = 0.0  # the lids' middles
    normals = np.stack(
        [
            np.cos(v)[:, None] * np.cos(u),
            np.cos(v)[:, None] * np.sin(u),
            np.sin(v)[:, None] * np.ones_like(u),
        ],
        -1,
    )
    corners = np.stack(
        [
            apart[:, None] * side_x * (sx - radius),
            apart[:, None] * side_y * (sy - radius),
            side_z[:, None] * np.ones_like(u) * (sz - radius),
        ],
        -1,
    )
    return Mesh(
        vertices=(corners + normals * radius).reshape(-1, 3),
        faces=grid(len(u), len(v)),
        normals=normals.reshape(-1, 3),
    )


def panel(width: float, height: float) -> Mesh:
    """An upright rectangle about the origin that faces the viewer; half sizes."""
    corners = [(-width, 0, -height), (width, 0, -height), (width, 0, height), (-width, 0, height)]
    return Mesh(
        vertices=np.array(corners, float),
        faces=np.array([(0, 1, 2), (0, 2, 3)]),
        places=np.array([(0, 1), (1, 1), (1, 0), (0, 0)], float),
    )


def disc(radius: float, sides: int = 96) -> Mesh:
    """A flat disc in the floor's plane, facing up."""
    angles = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    rim = np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1)
    vertices = np.concatenate([np.zeros((1, 3)), rim])
    around = np.arange(sides)
    faces = np.stack([0 * around, around + 1, (around + 1) % sides + 1], -1)
    return Mesh(
        vertices=vertices * radius,
        faces=faces,
        normals=np.tile([0.0, 0.0, 1.0], (sides + 1, 1)),
        places=vertices[:, :2] * 0.5 + 0.5,
    )
