"""The documents that ship with the server: its OpenAPI description, and the model's guide."""

import json
from functools import cache
from importlib import resources
from typing import Any

from pipeline.imageserver.api.requests.fields import ratio_from
from pipeline.imageserver.api.terms import CREDITS
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels


@cache
def description() -> dict[str, Any]:
    """OpenAPI 3.1, as shipped in `openapi.json`."""
    return _shipped("openapi.json")


@cache
def model_guide() -> dict[str, Any]:
    """The document's guide as data, with the price and the pixels of every tier."""
    guide = _shipped("model_guide.json")
    tiers = {
        quality.value: {
            "credits": CREDITS[quality],
            "pixels": {ratio: _shown(ratio, quality) for ratio in guide["ratios"]},
        }
        for quality in PaintQuality
    }
    return guide | {"tiers": tiers}


def _shown(ratio: str, quality: PaintQuality) -> str:
    width, height = pixels(ratio_from(ratio), quality)
    return f"{width}x{height}"


def _shipped(name: str) -> dict[str, Any]:
    document = resources.files("pipeline.imageserver.api").joinpath(name).read_text("utf-8")
    parsed: dict[str, Any] = json.loads(document)
    return parsed
