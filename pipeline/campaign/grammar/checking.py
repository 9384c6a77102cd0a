"""Checking a located document against the grammar: typed values, or findings with places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.base import Part, ValidationContext
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.parts import keys_by_model, parents
from pipeline.campaign.reading.files import ReadableFile
from pipeline.campaign.reading.located import LocatedList, LocatedMap, Step, dotted, place_at
from pipeline.model.providers.profile import Profile
from pipeline.suggestions import did_you_mean, listing, nearest

_KINDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "is_instance_of": "must be a number",
    "decimal_type": "must be a number",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """A campaign file as typed and as located values, with the findings so far."""

    readable: ReadableFile
    document: LocatedMap
    file: CampaignFile
    profile: Profile
    findings: Findings
    batch: bool = False
    """Images are ordered in batches, whether the file or the command line says so."""
    bases: Mapping[str, ReadableFile]
    """Every file that the document was merged from, by its name in places."""

    def place(self, *steps: Step, key: bool = False) -> Place:
        """Return the place of the value (or the key) at a path."""
        return place_at(self.document, steps, key=key)

    def base(self, at: Place) -> ReadableFile:
        """Return the file that a place is in; paths written there are relative to its folder."""
        return self.bases[at.file]


def check(document: LocatedMap, findings: Findings) -> CampaignFile | None:
    """Return the file as typed values, without its invalid parts, which are reported.

    If parts are left out, the result can only be used to find further mistakes. Returns `None` if
    no valid part is left.
    """
    _check_stages(document, findings)
    try:
        return CampaignFile.model_validate(document, context=ValidationContext(findings, parents()))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for one in errors:
            _note(one, document, findings)
        sound = _without(document, [real_steps(document, one["loc"]) for one in errors])
    try:
        return CampaignFile.model_validate(sound, context=None)
    except ValidationError:
        return None


_P = TypeVar("_P", bound=Part)


def validated(part: type[_P], document: LocatedMap, findings: Findings) -> _P | None:
    """Return a document of another kind as typed values; `None` after reporting its mistakes."""
    try:
        return part.model_validate(document, context=ValidationContext(findings, {}))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            _note(one, document, findings)
        return None


def _without(document: LocatedMap, broken: Sequence[Sequence[Step]]) -> LocatedMap:
    """Return the document without its invalid parts: single axes, rules and tables, or keys."""
    sound = LocatedMap(document.place, document.path)
    for key in document:
        sound.take(key, document)
    for steps in broken:
        key = str(steps[0]) if steps else ""
        inner = sound.get(key)
        if key in _FINE and isinstance(inner, LocatedMap) and len(steps) > 1:
            kept = LocatedMap(inner.place, inner.path)
            for name in inner:
                if name != steps[1]:
                    kept.take(name, inner)
            at, value_at = sound.key_places[key], sound.value_places[key]
            sound.put(key, kept, at=at, value_at=value_at)
        elif key in _STAND_INS:
            place = document.place
            sound.put(
                key, _STAND_INS[key], at=place, value_at=document.value_places.get(key, place)
            )
        else:
            sound.pop(key, None)
    return sound


_FINE = ("matrix", "data")
"""Keys whose parts can be checked independently of each other."""
_STAND_INS = {"campaign": "unnamed", "prompt": "-"}


def _check_stages(document: LocatedMap, findings: Findings) -> None:
    stages = document.get("stages")
    if not isinstance(stages, LocatedMap):
        return
    if not stages:
        at = place_at(document, ("stages",))
        complaint = "names no stage: draft, final or both"
        findings.error(complaint, at=at, path="stages", code="no-stage")
    for name, value in stages.items():
        if value is None:
            at = stages.value_places[name]
            complaint = "is empty; write {} for its defaults"
            findings.error(complaint, at=at, path=f"stages.{name}", code="empty")


def _note(error: Mapping[str, Any], document: LocatedMap, findings: Findings) -> None:
    steps = real_steps(document, error["loc"])
    missing = error["type"] == "missing"
    findings.error(
        _missing_axis(steps, document) if missing else _complaint(error, steps),
        at=place_at(document, steps[:-1] if missing else steps),
        path=dotted(steps),
        code=str(error["type"]).replace("_", "-"),
    )


def real_steps(document: LocatedMap, steps: Sequence[Step]) -> list[Step]:
    """Return the steps of a path that the document has, and the first one that it lacks.

    pydantic adds names of alternatives (`list`, `word`), which are dropped.
    """
    here: object = document
    kept: list[Step] = []
    for number, step in enumerate(steps):
        known = (isinstance(here, LocatedMap) and step in here) or (
            isinstance(here, LocatedList) and isinstance(step, int)
        )
        if known:
            kept.append(step)
            here = here[step]  # type: ignore[index]  # a list takes numbers, a mapping words
        elif number == len(steps) - 1 and isinstance(here, LocatedMap) and "[" not in str(step):
            kept.append(step)
    return kept


def _missing_axis(steps: Sequence[Step], document: LocatedMap) -> str:
    """Return the complaint about a missing key; name an unknown axis that may be a typo for it."""
    matrix = document.get("matrix")
    if list(steps) == ["matrix", "size"] and isinstance(matrix, LocatedMap):
        near = nearest("size", matrix)
        if near is not None:
            line = matrix.key_places[near].line
            return f"is missing; was {near} on line {line} meant to be it?"
    return "is missing"


def _complaint(error: Mapping[str, Any], steps: Sequence[Step]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if value is None:
        return "is empty"
    if kind == "literal_error":
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return f"must be {listing(words)}, not {_shown(value)}{did_you_mean(str(value), words)}"
    if kind in _KINDS:
        return f"{_KINDS[kind]}, not {_shown(value)}"
    if kind == "list_type":
        return _no_list(value, steps)
    if kind in ("model_type", "model_attributes_type"):
        known = keys_by_model().get(context.get("class_name", ""), ())
        named = f" with {listing(known)}" if known else ""
        return f"must be a mapping{named}, not {_shown(value)}"
    return _bounded(kind, value, context) or str(error["msg"])


def _no_list(value: object, steps: Sequence[Step]) -> str:
    if isinstance(value, dict):
        return "must be a list, not a mapping; begin each entry with -"
    inside = bool(steps) and isinstance(steps[-1], int)
    way = f"a list of lists: [[{_shown(value)}, …]]" if inside else f"a list: [{_shown(value)}]"
    return f"must be {way}"


def _bounded(kind: str, value: object, context: Mapping[str, Any]) -> str:
    bounds = {
        "greater_than_equal": ("must be at least", "ge"),
        "greater_than": ("must be more than", "gt"),
        "less_than_equal": ("must be at most", "le"),
    }
    if kind in bounds:
        words, name = bounds[kind]
        return f"{words} {context[name]}, not {_shown(value)}"
    if kind == "too_short":
        return "must not be empty"
    if kind in ("string_too_long", "string_too_short"):
        limit = context.get("max_length", context.get("min_length"))
        return f"must have {limit} characters{' at most' if limit and limit > 1 else ''}"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004  fits a line
