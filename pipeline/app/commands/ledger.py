"""Importing a run manifest into the ledger."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import ledger_in
from pipeline.campaign.naming import slug_of
from pipeline.errors import UsageError
from pipeline.files.unreadable import raise_machine_fault
from pipeline.ledger.manifest_import.importing import (
    ManifestContent,
    import_manifests,
    read_manifest,
)
from pipeline.ledger.manifest_import.run_log import images_with_log
from pipeline.model.names import Slug
from pipeline.providers.registry import profile_named
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock, refuse_living
from pipeline.state.output.lost_runs import import_command, newer_manifest
from pipeline.state.output.run_folders import LOG, ManifestHead, manifest_heads, manifest_parts


def import_runs(what: Path, settings: Settings) -> int:
    """Import run manifests into the ledger, which keeps what it knows; return the image count.

    `what` is one manifest, or a campaign's folder: then every manifest is imported whose run the
    ledger does not know or has not seen the end of; all of them, if there is none. The newest
    manifest, where its run wrote it, stands for the folder: it no longer lists every image.
    `UsageError` for what is no run manifest, and for one beside which there is a newer one.
    `LockHeld` while a run is alive.
    """
    output = open_output(settings.output)
    campaign, heads = _folder_of(what) if what.is_dir() else _manifests_with(what, output)
    with campaign_lock(output, campaign):
        importing = _import(output, campaign, heads) if heads else None
        return run_in_loop(importing or _import_one(output, campaign, what))


def _folder_of(what: Path) -> tuple[Slug, Sequence[ManifestHead]]:
    """Return a campaign by its folder, or by that of its runs, with its manifests."""
    folder = what.resolve()
    folder = folder.parent if folder.name == "runs" else folder
    campaign = Slug(folder.name)
    heads = manifest_heads(folder.parent, campaign)
    if not heads:
        raise UsageError(f"{what} has no run manifests: nothing was imported")
    return campaign, heads


def _manifests_with(file: Path, output: Path) -> tuple[Slug, Sequence[ManifestHead]]:
    """Return the campaign of a manifest, with all its manifests if this one lies among them."""
    with _readable(file):
        manifest, _ = manifest_parts(file)
    campaign = _named_campaign(manifest, file)
    run, account = (_of_run(manifest, field) or "" for field in ("id", "account"))
    newer = newer_manifest(output, campaign, run=run, account=account)
    if newer is not None:
        raise UsageError(
            f"{newer} is newer: import the campaign's folder instead, which brings both\n"
            f"Next  {import_command(output, campaign)}"
        )
    heads = manifest_heads(output, campaign)
    among = file.resolve() in {head.place.resolve() for head in heads}
    return campaign, heads if among else ()


async def _import(output: Path, campaign: Slug, heads: Sequence[ManifestHead]) -> int:
    async with ledger_in(output) as ledger:
        await refuse_living(ledger, campaign)
        known = await ledger.known_runs([head.run for head in heads])
        ended = {run.id for run in known.values() if run.finished}
        lacking = [head for head in heads if head.run not in ended] or heads
        places = [head.place for head in reversed(lacking)]
        return await import_manifests(ledger, _contents(places))


async def _import_one(output: Path, campaign: Slug, file: Path) -> int:
    async with ledger_in(output) as ledger:
        await refuse_living(ledger, campaign)
        return await import_manifests(ledger, _contents([file]))


def _contents(places: Iterable[Path]) -> Iterator[ManifestContent]:
    """Yield run manifests one at a time: those of a large campaign would fill the memory."""
    for place in places:
        with _readable(place):
            manifest, images = manifest_parts(place)
            prices = profile_named(_provider(manifest, place)).prices
            told = images_with_log(manifest, images, place.with_name(LOG))
            yield read_manifest(manifest, prices=prices, images=told)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Raise `UsageError` for a run manifest that cannot be read, or is no JSON."""
    try:
        yield
    except OSError as error:
        raise_machine_fault(error, file)
        raise UsageError(f"cannot read {error.filename or file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}") from error


def _provider(manifest: object, file: Path) -> str:
    name = _of_run(manifest, "provider")
    if name is None:
        raise UsageError(f"{file} is not a run manifest: it names no provider")
    return name


def _named_campaign(manifest: object, file: Path) -> Slug:
    name = _of_run(manifest, "campaign")
    if name is None or slug_of(name) != name:
        raise UsageError(f"{file} is not a run manifest: it names no campaign")
    return Slug(name)


def _of_run(manifest: object, field: str) -> str | None:
    run = manifest.get("run") if isinstance(manifest, dict) else None
    value = run.get(field) if isinstance(run, dict) else None
    return value if isinstance(value, str) else None
