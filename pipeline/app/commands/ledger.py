"""The ledger and the files on disk: verifying stored images, importing a run manifest."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.open import campaign_name, ledger_in, require_ledger
from pipeline.errors import UsageError
from pipeline.images.reading import Condition, verify
from pipeline.images.registry import images_in
from pipeline.ledger.manifest_import.importing import import_manifest
from pipeline.model.campaign import Slug
from pipeline.model.credits import Credits
from pipeline.model.entry import Entry
from pipeline.model.outcome import Stored
from pipeline.model.request import Quality
from pipeline.providers.registry import profile_named
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.missing_ledger import newer_manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyReport:
    """The result of comparing stored files with the ledger."""

    files: int
    whole: int
    bad: Mapping[str, str]
    """Path → `missing` or `changed`, for each file that is not whole."""


def verify_files(file: Path | None, settings: Settings) -> VerifyReport:
    """Compare the stored files of one campaign, or of all, with the sha256 in the ledger."""
    output = settings.output
    require_ledger(output)
    wanted = None if file is None else campaign_name(file)
    found = asyncio.run(_verify(output, wanted))
    bad = {path: str(condition) for path, condition in found if condition is not Condition.WHOLE}
    whole = sum(condition is Condition.WHOLE for _, condition in found)
    return VerifyReport(files=len(found), whole=whole, bad=bad)


async def _verify(output: Path, wanted: Slug | None) -> list[tuple[str, Condition]]:
    entries: list[Entry] = []
    async with ledger_in(output, read_only=True) as ledger:
        for campaign in sorted({run.campaign for run in await ledger.runs(wanted)}):
            entries += await ledger.campaign_entries(campaign)
    images = images_in(output)
    return [
        (entry.outcome.artifact.path, verify(images, entry.outcome.artifact))
        for entry in entries
        if isinstance(entry.outcome, Stored)
    ]


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
    return asyncio.run(_import(output, manifest, prices))


async def _import(output: Path, manifest: object, prices: Mapping[Quality, Credits]) -> int:
    async with ledger_in(output) as ledger:
        return await import_manifest(ledger, manifest, prices=prices)


def _provider(manifest: object) -> str:
    run = manifest.get("run") if isinstance(manifest, dict) else None
    name = run.get("provider") if isinstance(run, dict) else None
    if not isinstance(name, str):
        raise UsageError("this is not a run manifest: it names no provider")
    return name
