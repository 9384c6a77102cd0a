"""Running the image server by itself, and managing its keys."""

from collections.abc import Callable

from pipeline.app.event_loop import run_in_loop
from pipeline.app.machine import until_signal
from pipeline.imageserver.billing.keys import add_key, list_keys, revoke_key
from pipeline.imageserver.options import ServerSettings
from pipeline.imageserver.playground.pages import Playground
from pipeline.imageserver.server import ImageServer
from pipeline.prompts.advice import lint_prompt

__all__ = ["add_key", "list_keys", "revoke_key", "serve_images"]


def serve_images(
    settings: ServerSettings,
    *,
    ready: Callable[[ImageServer], None],
    stopping: Callable[[], None],
) -> None:
    """Serve images until SIGINT or SIGTERM; `ready` and `stopping` are called at those moments."""
    run_in_loop(_serve(settings, ready=ready, stopping=stopping))


async def _serve(
    settings: ServerSettings,
    *,
    ready: Callable[[ImageServer], None],
    stopping: Callable[[], None],
) -> None:
    playground = Playground(
        lint=lambda prompt, transparent: lint_prompt(prompt, transparent=transparent)
    )
    with until_signal() as stopped:
        async with ImageServer(settings, pages=playground) as server:
            ready(server)
            await stopped
            stopping()
