"""The wires of the server: the endpoints, the errors and the description of each."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from pipeline.imageserver.api.answers import ErrorFormat
from pipeline.imageserver.api.application import Endpoints
from pipeline.imageserver.api.documents import openapi
from pipeline.imageserver.api.endpoints.about import AboutEndpoints
from pipeline.imageserver.api.endpoints.images import ImageEndpoints
from pipeline.imageserver.api.endpoints.jobs import JobEndpoints
from pipeline.imageserver.api.endpoints.openai import OpenAiEndpoints
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.compatible.description import compatible_description
from pipeline.imageserver.compatible.detail_servers import SgLang, VllmOmni, Xinference
from pipeline.imageserver.compatible.dialect import Dialect
from pipeline.imageserver.compatible.endpoints import CompatibleEndpoints
from pipeline.imageserver.compatible.local_servers import LocalAi, SdCpp
from pipeline.imageserver.openai.batches.endpoints import BatchEndpoints
from pipeline.imageserver.openai.batches.runner import BatchRunner
from pipeline.imageserver.openai.batches.store import BatchStore
from pipeline.imageserver.openai.description import openai_description
from pipeline.imageserver.openai.endpoints import OpenAiWireEndpoints
from pipeline.imageserver.openai.errors import OpenAiWireErrors
from pipeline.imageserver.openai.gateways import (
    AzureEndpoints,
    AzureErrors,
    LiteLlmErrors,
    litellm_retries,
)
from pipeline.imageserver.options import WireFormat
from pipeline.imageserver.painting.image_files import ImageFiles
from pipeline.imageserver.state_folder import StateFolder

_DIALECTS: dict[WireFormat, Dialect] = {
    WireFormat.VLLM_OMNI: VllmOmni(),
    WireFormat.SGLANG: SgLang(),
    WireFormat.LOCALAI: LocalAi(),
    WireFormat.SD_CPP: SdCpp(),
    WireFormat.XINFERENCE: Xinference(),
}
"""The servers that people run themselves."""


async def open_endpoints(
    opening: AsyncExitStack,
    services: ApiServices,
    *,
    image_files: ImageFiles,
    state_folder: StateFolder,
) -> list[Endpoints]:
    """Return the endpoints of the configured wire; what they hold is closed with the stack."""
    about = AboutEndpoints(services)
    match services.settings.wire:
        case WireFormat.GPTIMAGE:
            jobs = JobEndpoints(services, secret=state_folder.saved.secret.encode())
            opening.push_async_callback(jobs.close, timeout=services.settings.drain_seconds)
            openai = OpenAiEndpoints(services, image_files)
            return [ImageEndpoints(services), openai, jobs, about]
        case WireFormat.OPENAI | WireFormat.AZURE | WireFormat.LITELLM:
            store = BatchStore(state_folder.folder)
            opening.push_async_callback(store.close)
            runner = BatchRunner(services, image_files, store)
            opening.push_async_callback(runner.close)
            runner.resume()
            return [*_openai(services, image_files, store, runner), about]
        case wire:
            return [CompatibleEndpoints(services, image_files, _DIALECTS[wire]), about]


def _openai(
    services: ApiServices, image_files: ImageFiles, store: BatchStore, runner: BatchRunner
) -> list[Endpoints]:
    """Return the endpoints of OpenAI and its gateways."""
    images = OpenAiWireEndpoints(services, image_files, read_file=runner.read_file)
    match services.settings.wire:
        case WireFormat.AZURE:
            return [AzureEndpoints(images)]
        case WireFormat.LITELLM:
            repeated = OpenAiWireEndpoints(
                services, image_files, read_file=runner.read_file, retries=litellm_retries
            )
            return [repeated]
        case _:
            return [images, BatchEndpoints(services, store, runner)]


def errors_of(wire: WireFormat) -> ErrorFormat | None:
    """Return the form of a wire's refusals; None for the documented API, which has several."""
    match wire:
        case WireFormat.GPTIMAGE:
            return None
        case WireFormat.OPENAI:
            return OpenAiWireErrors()
        case WireFormat.AZURE:
            return AzureErrors()
        case WireFormat.LITELLM:
            return LiteLlmErrors()
        case _:
            return _DIALECTS[wire]


def description_of(wire: WireFormat) -> Callable[[], dict[str, Any]]:
    """Return the function that returns the OpenAPI description of a wire."""
    match wire:
        case WireFormat.GPTIMAGE:
            return openapi
        case WireFormat.OPENAI:
            return openai_description
        case _:
            return lambda: compatible_description(wire, _DIALECTS.get(wire))
