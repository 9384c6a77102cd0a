"""The dialects of servers that are shaped like the OpenAI Images API, as values of one client.

Sources: the servers' own documentation and code, looked up on 2026-11-30.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.errors import UsageError
from pipeline.network.api_client import BEARER

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiDialect:
    """How one kind of server wants its requests."""

    name: str
    title: str
    generate: str = "/images/generations"
    """Path of generations after the base URL; may contain `{model}`."""
    edit: str = "/images/edits"
    """Path of edits, likewise."""
    image_field: str = "image[]"
    """The field of each image in the form of an edit."""
    mask_field: str = "mask"
    """The field of the mask in that form."""
    white_is_painted: bool = False
    """True if white marks what is painted anew, instead of transparency."""
    images_in_json: str = ""
    """The field of generations that takes images as base64, instead of a form."""
    auth: Mapping[str, str] = field(default_factory=lambda: BEARER)
    """The header with the key; none is sent if there is no key."""
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    fields: frozenset[str] = frozenset({"model", "quality", "background", "output_format"})
    """Fields that the server knows, besides prompt, n and size."""
    asks_for_base64: bool = True
    """True if it would answer a URL, or a path on its own disk, unless base64 is asked for."""
    repeats: int = 0
    """Times that the server repeats a failed generation by itself, each of which may be charged."""
    escapes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Texts that mean something to the server in a prompt → what is sent instead."""

    def written(self, prompt: str) -> str:
        """Return a prompt in which the server finds only words."""
        for text, instead in self.escapes.items():
            while text in prompt:  # what is taken out may put the text together anew
                prompt = prompt.replace(text, instead)
        return prompt


OPENAI_DIALECT = ApiDialect(name="openai", title="OpenAI", asks_for_base64=False)

_DEPLOYMENT = "/openai/deployments/{model}/images"
_VERSION = "api-version=2025-04-01-preview"

_SAMPLERS = frozenset({"model"})
"""The fields of servers whose model has no qualities and no transparent backgrounds."""

DIALECTS: Mapping[str, ApiDialect] = {
    one.name: one
    for one in (
        ApiDialect(name="plain", title="any server of this shape", fields=_SAMPLERS),
        ApiDialect(
            name="vllm-omni",
            title="vLLM-Omni",
            fields=_SAMPLERS,
            image_field="image",
            mask_field="mask_image",
            white_is_painted=True,
        ),
        ApiDialect(
            # answers a JPEG unless asked, and a relative URL, or 400 after the work
            name="sglang",
            title="SGLang",
            image_field="image",
            fields=_SAMPLERS | {"output_format"},
        ),
        ApiDialect(
            # takes what follows a bar for what the image must not show
            name="localai",
            title="LocalAI",
            images_in_json="ref_images",
            fields=_SAMPLERS,
            escapes={"|": "/"},
        ),
        ApiDialect(
            # takes options of its command line out of a prompt
            name="sd-cpp",
            title="stable-diffusion.cpp",
            fields=_SAMPLERS | {"output_format"},
            escapes={"<sd_cpp_extra_args>": "", "</sd_cpp_extra_args>": ""},
        ),
        ApiDialect(
            # answers a path on its own disk
            name="xinference",
            title="Xinference",
            fields=_SAMPLERS,
        ),
        ApiDialect(
            # its router repeats a paid call unless a header forbids it; the client below it always
            name="litellm",
            title="LiteLLM",
            headers={"x-litellm-num-retries": "0"},
            repeats=2,
            asks_for_base64=False,
        ),
        ApiDialect(
            name="azure",
            title="Azure OpenAI",
            generate=f"{_DEPLOYMENT}/generations?{_VERSION}",
            edit=f"{_DEPLOYMENT}/edits?{_VERSION}",
            auth={"api-key": "{key}"},
            fields=frozenset({"quality", "background", "output_format"}),
            asks_for_base64=False,
        ),
    )
}


def dialect_named(name: str) -> ApiDialect:
    """Return a dialect by name, the plain one for an empty name; `UsageError` if there is none."""
    found = DIALECTS.get(name or "plain")
    if found is None:
        raise UsageError(f"there is no dialect {name}; there are {', '.join(sorted(DIALECTS))}")
    return found
