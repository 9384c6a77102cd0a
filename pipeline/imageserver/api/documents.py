"""The JSON documents that ship with the server: its OpenAPI description and the model guide."""

import json
from functools import cache
from importlib import resources
from typing import Any

from pipeline.imageserver.api.requests.fields import ratio_from
from pipeline.imageserver.api.terms import CREDITS
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels


@cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description, as shipped in `openapi.json`."""
    return _read_json("openapi.json")


@cache
def model_guide() -> dict[str, Any]:
    """Return the model guide with the price and the pixels of every quality."""
    guide = _read_json("model_guide.json")
    tiers = {
        quality.value: {
            "credits": CREDITS[quality],
            "pixels": {ratio: _pixels_text(ratio, quality) for ratio in guide["ratios"]},
        }
        for quality in PaintQuality
    }
    return guide | {"tiers": tiers}


def _pixels_text(ratio: str, quality: PaintQuality) -> str:
    width, height = pixels(ratio_from(ratio), quality)
    return f"{width}x{height}"


def _read_json(name: str) -> dict[str, Any]:
    document = resources.files("pipeline.imageserver.api").joinpath(name).read_text("utf-8")
    parsed: dict[str, Any] = json.loads(document)
    return parsed
