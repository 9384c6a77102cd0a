"""The grammar as Markdown, generated from the models that validate campaign files."""

import types
import typing
from decimal import Decimal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.campaign.grammar.delivery import CheckRuleWord
from pipeline.campaign.grammar.matrix import Axis, AxisValue, FromPart, Pattern
from pipeline.campaign.grammar.parts import parts

BEGIN = "<!-- grammar: generated from pipeline/campaign/grammar -->"
END = "<!-- grammar: end -->"

_WORDS = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    Decimal: "number",
    typing.Any: "anything",
}


def reference() -> str:
    """Return Markdown: one table for each mapping of a campaign file, in the file's order."""
    lines = [BEGIN]
    for path, part in parts():
        path = "matrix.AXIS" if part is FromPart else path  # noqa: PLW2901  any axis may be one
        lines += ["", f"### {f'`{path}`' if path else 'The file'}", "", _opening(part), ""]
        lines += ["| key | takes | unless set | |", "|---|---|---|---|"]
        lines += [_row(name, field) for name, field in part.model_fields.items()]
        if part.model_config.get("extra") == "allow":
            lines.append("| any other | list of values, or `{from: table}` | | A further axis. |")
    return "\n".join([*lines, "", END, ""])


def _opening(part: type[BaseModel]) -> str:
    return (part.__doc__ or "").strip().split("\n")[0]


def _row(name: str, field: FieldInfo) -> str:
    key = field.alias or name
    takes = _takes(field.annotation).replace("|", "\\|")
    return f"| `{key}` | {takes} | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    if field.default is PydanticUndefined or field.default is None:
        return ""
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return f"`{default}`"


_NAMED = (
    (Axis, "values, or `{from: table}`"),
    (AxisValue, "value"),
    (Pattern, "globs"),
    (CheckRuleWord, "`flag`, `fail` or `{reroll: N}`"),
)


def _takes(kind: object) -> str:
    """Return a type in a few words."""
    for known, name in _NAMED:
        if kind == known:
            return name
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "mapping"
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _takes(inner[0])
    if origin is typing.Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_takes(one) for one in inner if one is not type(None)))
    if origin is list:
        return f"list of {_takes(inner[0])}"
    if origin is dict:
        return f"mapping of name → {_takes(inner[1])}"
    return _WORDS.get(kind, "mapping") if isinstance(kind, type) or kind is typing.Any else "text"
