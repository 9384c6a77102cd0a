"""The base of all grammar models: known keys only, and text kept as it is written."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic import model_validator as before_validating
from pydantic_core import PydanticCustomError

from pipeline.campaign.findings import Findings
from pipeline.campaign.reading.located import LocatedList, LocatedMap
from pipeline.suggestions import did_you_mean, listing


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """The context of a validation, with the findings that it adds to."""

    findings: Findings
    parents: Mapping[str, Sequence[str]]
    """The mappings that have each key."""


class Part(BaseModel):
    """A mapping with known keys.

    Unknown keys are reported in the `ValidationContext`, so that one typo does not hide mistakes in
    the rest of the mapping.
    """

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        strict=True,
        populate_by_name=True,
        json_schema_extra={"additionalProperties": False},
    )

    @before_validating(mode="before")
    @classmethod
    def _known_keys(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401  raw input is anything
        checking = info.context
        if isinstance(value, LocatedMap) and isinstance(checking, ValidationContext):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known and cls.model_config.get("extra") != "allow":
                    meant = _meant(key, value, cls, parents=checking.parents.get(key, ()))
                    checking.findings.error(
                        f"unknown key {key}{meant}",
                        at=value.key_places[key],
                        path=f"{value.path}.{key}" if value.path else key,
                        code="unknown-key",
                    )
        return value


def _meant(key: str, value: LocatedMap, part: type[Part], *, parents: Sequence[str]) -> str:
    """Return a hint: where an unknown key belongs, or the key that was probably meant."""
    if key in REPLACED:
        return f"; {REPLACED[key]}"
    if parents:
        return f"; it belongs under {listing(parents)}"
    fields = part.model_fields
    if value.path or not isinstance(value[key], LocatedList):
        known = [field.alias or name for name, field in fields.items()]
        few = f"; known here: {listing(known, last='and')}" if len(known) <= _FEW_KEYS else ""
        return did_you_mean(key, known) or few
    lists = [name for name, field in fields.items() if typing.get_origin(field.annotation) is list]
    return did_you_mean(key, lists) or "; an axis goes below matrix, indented"


def _as_written(value: object) -> object:
    if isinstance(value, bool):
        word = "true" if value else "false"
        raise PydanticCustomError(
            "text", f'must be text; {word} alone means yes or no, quote it: "{word}"'
        )
    if isinstance(value, int | Decimal):
        return str(value)
    return value


REPLACED = {
    "renditions": "ad files replace it: adfiles: {formats: {default: [jpg]}}, and max_kb of a size",
    "iptc": "every ad file says in its metadata how it was made",
}
"""Keys of earlier versions, and what to write now."""

_FEW_KEYS = 6
"""Most keys that a complaint lists if none of them resembles the word."""

Text = Annotated[str, BeforeValidator(_as_written), WithJsonSchema({"type": ["string", "number"]})]
"""Text as it is written; `2.50` is the text `2.50`."""


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number", "must be a number")
    return Decimal(value)


Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
"""A number with or without decimals."""
