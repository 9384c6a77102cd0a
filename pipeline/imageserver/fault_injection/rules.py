"""Rules that make the server fail on purpose, read from a file or from `/_faults`.

A rule says what goes wrong, where, and how often. It cannot match a prompt's text, so that
no prompt changes how the server behaves.

    {"seed": 1, "rules": [
      {"fault": "status", "status": 503, "retry_after": 2, "times": 3},
      {"fault": "drop", "when": "after", "skip": 5, "every": 10},
      {"fault": "truncated", "on": "cdn", "chance": 0.1, "match": {"quality": "high"}}]}
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pipeline.errors import UsageError
from pipeline.imageserver.api.refusal import RefusedError, field_name, invalid, printable
from pipeline.imageserver.api.terms import BACKGROUNDS
from pipeline.imageserver.painting.painter import PaintQuality


class Fault(StrEnum):
    """The kinds of faults; `guide` explains each."""

    STATUS = "status"
    HTML = "html"
    FAILURE = "failure"
    DELAY = "delay"
    HANG = "hang"
    DROP = "drop"
    DROP_BODY = "drop-body"
    DRIP = "drip"
    EMPTY_BODY = "empty-body"
    EMPTY_IMAGES = "empty-images"
    EMPTY_DATA = "empty-data"
    FEWER_IMAGES = "fewer-images"
    BAD_JSON = "bad-json"
    WRONG_SIZE = "wrong-size"
    NO_ALPHA = "no-alpha"
    GZIP_BOMB = "gzip-bomb"
    TRUNCATED = "truncated"


class FaultTiming(StrEnum):
    """The time of a fault: before or after the charge."""

    BEFORE = "before"
    AFTER = "after"


ROUTES = frozenset({"generate", "edits", "generations", "jobs"})
PLACES = ROUTES | {"api", "cdn"}
"""`api` is every endpoint that sells; `cdn` is the image host."""

_ONLY_API = frozenset(
    {
        Fault.FAILURE,
        Fault.EMPTY_BODY,
        Fault.EMPTY_IMAGES,
        Fault.EMPTY_DATA,
        Fault.FEWER_IMAGES,
        Fault.BAD_JSON,
        Fault.WRONG_SIZE,
        Fault.NO_ALPHA,
    }
)
_IN_ANSWER = frozenset({Fault.DROP_BODY, Fault.DRIP, Fault.GZIP_BOMB, Fault.TRUNCATED})
_ALWAYS_AFTER = _ONLY_API - {Fault.FAILURE} | _IN_ANSWER
_T = TypeVar("_T", bound=str)
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAX_NUMBER = 1_000_000
_MAX_MEGABYTES = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRule:
    """One fault, and which requests it hits."""

    fault: Fault
    on: str = "api"
    when: FaultTiming = FaultTiming.BEFORE
    status: int = 0
    """HTTP status; 0 for the fault's default."""
    message: str = "a fault rule says so"
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float = 0.0
    megabytes: int = 64
    skip: int = 0
    """Number of matching requests that pass first."""
    every: int = 1
    """Of the following matching requests, every n-th is hit."""
    times: int | None = None
    """Greatest number of hits; None for no limit."""
    chance: float = 1.0
    """Probability of a hit, from a seeded random source."""
    match: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Values that a request must have to match."""

    def matches(self, place: str, values: Mapping[str, object]) -> bool:
        """Return whether the rule is about a request on this route with these values."""
        here = self.on == place or (self.on == "api" and place in ROUTES)
        return here and all(values.get(name) == value for name, value in self.match.items())

    @property
    def after(self) -> bool:
        """True if the request is charged before it goes wrong."""
        return self.when is FaultTiming.AFTER or self.fault in _ALWAYS_AFTER


def rules_from(document: object) -> tuple[tuple[FaultRule, ...], int]:
    """Return the rules and their seed. Raises RefusedError naming the wrong field."""
    if isinstance(document, list):
        document = {"rules": document}
    if not isinstance(document, dict):
        raise RefusedError(400, "fault rules are an object with rules, or an array of them")
    for name in set(document) - {"rules", "seed"}:
        raise invalid(field_name(name), "is not a field of fault rules, which are rules and seed")
    rules, seed = document.get("rules", []), document.get("seed", 0)
    if not isinstance(rules, list):
        raise invalid("rules", "must be an array")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise invalid("seed", "must be a whole number")
    return tuple(_rule(f"rules[{n}]", rule) for n, rule in enumerate(rules)), seed


def rules_from_file(path: Path) -> tuple[tuple[FaultRule, ...], int]:
    """Return the rules of a file. Raises UsageError."""
    try:
        return rules_from(json.loads(path.read_bytes()))
    except RecursionError as error:
        raise UsageError(f"the fault rules in {path} are nested too deeply") from error
    except (OSError, ValueError, RefusedError) as error:
        raise UsageError(f"the fault rules in {path}: {error}") from error


def _rule(place: str, document: object) -> FaultRule:
    if not isinstance(document, dict):
        raise invalid(place, "must be an object")
    known = {known.name: known for known in fields(FaultRule)}
    for name in set(document) - set(known):
        raise invalid(f"{place}.{field_name(name)}", f"is not one of {', '.join(known)}")
    if "fault" not in document:
        raise invalid(f"{place}.fault", "is missing")
    values: dict[str, Any] = {
        name: _value(f"{place}.{name}", name, value) for name, value in document.items()
    }
    rule = FaultRule(**values)
    _check(place, rule, document)
    return rule


def _value(place: str, name: str, value: object) -> object:
    """Return one value in the type of its field."""
    match name:
        case "fault":
            return _one_of(place, value, list(Fault))
        case "when":
            return _one_of(place, value, list(FaultTiming))
        case "on":
            return _one_of(place, value, sorted(PLACES))
        case "message":
            return _text(place, value)
        case "headers":
            return _headers(place, value)
        case "match":
            return _match(place, value)
        case "seconds" | "chance" | "retry_after":
            return _number(place, value)
        case _:
            return None if name == "times" and value is None else _whole_number(place, value)


def _check(place: str, rule: FaultRule, document: Mapping[str, object]) -> None:
    """Check what can only be seen in the whole rule."""
    cdn = rule.on == "cdn"
    if rule.fault in _ONLY_API if cdn else rule.fault is Fault.TRUNCATED:
        raise invalid(f"{place}.on", f"{rule.fault} is not possible on {rule.on}")
    for name in {"match", "when"} & set(document) if cdn else ():
        raise invalid(f"{place}.{name}", "has no meaning on the cdn")
    if rule.status and not 100 < rule.status < 600:  # noqa: PLR2004 - HTTP has no others
        raise invalid(f"{place}.status", "must be an HTTP status")
    if rule.fault is Fault.STATUS and not rule.status:
        raise invalid(f"{place}.status", "is missing")
    if rule.megabytes > _MAX_MEGABYTES:
        raise invalid(f"{place}.megabytes", f"must be at most {_MAX_MEGABYTES}")
    if rule.chance > 1:
        raise invalid(f"{place}.chance", "must be from 0 to 1")
    if rule.every < 1:
        raise invalid(f"{place}.every", "must be at least 1")
    if document.get("when") == FaultTiming.BEFORE and rule.fault in _ALWAYS_AFTER:
        raise invalid(f"{place}.when", f"{rule.fault} happens after the charge")


def _one_of(place: str, value: object, choices: Sequence[_T]) -> _T:
    for choice in choices:
        if value == choice:
            return choice
    raise invalid(place, f"must be one of {', '.join(choices)}, not {printable(value)}")


def _match(place: str, value: object) -> dict[str, object]:
    """Return the values to match; a value that no request can have is refused as a typo."""
    document = _mapping(place, value)
    for name, expected in document.items():
        where = f"{place}.{field_name(name)}"
        match name:
            case "quality":
                _one_of(where, expected, list(PaintQuality))
            case "background":
                _one_of(where, expected, BACKGROUNDS)
            case "n":
                _whole_number(where, expected)
            case "idempotency_key" if expected is None:
                pass
            case "size" | "caller" | "idempotency_key":
                _text(where, expected)
            case _:
                raise invalid(where, "cannot be matched")
    return document


def _headers(place: str, value: object) -> dict[str, str]:
    document = _mapping(place, value)
    if not all(_HEADER_NAME.fullmatch(name) for name in document):
        raise invalid(place, "must be named as HTTP allows")
    return {name: _text(f"{place}.{name}", text) for name, text in document.items()}


def _text(place: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise invalid(place, "must be a line of text")
    return value


def _mapping(place: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise invalid(place, "must be an object")
    return value


def _number(place: str, value: object) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < _MAX_NUMBER
    ):
        raise invalid(place, "must be a number, not negative")
    return float(value)


def _whole_number(place: str, value: object) -> int:
    if _number(place, value) % 1:
        raise invalid(place, "must be a whole number")
    return int(_number(place, value))
