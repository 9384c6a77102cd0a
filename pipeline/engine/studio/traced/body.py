"""A modelled thing: parts with skins, and lights of its own."""

from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.engine.studio.traced.meshes import Mesh
from pipeline.engine.studio.traced.skins import Skin


@dataclass(frozen=True, slots=True)
class Part:
    """A mesh and what it is made of."""

    mesh: Mesh
    skin: Skin


@dataclass(frozen=True, slots=True)
class Lamp:
    """A small ball of light."""

    x: float
    y: float
    z: float
    radius: float
    radiance: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Body:
    """Everything that is modelled of one thing; its foot stands at the origin."""

    parts: list[Part] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)

    def add(self, mesh: Mesh, skin: Skin) -> None:
        """One more part."""
        self.parts.append(Part(mesh, skin))

    def moved(self, matrix: np.ndarray) -> "Body":
        """The same elsewhere."""
        at = [matrix @ np.array([lamp.x, lamp.y, lamp.z, 1.0]) for lamp in self.lamps]
        return Body(
            [replace(part, mesh=part.mesh.moved(matrix)) for part in self.parts],
            [
                replace(lamp, x=float(p[0]), y=float(p[1]), z=float(p[2]))
                for lamp, p in zip(self.lamps, at, strict=True)
            ],
        )
