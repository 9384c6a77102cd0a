from collections.abc import Callable
from typing import Any

import pytest

from pipeline.imageserver.api.documents import model_guide, openapi
from pipeline.imageserver.api.requests.fields import ratio_from
from pipeline.imageserver.api.terms import CREDITS, FIELDS, MAX_PICTURES, MAX_PROMPT_LENGTH
from pipeline.imageserver.fault_injection.rules import Fault, FaultRule, RequestMatch
from pipeline.imageserver.openai.batches.batch import Batch, BatchEnd, BatchStatus
from pipeline.imageserver.openai.description import openai_description
from pipeline.imageserver.openai.errors import NamedError
from pipeline.imageserver.openai.image_requests import EDIT_FIELDS, GENERATION_FIELDS
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


def test_the_fault_rules_of_the_description_are_those_of_the_code():
    schema = openapi()["components"]["schemas"]["FaultRules"]
    rule = schema["properties"]["rules"]["items"]["properties"]
    assert rule["fault"]["enum"] == list(Fault)
    assert rule["error"]["enum"] == list(NamedError)
    assert rule["end"]["enum"] == list(BatchEnd)
    assert set(rule) == set(FaultRule.model_fields)
    assert set(rule["match"]["properties"]) == set(RequestMatch.model_fields)


def test_the_description_of_openais_wire_has_the_fields_of_the_code():
    schemas = openai_description()["components"]["schemas"]
    assert set(schemas["OpenAiGenerate"]["properties"]) == GENERATION_FIELDS
    assert set(schemas["OpenAiEdit"]["properties"]) == EDIT_FIELDS
    assert schemas["Batch"]["properties"]["status"]["enum"] == list(BatchStatus)
    assert set(schemas["Batch"]["properties"]) == set(shown_batch())


@pytest.mark.parametrize("description", [openapi, openai_description])
def test_every_reference_in_the_description_points_at_something(
    description: Callable[[], dict[str, Any]],
):
    components = description()["components"]
    for reference in _references(description()):
        _, _, kind, name = reference.split("/")
        assert name in components[kind]


def test_the_guide_prices_every_ratio_in_every_tier():
    guide = model_guide()
    assert guide["tiers"]["medium"]["pixels"]["4:3"] == "1024x768"
    assert [guide["tiers"][q]["credits"] for q in ("low", "medium", "high")] == [2, 6, 12]
    assert all(len(tier["pixels"]) == len(guide["ratios"]) for tier in guide["tiers"].values())


def shown_batch() -> dict[str, object]:
    batch = Batch(
        id="batch_1",
        owner="server",
        endpoint="/v1/images/edits",
        input_file="file-1",
        created_at=0,
        expires_at=0,
    )
    return batch.document(completed=0, failed=0)


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _references(value)]
    if isinstance(part, list):
        return [ref for value in part for ref in _references(value)]
    return []
