"""The OpenAPI description of `--wire openai`, made from what the code accepts."""

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.imageserver.api.documents import openapi
from pipeline.imageserver.openai.batches.batch import PURPOSES, BatchStatus
from pipeline.imageserver.openai.edit_images import MAX_IMAGES
from pipeline.imageserver.openai.image_requests import EDIT_FIELDS, GENERATION_FIELDS
from pipeline.imageserver.openai.models import EDITS, GENERATIONS, MODELS

_KEPT = ("/healthz", "/openapi.json", "/_faults", "/v1/account", "/v1/account/charges")
"""Paths that every server has."""
_EVIDENCE = "OpenAI's API"
_REFUSALS = (
    "400",
    "401",
    "402",
    "403",
    "404",
    "405",
    "408",
    "409",
    "413",
    "415",
    "429",
    "500",
    "503",
)
_QUALITIES = ("low", "medium", "high", "xhigh", "max")

_PROMPT: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 32_000,
    "pattern": "^[^\\x00]*[^\\s\\x00][^\\x00]*$",
    "description": "A description of the image. Text in quotes is painted verbatim.",
}
_FIELDS: dict[str, dict[str, Any]] = {
    "prompt": _PROMPT,
    "model": {"enum": list(MODELS), "default": "gpt-image-2"},
    "n": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
    "size": {
        "enum": ["auto", "1024x1024", "1536x1024", "1024x1536"],
        "default": "auto",
        "description": "One of these; the models 2, 2.5 and 2.6 take any WIDTHxHEIGHT with sides "
        "in multiples of 16, from 1:3 to 3:1, with 655360 to 8294400 pixels and edges up to 3840.",
    },
    "quality": {
        "enum": ["low", "medium", "high", "auto"],
        "default": "auto",
        "description": "The models 2.5 and 2.6 also have xhigh and max.",
    },
    "background": {
        "enum": ["opaque", "transparent", "auto"],
        "default": "auto",
        "description": "Transparent pictures are png or webp; the models 2.6 have none.",
    },
    "output_format": {"enum": ["png", "webp", "jpeg"], "default": "png"},
    "output_compression": {
        "type": "integer",
        "minimum": 0,
        "maximum": 100,
        "default": 100,
        "description": "Less than 100 is for webp and jpeg only.",
    },
    "moderation": {"enum": ["auto", "low"], "default": "auto"},
    "stream": {"enum": [False], "default": False},
    "partial_images": {"enum": [0], "default": 0},
    "safety_identifier": {"type": "string"},
    "user": {"type": "string"},
    "input_fidelity": {
        "enum": ["high", "low"],
        "description": "For gpt-image-1.5; gpt-image-1-mini takes only low.",
    },
    "images": {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_IMAGES,
        "items": {"$ref": "#/components/schemas/ImageReference"},
    },
    "mask": {"$ref": "#/components/schemas/ImageReference"},
}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_FORM_FIELDS: dict[str, dict[str, Any]] = {
    "image": {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_IMAGES,
        "items": _FILE,
        "description": "PNG, JPEG or WebP files of less than 50 MB; `image[]` is the same field.",
    },
    "mask": {
        **_FILE,
        "description": "A PNG of the first image's size; its transparent area is painted anew.",
    },
    "markup": {
        **_FILE,
        "description": "A transparent PNG over the first image, for the models 2.5; it is only "
        "checked, and not painted.",
    },
}


