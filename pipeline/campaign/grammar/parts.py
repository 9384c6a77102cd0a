"""The mappings that a campaign file may contain, with their keys, found from the models."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from pydantic import BaseModel

from pipeline.campaign.grammar.campaign_file import CampaignFile

_MOST_PARENTS = 3
"""Most places that a hint names; there is no hint for a key that belongs in more."""


def parts(
    part: type[BaseModel] = CampaignFile, path: str = ""
) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield path and model of every mapping, in the file's order: `("stages.draft", DraftPart)`."""
    yield path, part
    for name, field in part.model_fields.items():
        key = field.alias or name
        inner = f"{path}.{key}" if path else key
        for model, suffix in _models(field.annotation):
            yield from parts(model, inner + suffix)


def keys(part: type[BaseModel]) -> list[str]:
    """Return the keys of a mapping, as they are written."""
    return [field.alias or name for name, field in part.model_fields.items()]


@cache
def parents() -> Mapping[str, Sequence[str]]:
    """Return the mappings that each key belongs to, without those in `overrides`."""
    found: dict[str, list[str]] = {}
    for path, part in parts():
        if path and not path.startswith("overrides"):
            for key in keys(part):
                found.setdefault(key, []).append(path)
    # a part of a list is meant less often than a mapping of the same key
    shown = {key: [p for p in paths if "[]" not in p] or paths for key, paths in found.items()}
    return {key: paths for key, paths in shown.items() if len(paths) <= _MOST_PARENTS}


@cache
def keys_by_model() -> Mapping[str, Sequence[str]]:
    """Return the keys of each mapping, by the name of its model."""
    return {part.__name__: keys(part) for _, part in parts()}


def _models(kind: object) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the mappings with known keys inside a type, and how a path continues to them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, ""
        return
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        yield from _models(inner[0])
    elif origin in (typing.Union, types.UnionType):
        for one in inner:
            yield from _models(one)
    elif origin is list:
        yield from ((model, f"[]{suffix}") for model, suffix in _models(inner[0]))
    elif origin is dict:
        yield from ((model, f".NAME{suffix}") for model, suffix in _models(inner[1]))
