"""Azure OpenAI and LiteLLM: OpenAI's wire behind somebody else's paths, keys and errors."""

import re
from typing import ClassVar

from aiohttp import web

from pipeline.imageserver.api.answers import as_json
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.openai.endpoints import OpenAiWireEndpoints
from pipeline.imageserver.openai.errors import OpenAiError, headers_of, in_openai_words
from pipeline.imageserver.openai.models import MODELS

_DEPLOYMENTS = {name: name for name in MODELS} | {"images": "gpt-image-2"}
"""The model of each deployment; a deployment may have any name, e.g. `images`."""
_CONTENT_FILTER = {
    "code": "ResponsibleAIPolicyViolation",
    "content_filter_results": {"violence": {"filtered": True, "severity": "medium"}},
}
_CLASSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "APIError",
    404: "NotFoundError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}
"""LiteLLM's exception for each status; InternalServerError for the others."""
_TYPES = {403: "permission_error", 429: "throttling_error"}
_SERVER_ERROR = 500
_GROUP = (
    "\n\nLiteLLM: model group 'gpt-image-2' failed with the error above. No fallback was attempted."
)
_RETRIES, _MOST_RETRIES = 2, 10
_COUNT = re.compile(r"[0-9]{1,2}")


class AzureErrors:
    """Azure's error object: its moderation says `content_filter`, other codes may be statuses."""

    def failure(self, error: RefusedError) -> web.Response:
        """Return the response for a refusal."""
        told = in_openai_words(error)
        body: dict[str, object] = {
            "code": told.code or str(told.status),
            "message": told.message,
            "param": told.param,
            "type": told.error_type,
        }
        if told.code == "moderation_blocked":
            body |= {
                "code": "content_filter",
                "message": "Your task failed as a result of our safety system.",
                "param": "prompt",
                "type": None,
                "inner_error": _CONTENT_FILTER,
            }
        if told.code == "invalid_api_key" or told.status == 401:  # noqa: PLR2004 - HTTP's own number
            body = {
                "code": "401",
                "message": "Access denied due to invalid subscription key or wrong API endpoint.",
            }
        return as_json({"error": body}, status=told.status, headers=headers_of(told))


class AzureEndpoints:
    """Azure's paths: the deployment stands in the path, and the version in the query."""

    _BASE: ClassVar[str] = "/openai/deployments/{deployment}/images"

    def __init__(self, images: OpenAiWireEndpoints) -> None:
        self._images = images

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post(f"{self._BASE}/generations", self._generate)
        router.add_post(f"{self._BASE}/edits", self._edit)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        return await self._images.generate(request, model=_deployed(request))

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        return await self._images.edit(request, model=_deployed(request))


def _deployed(request: web.Request) -> str:
    """Return the model of the deployment in the path. Raises OpenAiError."""
    if not request.query.get("api-version"):
        raise OpenAiError(404, "Resource not found")
    model = _DEPLOYMENTS.get(request.match_info["deployment"])
    if model is None:
        raise OpenAiError(
            404, "The API deployment for this resource does not exist.", code="DeploymentNotFound"
        )
    return model


class LiteLlmErrors:
    """LiteLLM's error object: its class stands in the message, and its code is the status.

    As version 1.108 answered in front of `--wire openai`.
    """

    def failure(self, error: RefusedError) -> web.Response:
        """Return the response for a refusal."""
        told = in_openai_words(error)
        if told.status == 401 and not isinstance(error, OpenAiError):  # noqa: PLR2004 - HTTP's own number
            message = "Authentication Error, Invalid proxy server token passed."
            body = {"message": message, "type": "auth_error", "param": "None", "code": "401"}
            return as_json({"error": body}, status=401)
        kind = _CLASSES.get(told.status, "InternalServerError")
        twice = "" if kind == "BadRequestError" else f"{kind}: "
        default = "internal_server_error" if told.status >= _SERVER_ERROR else told.error_type
        failed = {
            "message": f"litellm.{kind}: {twice}OpenAIException - {told.message}{_GROUP}",
            "type": _TYPES.get(told.status, default),
            "param": told.param,
            "code": str(told.status),
        }
        return as_json({"error": failed}, status=told.status, headers=headers_of(told))


def litellm_retries(request: web.Request) -> int:
    """Return how often LiteLLM repeats a request that failed.

    Its router repeats it twice, unless a header forbids that; below it, OpenAI's client repeats
    each generation twice more, which nothing in a request or in its configuration forbids.
    """
    asked = request.headers.get("x-litellm-num-retries", "")
    by_router = min(int(asked), _MOST_RETRIES) if _COUNT.fullmatch(asked) else _RETRIES
    by_client = 0 if request.path.endswith("/edits") else _RETRIES
    return (by_router + 1) * (by_client + 1) - 1