@cache
def openai_description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of this wire."""
    document = copy.deepcopy(openapi())
    kept = {path: document["paths"][path] for path in _KEPT}
    document["info"] |= {
        "title": "Image server: OpenAI's Images API, painted offline and paid by tokens",
        "description": "Failures are OpenAI's error object with a real HTTP status.",
    }
    document["tags"] = [
        {"name": "images", "description": "OpenAI's paths, below a base URL that ends with /v1."},
        {"name": "batches", "description": "Files and batches, at half the price."},
        {"name": "ours", "description": "Endpoints that this server adds."},
        {"name": "faults", "description": "For testing clients."},
    ]
    document["paths"] = _image_paths() | _batch_paths() | kept
    document["components"]["schemas"] |= _schemas()
    for response in document["components"]["responses"].values():
        response["content"]["application/json"]["schema"] = _schema("Failure")
    return document


def _image_paths() -> dict[str, Any]:
    json_edit = {"application/json": {"schema": _schema("OpenAiEdit")}}
    form_edit = {"multipart/form-data": {"schema": _schema("OpenAiEditForm")}}
    generation = {"application/json": {"schema": _schema("OpenAiGenerate")}}
    return {
        GENERATIONS: {
            "post": _operation("generate", "Generate images", "OpenAiImages", content=generation)
        },
        EDITS: {
            "post": _operation("edit", "Edit images", "OpenAiImages", content=form_edit | json_edit)
        },
        "/v1/models": {"get": _operation("models", "List the models", "OpenAiModels")},
        "/v1/models/{model}": {
            "get": _operation(
                "model",
                "Retrieve one model",
                "OpenAiModel",
                parameters=[_parameter("model", "path", {"enum": list(MODELS)})],
            )
        },
    }


def _batch_paths() -> dict[str, Any]:
    upload = {"multipart/form-data": {"schema": _schema("FileForm")}}
    creation = {"application/json": {"schema": _schema("BatchRequest")}}
    one = [_parameter("id", "path", _TEXT)]
    page = [_parameter("after", "query", _TEXT), _parameter("limit", "query", _TEXT)]
    narrowed = [
        *page,
        _parameter("purpose", "query", _TEXT),
        _parameter("order", "query", {"enum": ["asc", "desc"]}),
    ]
    return {
        "/v1/files": {
            "post": _operation("uploadFile", "Upload a file", "File", content=upload),
            "get": _operation("files", "List the files", "Files", parameters=narrowed),
        },
        "/v1/files/{id}": {
            "get": _operation("file", "Retrieve one file", "File", parameters=one),
            "delete": _operation("deleteFile", "Delete a file", "DeletedFile", parameters=one),
        },
        "/v1/files/{id}/content": {
            "get": _operation("fileContent", "Retrieve a file's content", "", parameters=one)
        },
        "/v1/batches": {
            "post": _operation("createBatch", "Create a batch", "Batch", content=creation),
            "get": _operation("batches", "List the batches", "Batches", parameters=page),
        },
        "/v1/batches/{id}": {
            "get": _operation("batch", "Retrieve one batch", "Batch", parameters=one)
        },
        "/v1/batches/{id}/cancel": {
            "post": _operation("cancelBatch", "Cancel a batch", "Batch", parameters=one)
        },
    }


def _operation(
    name: str,
    summary: str,
    answer: str,
    *,
    content: Mapping[str, Any] | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return one operation, with every refusal in OpenAI's words."""
    body = {"requestBody": {"required": True, "content": content}} if content else {}
    sells = answer == "OpenAiImages"
    variation = [{"$ref": "#/components/parameters/Variation"}] if sells else []
    shown = {"application/json": {"schema": _schema(answer)}}
    if not answer:
        shown = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    refused = {status: {"$ref": "#/components/responses/Failure"} for status in _REFUSALS}
    return {
        "operationId": name,
        "tags": ["images" if sells or "odel" in name else "batches"],
        "summary": summary,
        "x-evidence": _EVIDENCE,
        "parameters": [*variation, *parameters],
        **body,
        "responses": {"200": {"description": "The answer.", "content": shown}, **refused},
    }


