"""Errors in OpenAI's words: what a request can run into, and the ones that fault rules name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from pipeline.imageserver.api.answers import as_json, retry_after
from pipeline.imageserver.api.refusal import RefusedError

REQUEST, USER, QUOTA = "invalid_request_error", "image_generation_user_error", "insufficient_quota"
_NOW, _SOON = 429, 503
_SERVER = 500
_SPENT_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
"""Codes of the status 429 that no waiting helps."""


class OpenAiError(RefusedError):
    """A refused request as OpenAI's error object describes it; nothing is charged."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        error_type: str = REQUEST,
        moderation: Mapping[str, object] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, message, kind=code or "", retry_after=retry_after)
        self.code = code
        self.param = param
        self.error_type = error_type
        self.moderation = moderation
        """Stage and categories of a refusal by the moderation, if they are told."""

    def document(self) -> dict[str, object]:
        """Return the error object."""
        error: dict[str, object] = {
            "message": self.message,
            "type": self.error_type,
            "param": self.param,
            "code": self.code,
        }
        if self.moderation is not None:
            error["moderation_details"] = dict(self.moderation)
        return error


class OpenAiWireErrors:
    """OpenAI's error object with its headers; other refusals are put into OpenAI's words."""

    def failure(self, error: RefusedError) -> web.Response:
        """Return the response for a refusal."""
        told = in_openai_words(error)
        return as_json({"error": told.document()}, status=told.status, headers=headers_of(told))


def headers_of(error: OpenAiError) -> dict[str, str]:
    """Return when and whether the request may be repeated."""
    headers = retry_after(error)
    if error.retry_after is not None:
        headers["retry-after-ms"] = str(round(error.retry_after * 1000))
    if error.status in {_NOW, _SOON}:
        headers["x-should-retry"] = "false" if error.code in _SPENT_CODES else "true"
    return headers


def in_openai_words(error: RefusedError) -> OpenAiError:
    """Return a refusal of the server's shared parts as OpenAI would word it."""
    if isinstance(error, OpenAiError):
        return error
    name = _NAMED.get(error.status) or (
        NamedError.SERVER_ERROR if error.status >= _SERVER else None
    )
    if name is not None:
        return named_error(name, retry_after=error.retry_after)
    match error.status:
        case 401 if error.message.endswith("Bearer"):
            return OpenAiError(
                401,
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            )
        case 401:
            return named_error(NamedError.INVALID_API_KEY)
        case 404:
            return OpenAiError(404, "Invalid URL", code="unknown_url")
        case 429:
            return OpenAiError(
                429,
                f"Rate limit reached: {error.message}",
                code="rate_limit_exceeded",
                error_type="requests",
                retry_after=error.retry_after,
            )
        case 422:
            return OpenAiError(400, error.message, code="invalid_value", error_type=USER)
        case status:
            return OpenAiError(status, error.message, param=error.field or None)


class NamedError(StrEnum):
    """The errors that a fault rule can name."""

    MODERATION_INPUT = "moderation-input"
    MODERATION_OUTPUT = "moderation-output"
    MODERATION_UNKNOWN = "moderation-unknown"
    MODERATION_ABSENT = "moderation-absent"
    INVALID_SIZE = "invalid-size"
    INVALID_IMAGE_FILE = "invalid-image-file"
    UNSUPPORTED_MIMETYPE = "unsupported-file-mimetype"
    TOO_LARGE = "too-large"
    MODEL_DOES_NOT_EXIST = "model-does-not-exist"
    MODEL_NOT_FOUND = "model-not-found"
    BILLING_HARD_LIMIT = "billing-hard-limit"
    NOT_VERIFIED = "organization-not-verified"
    INVALID_API_KEY = "invalid-api-key"
    COUNTRY = "country"
    RATE_LIMIT = "rate-limit"
    SLOW_DOWN = "slow-down"
    INSUFFICIENT_QUOTA = "insufficient-quota"
    CREDIT_BALANCE = "credit-balance-exhausted"
    ORGANIZATION_SPEND = "organization-spend-limit"
    PROJECT_SPEND = "project-spend-limit"
    ORGANIZATION_USAGE = "organization-usage-limit"
    SERVER_ERROR = "server-error"
    REQUEST_ERROR_500 = "request-error-500"
    OVERLOADED = "overloaded"


