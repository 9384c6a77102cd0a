"""Importing a run manifest into the ledger."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import ledger_in
from pipeline.errors import UsageError
from pipeline.ledger.manifest_import.importing import import_manifest
from pipeline.model.credits import Credits
from pipeline.model.request import Quality
from pipeline.providers.registry import profile_named
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.missing_ledger import newer_manifest


def import_run_manifest(file: Path, settings: Settings) -> int:
    """Import a run manifest into the ledger, which keeps its entries; return the image count.

    `UsageError` if the file is no run manifest, or if a newer one contains all of it.
    """
    try:
        manifest = json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}") from error
    prices = profile_named(_provider(manifest)).prices
    output = open_output(settings.output)
    newer = newer_manifest(output, manifest)
    if newer is not None:
        raise UsageError(f"{newer} is newer and contains all of this one: import only that one")
    return run_in_loop(_import(output, manifest, prices))


async def _import(output: Path, manifest: object, prices: Mapping[Quality, Credits]) -> int:
    async with ledger_in(output) as ledger:
        return await import_manifest(ledger, manifest, prices=prices)


def _provider(manifest: object) -> str:
    run = manifest.get("run") if isinstance(manifest, dict) else None
    name = run.get("provider") if isinstance(run, dict) else None
    if not isinstance(name, str):
        raise UsageError("this is not a run manifest: it names no provider")
    return name
