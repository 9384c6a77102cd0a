"""The wires of the server: the endpoints and the description of each."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, assert_never

from pipeline.imageserver.api.application import Endpoints
from pipeline.imageserver.api.documents import openapi
from pipeline.imageserver.api.endpoints.about import AboutEndpoints
from pipeline.imageserver.api.endpoints.images import ImageEndpoints
from pipeline.imageserver.api.endpoints.jobs import JobEndpoints
from pipeline.imageserver.api.endpoints.openai import OpenAiEndpoints
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.openai.batches.endpoints import BatchEndpoints
from pipeline.imageserver.openai.batches.runner import BatchRunner
from pipeline.imageserver.openai.batches.store import BatchStore
from pipeline.imageserver.openai.description import openai_description
from pipeline.imageserver.openai.endpoints import OpenAiWireEndpoints
from pipeline.imageserver.options import WireFormat
from pipeline.imageserver.painting.image_files import ImageFiles
from pipeline.imageserver.state_folder import StateFolder


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
        case WireFormat.OPENAI:
            store = BatchStore(state_folder.folder)
            opening.push_async_callback(store.close)
            runner = BatchRunner(services, image_files, store)
            opening.push_async_callback(runner.close)
            runner.resume()
            images = OpenAiWireEndpoints(services, image_files, read_file=runner.read_file)
            return [images, BatchEndpoints(services, store, runner), about]
        case _:
            assert_never(services.settings.wire)


def description_of(wire: WireFormat) -> Callable[[], dict[str, Any]]:
    """Return the function that returns the OpenAPI description of a wire."""
    match wire:
        case WireFormat.GPTIMAGE:
            return openapi
        case WireFormat.OPENAI:
            return openai_description
        case _:
            assert_never(wire)