_NAMED = {
    402: NamedError.INSUFFICIENT_QUOTA,
    413: NamedError.TOO_LARGE,
    503: NamedError.OVERLOADED,
}
"""The named error of a refusal, by its status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """Status and error object of one named error."""

    status: int
    message: str
    code: str | None
    error_type: str = REQUEST
    param: str | None = None
    stage: str = ""


_SAFETY = (
    "Your request was rejected by the safety system. If you believe this is an error, contact us "
    "at help.openai.com and include the request ID. safety_violations=[{}]."
)
_SPENT = "You have reached the {}. To continue, raise it at platform.openai.com/settings."

_WORDS: Mapping[NamedError, _Words] = {
    **{
        name: _Words(
            status=400,
            message=_SAFETY.format("violence"),
            code="moderation_blocked",
            error_type=USER,
            stage=stage,
        )
        for name, stage in (
            (NamedError.MODERATION_INPUT, "input"),
            (NamedError.MODERATION_OUTPUT, "output"),
            (NamedError.MODERATION_UNKNOWN, "unknown"),
            (NamedError.MODERATION_ABSENT, ""),
        )
    },
    NamedError.INVALID_SIZE: _Words(
        status=400,
        message="Invalid size '1000x1000'. Supported sizes are 1024x1024, 1024x1536, 1536x1024, "
        "and auto.",
        code="invalid_value",
        error_type=USER,
        param="size",
    ),
    NamedError.INVALID_IMAGE_FILE: _Words(
        status=400,
        message="Invalid image file or mode for image 1, please check your image file.",
        code="invalid_image_file",
        error_type=USER,
        param="image",
    ),
    NamedError.UNSUPPORTED_MIMETYPE: _Words(
        status=400,
        message="Invalid file 'image': unsupported mimetype ('application/octet-stream'). "
        "Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'.",
        code="unsupported_file_mimetype",
        param="image",
    ),
    NamedError.TOO_LARGE: _Words(
        status=413, message="Maximum content size limit exceeded", code="request_too_large"
    ),
    NamedError.MODEL_DOES_NOT_EXIST: _Words(
        status=400,
        message="The model 'gpt-image-9' does not exist.",
        code="invalid_value",
        error_type=USER,
        param="model",
    ),
    NamedError.MODEL_NOT_FOUND: _Words(
        status=404,
        message="The model `gpt-image-2` does not exist or you do not have access to it.",
        code="model_not_found",
    ),
    NamedError.BILLING_HARD_LIMIT: _Words(
        status=400,
        message="Billing hard limit has been reached.",
        code="billing_hard_limit_reached",
        error_type="billing_limit_user_error",
    ),
    NamedError.NOT_VERIFIED: _Words(
        status=403,
        message="Your organization must be verified to use the model `gpt-image-2`. Please go to: "
        "https://platform.openai.com/settings/organization/general and click on Verify "
        "Organization. If you just verified, it can take up to 15 minutes for access to propagate.",
        code=None,
    ),
    NamedError.INVALID_API_KEY: _Words(
        status=401,
        message="Incorrect API key provided. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    ),
    NamedError.COUNTRY: _Words(
        status=403,
        message="Country, region, or territory not supported",
        code="unsupported_country_region_territory",
        error_type="request_forbidden",
    ),
    NamedError.RATE_LIMIT: _Words(
        status=429,
        message="Rate limit reached for gpt-image-2 (for limit gpt-image) in organization org-local"
        " on input-images per min: Limit 5, Used 5, Requested 1. Please try again in 12s. Visit "
        "https://platform.openai.com/account/rate-limits to learn more.",
        code="rate_limit_exceeded",
        error_type="input-images",
    ),
    NamedError.SLOW_DOWN: _Words(
        status=429,
        message="Your request rate rose too quickly. Please slow down, and raise it gradually.",
        code="slow_down",
        error_type="requests",
    ),
    NamedError.INSUFFICIENT_QUOTA: _Words(
        status=429,
        message="You exceeded your current quota, please check your plan and billing details.",
        code="insufficient_quota",
        error_type=QUOTA,
    ),
    NamedError.CREDIT_BALANCE: _Words(
        status=429,
        message="Your credit balance is exhausted. Add credits to continue.",
        code="credit_balance_exhausted",
        error_type=QUOTA,
    ),
    NamedError.ORGANIZATION_SPEND: _Words(
        status=429,
        message=_SPENT.format("spend limit of your organization"),
        code="organization_spend_limit_exceeded",
        error_type=QUOTA,
    ),
    NamedError.PROJECT_SPEND: _Words(
        status=429,
        message=_SPENT.format("spend limit of this project"),
        code="project_spend_limit_exceeded",
        error_type="rate_limit_error",
    ),
    NamedError.ORGANIZATION_USAGE: _Words(
        status=429,
        message=_SPENT.format("usage limit of your organization"),
        code="organization_usage_limit_exceeded",
        error_type="requests",
    ),
    NamedError.SERVER_ERROR: _Words(
        status=500,
        message="The server had an error while processing your request. Sorry about that!",
        code="server_error",
        error_type="server_error",
    ),
    NamedError.REQUEST_ERROR_500: _Words(
        status=500,
        message="An error occurred while processing your request.",
        code=None,
    ),
    NamedError.OVERLOADED: _Words(
        status=503,
        message="The engine is currently overloaded, please try again later.",
        code="server_is_overloaded",
        error_type="service_unavailable_error",
    ),
}


def named_error(
    name: NamedError,
    *,
    status: int | None = None,
    message: str | None = None,
    retry_after: float | None = None,
) -> OpenAiError:
    """Return a named error; status, message and the time to wait may be replaced."""
    words = _WORDS[name]
    details = {"moderation_stage": words.stage, "categories": ["violence"]} if words.stage else None
    return OpenAiError(
        status or words.status,
        message or words.message,
        code=words.code,
        param=words.param,
        error_type=words.error_type,
        moderation=details,
        retry_after=retry_after,
    )


def refused_by_moderation(reason: str) -> OpenAiError:
    """Return the refusal of a prompt, with its category; the refusal stands at stage `input`."""
    category = reason.replace(" content", "").replace(" ", "-")
    return OpenAiError(
        400,
        _SAFETY.format(category),
        code="moderation_blocked",
        error_type=USER,
        moderation={"moderation_stage": "input", "categories": [category]},
    )
