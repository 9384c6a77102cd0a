"""`pipeline ledger import RUN-MANIFEST`: rebuild the ledger from a run manifest."""

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import counted, say
from pipeline.errors import UsageError
from pipeline.ledger.manifest_import.importing import import_manifest
from pipeline.ledger.registry import open_ledger
from pipeline.model.credits import Credits
from pipeline.model.request import Quality
from pipeline.providers.registry import profile_named
from pipeline.state.output.folder import open_output
from pipeline.state.output.missing_ledger import newer_manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("what", choices=["import"], help="import: from a run manifest")
    parser.add_argument(
        "manifest",
        type=Path,
        metavar="RUN-MANIFEST",
        help="the newest manifest.json",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")


def run(arguments: argparse.Namespace) -> int:
    """Import; what the ledger knows already is left as it is."""
    try:
        manifest = json.loads(arguments.manifest.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {arguments.manifest}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{arguments.manifest} is not JSON: {error}") from error
    prices = profile_named(_provider(manifest)).prices
    output = open_output(settings_of(arguments).output)
    _refuse_older(output, manifest)
    count = asyncio.run(_import(output, manifest, prices))
    say(f"{counted(count, 'image')} taken over from {arguments.manifest}")
    return 0


def _refuse_older(output: Path, manifest: object) -> None:
    """Only the newest manifest of a campaign and account tells how its images stand now."""
    newer = newer_manifest(output, manifest)
    if newer is not None:
        raise UsageError(
            f"{newer} is newer and tells all that this one does: import that one alone"
        )


def _provider(manifest: object) -> str:
    run = manifest.get("run") if isinstance(manifest, dict) else None
    name = run.get("provider") if isinstance(run, dict) else None
    if not isinstance(name, str):
        raise UsageError("this is no run manifest: it names no provider")
    return name


async def _import(output: Path, manifest: object, prices: Mapping[Quality, Credits]) -> int:
    ledger = await open_ledger(output)
    try:
        return await import_manifest(ledger, manifest, prices=prices)
    finally:
        await ledger.close()
