"""The camera: what it sees is laid out by the same stage as the flat picture."""

import math
from dataclasses import dataclass

import mitsuba as mi
import numpy as np

from pipeline.engine.studio.drawing.stage import Stage
from pipeline.engine.studio.scene.nouns import Family, Scene
from pipeline.engine.studio.scene.products import pedestal, product
from pipeline.engine.studio.traced.skins import Skin
from pipeline.engine.studio.traced.vessels import UNIT

_DISTANCE = 11.0
_LOW_GOODS = frozenset({Family.JAR, Family.MUG, Family.CANDLE, Family.BOX})
"""What is seen from a little higher: its top is part of its face."""
_APERTURE = 0.20
_NEARER = 0.30
"""The focus lies on the front of the product, not on its axis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A pinhole's geometry: where it is, where it looks, where its axis meets the picture."""

    width: int
    height: int
    origin: np.ndarray
    forward: np.ndarray
    up: np.ndarray
    focal: float
    """Pixels that a length of 1 takes at a distance of 1."""
    centre: tuple[float, float]
    """The pixel that the camera looks at, which may be anywhere."""

    def pose(self) -> object:
        """The sensor's transform."""
        return mi.ScalarTransform4f().look_at(
            origin=self.origin.tolist(),
            target=(self.origin + self.forward).tolist(),
            up=self.up.tolist(),
        )

    def screen(self, distance: float) -> np.ndarray:
        """The transform of a square from -1 to 1 that fills the picture at a distance."""
        k = distance / self.focal
        x, y = self.width / 2 - self.centre[0], self.centre[1] - self.height / 2
        right = np.array([1.0, 0.0, 0.0])
        matrix = np.eye(4)
        matrix[:3, 0] = right * k * self.width / 2
        matrix[:3, 1] = self.up * k * self.height / 2
        matrix[:3, 2] = -self.forward
        matrix[:3, 3] = self.origin + self.forward * distance + (right * x + self.up * y) * k
        return matrix


def framed(scene: Scene, stage: Stage) -> Camera:
    """The camera that shows the product where the stage has it, as large as the stage has it."""
    lift, tall = pedestal(scene) * UNIT, product(scene).height * UNIT
    elevation = math.radians(13.0 if scene.family in _LOW_GOODS else 8.5)
    forward = np.array([0.0, math.cos(elevation), -math.sin(elevation)])
    up = np.array([0.0, math.sin(elevation), math.cos(elevation)])
    origin = np.array([0.0, 0.0, lift + tall / 2]) - _DISTANCE * forward
    focal = stage.scale / UNIT * _DISTANCE
    foot = np.array([0.0, 0.0, lift]) - origin
    below = focal * float(foot @ up) / float(foot @ forward)
    return Camera(
        width=stage.width,
        height=stage.height,
        origin=origin,
        forward=forward,
        up=up,
        focal=focal,
        centre=(stage.cx, stage.base + below),
    )


def sensor(camera: Camera, *, samples: int, sharp: bool) -> Skin:
    """The tracer's sensor; its film is cut from a larger one, since the view is off its axis."""
    x, y = camera.centre
    wide = 2 * math.ceil(max(x, camera.width - x))
    high = 2 * math.ceil(max(y, camera.height - y))
    return {
        "type": "thinlens",
        "aperture_radius": 0.001 if sharp else _APERTURE,
        "focus_distance": _DISTANCE - _NEARER,
        "fov": math.degrees(2 * math.atan(high / 2 / camera.focal)),
        "fov_axis": "y",
        "to_world": camera.pose(),
        "film": {
            "type": "hdrfilm",
            "width": wide,
            "height": high,
            "crop_offset_x": round(wide / 2 - x),
            "crop_offset_y": round(high / 2 - y),
            "crop_width": camera.width,
            "crop_height": camera.height,
            "pixel_format": "rgba",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "independent", "sample_count": samples},
    }
