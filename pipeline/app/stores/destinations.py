"""Where exports go, and where the ad files of a campaign can be reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.stores.campaign_store import CampaignStore, refuse_unusable_store
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import UsageError
from pipeline.images.object_store.address import StoreAddress, is_store_url, store_address
from pipeline.images.object_store.registry import open_objects
from pipeline.reports.export.package import Destination, LocalDestination
from pipeline.reports.export.store_package import StoreDestination
from pipeline.state.upkeep.upload_record import UploadRecord

Places = Callable[[str, str, str], tuple[str, str]]
"""File in the export, path and sha256 of the ad file → its URL in a store, and its public URL."""


def open_destination(to: Path | str) -> Destination:
    """Return the place of an export; nothing is read or written yet.

    `UsageError` if it is the URL of a store that cannot be used.
    """
    address = _address_of(to)
    return (
        LocalDestination(Path(to)) if address is None else StoreDestination(open_objects(address))
    )


def _address_of(to: Path | str | None) -> StoreAddress | None:
    return store_address(to) if isinstance(to, str) and is_store_url(to) else None


def delivered_places(loaded: LoadedCampaign, to: Path | str | None, output: Path) -> Places:
    """Return where each delivered file can be reached.

    In the store that the export goes to, or else where the run has uploaded the ad file. The public
    URL of an export is known if it goes below the store of the campaign.
    """
    store, address = refuse_unusable_store(loaded), _address_of(to)
    record = None
    if store is not None:
        record = UploadRecord(output, loaded.campaign.slug, store.address.url)

    def places(file: str, path: str, sha256: str) -> tuple[str, str]:
        if address is not None:
            return address.at(file), _public_url(store, address, file)
        if store is None or record is None or not record.has(path, sha256):
            return "", ""
        return store.address.at(path), store.public_url(path)

    return places


def _public_url(store: CampaignStore | None, address: StoreAddress, file: str) -> str:
    inside = None if store is None else address.path_in(store.address)
    if store is None or inside is None:
        return ""
    return store.public_url(f"{inside}/{file}" if inside else file)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportCheck:
    """What is at the place of an export, compared with its manifest there."""

    to: str
    files: int
    bad: Mapping[str, str]
    """File → `missing` or `changed`."""


def check_export(to: Path | str) -> ExportCheck:
    """Read every file of an export where it is; `UsageError` if no export is there."""
    return run_in_loop(_check_export(open_destination(to)))


async def _check_export(destination: Destination) -> ExportCheck:
    earlier = await destination.earlier()
    if not earlier.files:
        raise UsageError(f"there is no export at {destination.name}: its manifest.json is missing")
    bad = {}
    for path, sha256 in sorted(earlier.files.items()):
        found = await destination.digest(path)
        if found != sha256:
            bad[path] = "missing" if found is None else "changed"
    return ExportCheck(to=destination.name, files=len(earlier.files), bad=bad)
