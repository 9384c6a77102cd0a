"""The reference page's content: the OpenAPI description told for people, and the fault rules."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.imageserver.api.documents import description

_PROMPT = 'A citrus soda bottle on a wet table, headline "SUMMER"'
_BODIES: Mapping[str, Mapping[str, object]] = {
    "Generate": {"prompt": _PROMPT, "size": "4:3", "quality": "low"},
    "OpenAiGenerate": {"model": "gpt-image-2", "prompt": _PROMPT, "size": "1536x1024"},
    "FaultRules": {"rules": [{"fault": "status", "status": 503, "times": 1}]},
}
"""What the examples send, by the schema of the body."""
GROUPS = {
    "documented": "The documented endpoint",
    "ours": "More endpoints",
    "openai": "In OpenAI's shape",
    "faults": "Misbehaviour on purpose",
}
STATUSES = (
    ("400", "a field is missing, wrong, unknown or given twice, or the policy refuses the prompt"),
    ("401", "the key is missing, wrong or revoked"),
    ("402", "the credits are used up (429 `insufficient_quota` in OpenAI's shape)"),
    ("404, 405", "there is no such path, job or method"),
    ("408", "the body did not arrive within a minute"),
    ("409", "the Idempotency-Key is in use, or was used where repeats are refused"),
    ("413, 415", "the body is too large, or not of a type and encoding that is read"),
    ("422", "the words cannot be painted, or the Idempotency-Key was for another request"),
    ("429", "too many images a minute or requests at once; Retry-After says when to come back"),
    ("503", "the server is stopping or cannot write; Retry-After as well"),
)
"""What a refusal means; none of them is charged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceField:
    """One field of a request's body."""

    name: str
    required: bool
    kind: str
    default: str
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceEndpoint:
    """One method of one path."""

    method: str
    path: str
    name: str
    group: str
    summary: str
    evidence: str
    open: bool
    """Whether it takes no key."""
    sends: str
    """The media type of its body."""
    fields: tuple[ReferenceField, ...]
    curl: str


def endpoints(base: str) -> tuple[ReferenceEndpoint, ...]:
    """Every endpoint of the description, in its order; `base` is where this reader reached us."""
    paths: dict[str, dict[str, Any]] = description()["paths"]
    return tuple(
        _endpoint(base, path, method, told)
        for path, methods in paths.items()
        for method, told in methods.items()
    )


def prices() -> list[tuple[str, int, str]]:
    """Quality, credits an image, and the pixels of a square."""
    told = description()["components"]["schemas"]["Generate"]["properties"]
    pixels = told["size"]["x-pixels"]
    return [
        (tier, cost, pixels[tier]["1:1"]) for tier, cost in told["quality"]["x-credits"].items()
    ]


def _endpoint(base: str, path: str, method: str, told: Mapping[str, Any]) -> ReferenceEndpoint:
    sends, schema = next(iter(_bodies(told)), ("", ""))
    return ReferenceEndpoint(
        method=method.upper(),
        path=path,
        name=told["operationId"],
        group=told["tags"][0],
        summary=told["summary"],
        evidence=told.get("x-evidence", ""),
        open=told.get("security") == [],
        sends=sends,
        fields=tuple(_fields(schema)) if schema else (),
        curl=_curl(base + path, method.upper(), sends, schema, keyed=told.get("security") != []),
    )


def _bodies(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        yield kind, content["schema"]["$ref"].rpartition("/")[2]


def _fields(name: str) -> Iterator[ReferenceField]:
    schema = description()["components"]["schemas"][name]
    required = schema.get("required", ())
    for field, told in schema["properties"].items():
        yield ReferenceField(
            name=field,
            required=field in required,
            kind=_kind(told),
            default=json.dumps(told["default"]).strip('"') if "default" in told else "",
            says=told.get("description", ""),
        )


def _kind(told: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "enum" in told:
        return ", ".join(json.dumps(choice).strip('"') for choice in told["enum"])
    if told.get("type") == "array":
        most = f"1 to {told['maxItems']} " if "maxItems" in told else "array of "
        return most + ("files" if "contentMediaType" in told["items"] else "objects")
    if "contentMediaType" in told:
        return "file"
    if "minimum" in told and "maximum" in told:
        return f"{told['minimum']} to {told['maximum']}"
    longest = f", up to {told['maxLength']:,} characters" if "maxLength" in told else ""
    return f"{told.get('type', 'any')}{longest}"


def _curl(url: str, method: str, sends: str, schema: str, *, keyed: bool) -> str:
    """A command that can be pasted into a shell, where $KEY is the key."""
    lines = [f"curl {url}" if method in {"GET", "POST"} else f"curl -X {method} {url}"]
    if keyed:
        lines.append('-H "Authorization: Bearer $KEY"')
    if sends == "application/json":
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{json.dumps(_BODIES[schema])}'")
    elif sends:
        lines += ["-F image=@photo.png", "-F 'prompt=The same bottle on a beach at sunset'"]
    return " \\\n  ".join(lines)
