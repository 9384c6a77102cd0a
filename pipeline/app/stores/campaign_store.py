"""The object store of a campaign: where its files are uploaded, besides the output folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.campaign.environment import fill_environment
from pipeline.campaign.findings import refusal
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import StoreFault, UsageError
from pipeline.images.base import ImageStore
from pipeline.images.object_store.address import (
    StoreAddress,
    public_url,
    public_url_problem,
    store_address,
)
from pipeline.images.object_store.base import ObjectStore
from pipeline.images.object_store.registry import open_objects, refuse_without_package
from pipeline.images.registry import OBJECTS
from pipeline.model.campaign import Campaign

MARK = ".campaign-pipeline"
"""An object that says who writes here; creating it proves the right to write."""
_MARKED = b"Objects below this prefix are written by campaign-pipeline.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignStore:
    """Where a campaign's files are uploaded."""

    address: StoreAddress
    public: str
    """The filled template of public URLs; empty if there is none."""

    def public_url(self, path: str) -> str:
        """Return the public URL of a file by its path; empty without a template."""
        return public_url(self.public, path)

    def fields(self, path: str) -> Mapping[str, str | None]:
        """Return where an uploaded file is, as manifests and tables have it."""
        return {"stored_at": self.address.at(path), "public_url": self.public_url(path) or None}


def store_of(campaign: Campaign) -> CampaignStore | None:
    """Return the store of a campaign, with its variables filled in; `None` if it has none.

    `UsageError` if a variable is not set, or if the result is no address.
    """
    if not campaign.store:
        return None
    try:
        address = store_address(fill_environment(campaign.store, os.environ))
        public = fill_environment(campaign.public_url, os.environ)
    except KeyError as missing:
        raise UsageError(
            f"output.store needs the variable {missing.args[0]}, which is not set"
        ) from None
    if public and (problem := public_url_problem(public)):
        raise UsageError(f"output.public_url {problem}")
    return CampaignStore(address=address, public=public)


def refuse_unusable_store(loaded: LoadedCampaign) -> CampaignStore | None:
    """Return the store of a campaign; `CampaignError` if this machine cannot use it.

    Nothing is sent.
    """
    try:
        store = store_of(loaded.campaign)
        if store is not None:
            refuse_without_package(store.address)
    except UsageError as error:
        at = loaded.checked.place("output", "store")
        raise refusal(str(error), at=at, code="store", path="output.store") from None
    return store


async def prove_writable(store: CampaignStore) -> ObjectStore:
    """Open a store, and prove that objects can be written there; `StoreFault` if not.

    The one object that this leaves there says who writes below the prefix.
    """
    try:
        client = open_objects(store.address)
        await client.create(MARK, _MARKED)
    except StoreFault as fault:
        raise StoreFault(f"{fault}; nothing was sent to the provider") from None
    return client


def object_address(images: ImageStore) -> StoreAddress | None:
    """Return the address of an image store that is an object store; `None` if it is a disk."""
    location = images.location
    return store_address(location.place) if location.kind == OBJECTS else None


def keeps_images(store: CampaignStore, images: ImageStore) -> bool:
    """Return whether the images themselves lie where they would be uploaded."""
    address = object_address(images)
    return address is not None and address.url == store.address.url
