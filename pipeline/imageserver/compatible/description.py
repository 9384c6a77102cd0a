"""The OpenAPI description of a compatible server, made from its dialect."""

from typing import Any

from pipeline.imageserver.compatible.dialect import MAX_PICTURES, Dialect
from pipeline.imageserver.openai.description import openai_description
from pipeline.imageserver.openai.models import EDITS, GENERATIONS
from pipeline.imageserver.options import WireFormat

_SERVER_PATHS = ("/healthz", "/openapi.json", "/_faults", "/v1/account", "/v1/account/charges")
_AZURE = "/openai/deployments/{deployment}/images"
_EVIDENCE = "the server's source"
_ANY = {"type": "object"}
_FILES = {"image": "A picture; the field may be repeated.", "mask": "The mask."}


def compatible_description(wire: WireFormat, dialect: Dialect | None) -> dict[str, Any]:
    """Return the description of a server; None for Azure and LiteLLM, which are no dialects."""
    document = openai_description() | {}
    everything = document["paths"]
    paths = _paths(wire, dialect, everything)
    document["paths"] = paths | {path: everything[path] for path in _SERVER_PATHS}
    document["info"] = document["info"] | {
        "title": f"Image server: as {wire} answers OpenAI's Images API",
        "description": "Failures have the form that this server gives them.",
    }
    responses, schemas = (document["components"][name] for name in ("responses", "schemas"))
    document["components"] = document["components"] | {
        "schemas": schemas | ({} if dialect is None else _schemas(dialect)),
        "responses": {name: _any_failure(response) for name, response in responses.items()},
    }
    return document


def _paths(wire: WireFormat, dialect: Dialect | None, everything: dict[str, Any]) -> dict[str, Any]:
    models = {"/v1/models": everything["/v1/models"]}
    if wire is WireFormat.AZURE:
        place = {"name": "deployment", "in": "path", "required": True, "schema": {"type": "string"}}
        version = {
            "name": "api-version",
            "in": "query",
            "required": True,
            "schema": place["schema"],
        }
        return {
            f"{_AZURE}/{path.rpartition('/')[2]}": _with(everything[path], [place, version])
            for path in (GENERATIONS, EDITS)
        }
    if dialect is None:
        kept = (GENERATIONS, EDITS, "/v1/models", "/v1/models/{model}")
        return {path: everything[path] for path in kept}
    paths = {GENERATIONS: _as_read(everything[GENERATIONS], edits=False)}
    if dialect.edits:
        paths[EDITS] = _as_read(everything[EDITS], edits=True)
    if dialect.image_path:
        models[dialect.image_path] = _picture()
    return paths | models


def _with(path: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a path whose operations take more parameters."""
    return {
        method: operation | {"parameters": [*operation["parameters"], *parameters]}
        for method, operation in path.items()
    }


def _as_read(path: dict[str, Any], *, edits: bool) -> dict[str, Any]:
    """Return a path with the bodies of a dialect; unknown fields are ignored."""
    (method, operation), *_ = path.items()
    kind = "multipart/form-data" if edits else "application/json"
    body = {"required": True, "content": {kind: {"schema": _reference(edits=edits)}}}
    answer = {"description": "The pictures.", "content": {"application/json": {"schema": _ANY}}}
    responses = operation["responses"] | {"200": answer}
    changed = {"requestBody": body, "responses": responses, "x-evidence": _EVIDENCE}
    return {method: operation | changed}


def _reference(*, edits: bool) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{'CompatibleEdit' if edits else 'CompatibleGenerate'}"}


def _schemas(dialect: Dialect) -> dict[str, Any]:
    """Return the schemas of the bodies that a dialect reads."""
    fields: dict[str, Any] = {
        "prompt": {"type": "string"},
        "model": {"type": "string", "default": dialect.model},
        "n": {"type": "integer", "minimum": 1, "maximum": MAX_PICTURES, "default": 1},
    }
    fields |= {
        name: {"type": "array" if name == "ref_images" else "string", "description": text}
        for name, text in dialect.fields.items()
    }
    if "ref_images" in fields:
        fields["ref_images"]["items"] = {"type": "string"}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    files = {name: file | {"description": _FILES[use]} for name, use in dialect.files.items()}
    return {
        "CompatibleGenerate": {"type": "object", "required": ["prompt"], "properties": fields},
        "CompatibleEdit": {
            "type": "object",
            "required": ["prompt", "image"],
            "properties": fields | files,
        },
    }


def _picture() -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "get": {
            "operationId": "picture",
            "tags": ["images"],
            "summary": "Download a picture",
            "x-evidence": _EVIDENCE,
            "parameters": [name],
            "security": [],
            "responses": {"200": {"description": "The picture.", "content": {"image/*": {}}}},
        }
    }


def _any_failure(response: dict[str, Any]) -> dict[str, Any]:
    return response | {"content": {"application/json": {"schema": _ANY}}}
