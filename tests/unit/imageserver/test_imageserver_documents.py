from pipeline.imageserver.api.documents import model_guide, openapi
from pipeline.imageserver.api.requests.fields import ratio_from
from pipeline.imageserver.api.terms import CREDITS, FIELDS, MAX_PICTURES, MAX_PROMPT_LENGTH
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels


def test_the_description_has_the_prices_and_pixels_of_the_code():
    fields = openapi()["components"]["schemas"]["Generate"]["properties"]
    assert fields["quality"]["x-credits"] == CREDITS
    for tier, sizes in fields["size"]["x-pixels"].items():
        for ratio, shown in sizes.items():
            width, height = pixels(ratio_from(ratio), PaintQuality(tier))
            assert shown == f"{width}x{height}"


def test_the_description_has_the_fields_and_limits_of_the_code():
    fields = openapi()["components"]["schemas"]["Generate"]["properties"]
    assert set(fields) == FIELDS
    assert fields["n"]["maximum"] == MAX_PICTURES
    assert fields["prompt"]["maxLength"] == MAX_PROMPT_LENGTH


def test_every_reference_in_the_description_points_at_something():
    components = openapi()["components"]
    for reference in _references(openapi()):
        _, _, kind, name = reference.split("/")
        assert name in components[kind]


def test_the_guide_prices_every_ratio_in_every_tier():
    guide = model_guide()
    assert guide["tiers"]["medium"]["pixels"]["4:3"] == "1024x768"
    assert [guide["tiers"][q]["credits"] for q in ("low", "medium", "high")] == [2, 6, 12]
    assert all(len(tier["pixels"]) == len(guide["ratios"]) for tier in guide["tiers"].values())


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _references(value)]
    if isinstance(part, list):
        return [ref for value in part for ref in _references(value)]
    return []
