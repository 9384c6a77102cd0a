"""Trying out whether an object store can be used: written, read, cleaned, and never overwritten."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.campaign import load
from pipeline.app.options import CampaignOptions, FeedReading
from pipeline.app.stores.campaign_store import store_of
from pipeline.errors import StoreFault, UsageError
from pipeline.images.object_store.address import StoreAddress, store_address
from pipeline.images.object_store.base import ObjectStore
from pipeline.images.object_store.registry import open_objects
from pipeline.images.registry import address_of_images
from pipeline.settings import Settings
from pipeline.state.upkeep.upload_record import newest_store, uploaded_campaigns

TRIES = 2
"""Requests about the probe that a store may leave unserved: a person waits for the answer."""
_CONTENT = b"pipeline doctor tried out this store; this object may be removed.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """What was found about one store."""

    said: str
    usable: bool
    complete: bool = True
    """False if it can be used, but not everything worked."""


def known_stores(output: Path, file: Path | None, settings: Settings) -> Iterator[str]:
    """Yield the addresses of stores that this machine uses, each once, as they are written.

    That of PIPELINE_IMAGES, that of a campaign file if one is named, and those to which the
    campaigns of the output folder were uploaded last. `UsageError` or `CampaignError` if one is
    wrong.
    """
    stores = []
    if (address := address_of_images()) is not None:
        stores.append(address.url)
    if file is not None:
        options = CampaignOptions(campaign=file, feeds=FeedReading.KEPT_FIRST)
        store = store_of(load(options, settings, makes_output=False).campaign)
        stores += [] if store is None else [store.address.url]
    stores += [newest_store(output, campaign) for campaign in uploaded_campaigns(output)]
    yield from dict.fromkeys(filter(None, stores))


async def try_store(url: str) -> ProbeResult:
    """Write a small object, read it, try to create it again, and remove it."""
    address = store_address(url)
    try:
        return await _tried(open_objects(address, tries=TRIES), address)
    except (StoreFault, UsageError) as error:
        return ProbeResult(said=str(error), usable=False)


async def _tried(store: ObjectStore, address: StoreAddress) -> ProbeResult:
    path = f".campaign-pipeline-probe-{secrets.token_hex(6)}"
    await store.create(path, _CONTENT)
    try:
        again = await store.create(path, b"overwritten\n")
        kept = await store.read(path)
    finally:
        removed = await _removed(store, path)
    if again is not None or kept != _CONTENT:
        said = "it does not keep conditions (If-None-Match): what others put could be overwritten"
        return ProbeResult(said=f"{address.url}: {said}", usable=False)
    if not removed:
        said = f"can be written and read, but {path} could not be removed: gc cannot clean it"
        return ProbeResult(said=f"{address.url} {said}", usable=True, complete=False)
    return ProbeResult(said=f"{address.url} can be written, read and cleaned", usable=True)


async def _removed(store: ObjectStore, path: str) -> bool:
    try:
        await store.delete(path)
        return await store.head(path) is None
    except StoreFault:
        return False