def _parameter(name: str, place: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _schemas() -> dict[str, Any]:
    """Return the schemas of the requests and the answers."""
    model = _object({"id": _TEXT, "object": {"const": "model"}, "created": _COUNT})
    reference = _object({"image_url": _TEXT, "file_id": _TEXT}, required=())
    reference["description"] = "Exactly one of a data URL and the id of an uploaded file."
    form = EDIT_FIELDS - {"images", "mask"}
    return {
        "OpenAiGenerate": _request(GENERATION_FIELDS),
        "OpenAiEdit": _request(EDIT_FIELDS, required=("prompt", "images")),
        "OpenAiEditForm": _request(form, required=("prompt", "image"), more=_FORM_FIELDS),
        "ImageReference": reference,
        "OpenAiImages": _images(),
        "OpenAiModel": model,
        "OpenAiModels": _object(
            {"object": {"const": "list"}, "data": {"type": "array", "items": model}}
        ),
        "Failure": _failure(),
        **_batch_schemas(),
    }


def _batch_schemas() -> dict[str, Any]:
    """Return the schemas of files and batches."""
    number = {"type": ["integer", "null"]}
    optional = {"type": ["string", "null"]}
    file = _object(
        {
            "id": _TEXT,
            "object": {"const": "file"},
            "bytes": _COUNT,
            "created_at": _COUNT,
            "filename": _TEXT,
            "purpose": _TEXT,
            "status": {"const": "processed"},
            "status_details": {"type": "null"},
            "expires_at": {"type": "null"},
        }
    )
    times = {
        f"{status}_at": number for status in BatchStatus if status is not BatchStatus.VALIDATING
    }
    batch = _object(
        {
            "id": _TEXT,
            "object": {"const": "batch"},
            "endpoint": {"enum": [GENERATIONS, EDITS]},
            "model": optional,
            "errors": {"type": ["object", "null"]},
            "input_file_id": _TEXT,
            "completion_window": {"const": "24h"},
            "status": {"enum": list(BatchStatus)},
            "output_file_id": optional,
            "error_file_id": optional,
            "created_at": _COUNT,
            "expires_at": _COUNT,
            **times,
            "request_counts": _object({"total": _COUNT, "completed": _COUNT, "failed": _COUNT}),
            "metadata": {"type": ["object", "null"]},
            "usage": {"type": ["object", "null"]},
        }
    )
    return {
        "File": file,
        "FileForm": _object({"file": _FILE, "purpose": {"enum": list(PURPOSES)}}),
        "Files": _list(file),
        "DeletedFile": _object(
            {"id": _TEXT, "object": {"const": "file"}, "deleted": {"const": True}}
        ),
        "Batch": batch,
        "Batches": _list(batch),
        "BatchRequest": _batch_request(),
    }


def _batch_request() -> dict[str, Any]:
    """Return the schema of the body that creates a batch."""
    request = {
        "input_file_id": {**_TEXT, "description": "A file that was uploaded for batches."},
        "endpoint": {"enum": [GENERATIONS, EDITS]},
        "completion_window": {"enum": ["24h"]},
        "metadata": {
            "type": ["object", "null"],
            "maxProperties": 16,
            "additionalProperties": {"type": "string", "maxLength": 512},
            "description": "The list shows it, so that a lost answer can be looked up.",
        },
        "output_expires_after": {"type": "object", "description": "Taken and ignored."},
    }
    needed = ("input_file_id", "endpoint", "completion_window")
    return _object(request, required=needed) | {"additionalProperties": False}


def _list(one: dict[str, Any]) -> dict[str, Any]:
    optional = {"type": ["string", "null"]}
    return _object(
        {
            "object": {"const": "list"},
            "data": {"type": "array", "items": one},
            "first_id": optional,
            "last_id": optional,
            "has_more": {"type": "boolean"},
        }
    )


def _request(
    names: frozenset[str],
    *,
    required: tuple[str, ...] = ("prompt",),
    more: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    properties = {name: field for name, field in _FIELDS.items() if name in names} | (more or {})
    return _object(properties, required=required) | {"additionalProperties": False}


def _images() -> dict[str, Any]:
    picture = _object({"b64_json": {"type": "string", "contentEncoding": "base64"}})
    return _object(
        {
            "created": _COUNT,
            "background": {"enum": ["opaque", "transparent"]},
            "data": {"type": "array", "minItems": 1, "items": picture},
            "output_format": {"enum": ["png", "webp", "jpeg"]},
            "quality": {"enum": list(_QUALITIES)},
            "size": {"type": "string", "pattern": "^[0-9]+x[0-9]+$"},
            "usage": _object(
                {
                    "input_tokens": _COUNT,
                    "input_tokens_details": {"type": "object"},
                    "output_tokens": _COUNT,
                    "output_tokens_details": {"type": "object"},
                    "total_tokens": _COUNT,
                }
            ),
        }
    )


def _failure() -> dict[str, Any]:
    optional = {"type": ["string", "null"]}
    error = {"message": _TEXT, "type": _TEXT, "param": optional, "code": optional}
    return _object({"error": _object(error)})


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(
    properties: dict[str, Any], *, required: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Return the schema of an object; every property is required unless some are named."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "required": names, "properties": properties}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
