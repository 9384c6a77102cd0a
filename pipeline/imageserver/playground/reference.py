"""Content of the API reference, made from the OpenAPI description."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.imageserver.api.documents import openapi
from pipeline.imageserver.openai.models import MODELS

_PROMPT = 'A citrus soda bottle on a wet table, headline "SUMMER"'
_BODIES: Mapping[str, Mapping[str, object]] = {
    "Generate": {"prompt": _PROMPT, "size": "4:3", "quality": "low"},
    "OpenAiGenerate": {"model": "gpt-image-2", "prompt": _PROMPT, "size": "1536x1024"},
    "BatchRequest": {
        "input_file_id": "file-…",
        "endpoint": "/v1/images/generations",
        "completion_window": "24h",
    },
    "CompatibleGenerate": {
        "prompt": _PROMPT,
        "size": "1024x1024",
        "response_format": "b64_json",
    },
    "OpenAiEdit": {"prompt": _PROMPT, "images": [{"image_url": "data:image/png;base64,…"}]},
    "FaultRules": {"rules": [{"fault": "status", "status": 503, "times": 1}]},
}
"""Bodies of the examples, by schema."""
GROUPS = {
    "documented": "The documented endpoint",
    "images": "Image endpoints",
    "batches": "Files and batches",
    "ours": "More endpoints",
    "openai": "OpenAI-compatible endpoints",
    "faults": "Fault injection",
}
STATUSES = (
    ("400", "a field is missing, wrong, unknown or given twice, or the policy refuses the prompt"),
    ("401", "the key is missing, invalid or revoked"),
    ("402", "the credits are used up (429 `insufficient_quota` on OpenAI-compatible endpoints)"),
    ("404, 405", "the path, the job or the method does not exist"),
    ("408", "the body did not arrive within a minute"),
    ("409", "the Idempotency-Key is in use, or was used before while repeats are refused"),
    ("413, 415", "the body is too large, or its type or encoding is not supported"),
    ("422", "the prompt cannot be painted, or the Idempotency-Key was used for another request"),
    ("429", "too many images a minute or requests at once; Retry-After says when to retry"),
    ("503", "the server is stopping or cannot write; Retry-After says when to retry"),
)
"""The meaning of every refusal's status; none is charged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceField:
    """One field of a request's body."""

    name: str
    required: bool
    kind: str
    default: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceEndpoint:
    """One method of one path."""

    method: str
    path: str
    name: str
    group: str
    summary: str
    evidence: str
    needs_key: bool
    fields: tuple[ReferenceField, ...]
    examples: Mapping[str, str]
    """The request in some languages, by name."""


def endpoints(base: str, description: Mapping[str, Any]) -> tuple[ReferenceEndpoint, ...]:
    """Return every endpoint of the description, in order; `base` is the server's address."""
    paths: dict[str, dict[str, Any]] = description["paths"]
    schemas: dict[str, Any] = description["components"]["schemas"]
    return tuple(
        _endpoint(base, path, method, operation=operation, schemas=schemas)
        for path, operations in paths.items()
        for method, operation in operations.items()
    )


def prices() -> list[tuple[str, int, str]]:
    """Return quality, credits an image, and the pixels of a square, for every quality."""
    properties = openapi()["components"]["schemas"]["Generate"]["properties"]
    pixels = properties["size"]["x-pixels"]
    return [
        (tier, cost, pixels[tier]["1:1"])
        for tier, cost in properties["quality"]["x-credits"].items()
    ]


def token_prices() -> list[tuple[str, str, str, str]]:
    """Return model, and dollars a million tokens of text in, image in and image out."""
    return [
        (name, _dollars(r.text_in), _dollars(r.image_in), _dollars(r.image_out))
        for name, model in MODELS.items()
        for r in (model.rates,)
    ]


def _dollars(nano_dollars: int) -> str:
    """Return nano-dollars a token as dollars a million tokens."""
    return f"{nano_dollars / 1000:g}"


