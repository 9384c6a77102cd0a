"""The JSON Schema of campaign files, generated from the models that validate them."""

import json
from pathlib import Path

from pipeline.campaign.grammar.campaign_file import CampaignFile

FILE = Path(__file__).with_name("campaign.schema.json")
"""The shipped copy, for `# yaml-language-server: $schema=…` lines."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, object]:
    """Return the schema; a file that extends others need not have the required keys."""
    made = _tidied(CampaignFile.model_json_schema())
    if not isinstance(made, dict):
        raise TypeError(type(made))
    required = made.pop("required")
    return {
        "$schema": _DIALECT,
        "title": "Campaign file",
        **made,
        "patternProperties": {r"^\+": {"type": "array"}},
        "anyOf": [{"required": ["extends"]}, {"required": required}],
    }


def schema_text() -> str:
    """Return the schema as the text of the shipped file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _tidied(value: object) -> object:
    """Return a part of the schema without titles, and without `null` for optional keys."""
    if isinstance(value, list):
        return [_tidied(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: _tidied(inner)
        for key, inner in value.items()
        if not (key == "title" and isinstance(inner, str)) and (key, inner) != ("default", None)
    }
    choices = kept.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        kept.pop("anyOf")
        kept |= rest[0] if len(rest) == 1 else {"anyOf": rest}
    return kept