def _endpoint(
    base: str,
    path: str,
    method: str,
    *,
    operation: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> ReferenceEndpoint:
    sends, schema = next(iter(_bodies(operation)), ("", ""))
    needs_key = operation.get("security") != []
    return ReferenceEndpoint(
        method=method.upper(),
        path=path,
        name=operation["operationId"],
        group=operation["tags"][0],
        summary=operation["summary"],
        evidence=operation.get("x-evidence", ""),
        needs_key=needs_key,
        fields=tuple(_fields(schemas[schema])) if schema else (),
        examples={
            name: text
            for name, write in (("curl", _curl), ("Python", _python), ("Node", _node))
            if (text := write(base + path, method.upper(), sends, schema, needs_key=needs_key))
        },
    )


def _bodies(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the media type and the schema's name of every body that an operation takes."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield kind, content["schema"]["$ref"].rpartition("/")[2]


def _fields(schema: Mapping[str, Any]) -> Iterator[ReferenceField]:
    required = schema.get("required", ())
    for field, described in schema["properties"].items():
        yield ReferenceField(
            name=field,
            required=field in required,
            kind=_kind(described),
            default=json.dumps(described["default"]).strip('"') if "default" in described else "",
            description=described.get("description", ""),
        )


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a schema in a few words."""
    if "enum" in schema:
        return ", ".join(json.dumps(choice).strip('"') for choice in schema["enum"])
    if schema.get("type") == "array":
        count = f"1 to {schema['maxItems']} " if "maxItems" in schema else "array of "
        if schema["items"].get("type") == "string":
            return count + ("files" if "contentMediaType" in schema["items"] else "texts")
        return count + "objects"
    if "$ref" in schema:
        return "object"
    if "contentMediaType" in schema:
        return "file"
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    length = f", up to {schema['maxLength']:,} characters" if "maxLength" in schema else ""
    return f"{schema.get('type', 'any')}{length}"


def _body(schema: str) -> str:
    """Return the example of a body, a field a line so that it fits beside the contents."""
    return json.dumps(_BODIES[schema], indent=2)


def _python(url: str, method: str, sends: str, schema: str, *, needs_key: bool) -> str:
    """Return the request in Python; empty if it sends a file."""
    if sends not in {"", "application/json"}:
        return ""
    arguments = [f'    "{url}",']
    if needs_key:
        arguments.append('    headers={"Authorization": f"Bearer {KEY}"},')
    if sends:
        body = _body(schema).replace("\n", "\n    ")
        arguments.append(f"    json={body},")
    call = "\n".join(arguments)
    return f"import requests\n\nreply = requests.{method.lower()}(\n{call}\n)\nprint(reply.json())"


def _node(url: str, method: str, sends: str, schema: str, *, needs_key: bool) -> str:
    """Return the request in JavaScript; empty if it sends a file."""
    if sends not in {"", "application/json"}:
        return ""
    headers = ["Authorization: `Bearer ${KEY}`"] if needs_key else []
    headers += ['"Content-Type": "application/json"'] if sends else []
    options = [f'  method: "{method}",']
    if headers:
        options.append(f"  headers: {{ {', '.join(headers)} }},")
    if sends:
        body = _body(schema).replace("\n", "\n  ")
        options.append(f"  body: JSON.stringify({body}),")
    return (
        f'const reply = await fetch("{url}", {{\n'
        + "\n".join(options)
        + "\n});\nconsole.log(await reply.json());"
    )


def _curl(url: str, method: str, sends: str, schema: str, *, needs_key: bool) -> str:
    """Return a command to paste into a shell where $KEY is the key."""
    lines = [f"curl {url}" if method in {"GET", "POST"} else f"curl -X {method} {url}"]
    if needs_key:
        lines.append('-H "Authorization: Bearer $KEY"')
    if sends == "application/json":
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{_body(schema)}'")
    elif schema == "FileForm":
        lines += ["-F file=@requests.jsonl", "-F purpose=batch"]
    elif sends:
        lines += ["-F image=@photo.png", "-F 'prompt=The same bottle on a beach at sunset'"]
    return " \\\n  ".join(lines)
