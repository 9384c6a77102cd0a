"""Image stores by kind, and object stores; their modules are imported when one is opened."""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from pipeline.errors import UsageError
from pipeline.images.base import LOCAL, ImageStore, StoreLocation
from pipeline.images.object_store.address import StoreAddress
from pipeline.images.object_store.base import ObjectStore

NEEDED = "obstore"
"""The package of object stores, of the extra `stores`."""
HINT = "pip install 'campaign-pipeline[stores]'"
CLIENT = "pipeline.images.object_store.client"

STORES: dict[str, tuple[str, str]] = {LOCAL: ("pipeline.images.local.store", "LocalImageStore")}
"""Kind → module and class; the class is called with the place of the location."""


def open_images(location: StoreLocation) -> ImageStore:
    """Return the store at a location."""
    module, kind = STORES[location.kind]
    images: ImageStore = getattr(import_module(module), kind)(location.place)
    return images


def images_in(output: Path) -> ImageStore:
    """Return the store of an output folder."""
    return open_images(StoreLocation(kind=LOCAL, place=os.path.realpath(output)))


def refuse_without_package(address: StoreAddress) -> None:
    """Raise `UsageError` with the command that installs it, if the package of stores is missing."""
    if find_spec(NEEDED) is None:
        raise UsageError(f"{address.url} needs the extra stores: {HINT}")


def open_objects(address: StoreAddress) -> ObjectStore:
    """Return the object store at an address; nothing is sent yet.

    `UsageError` if the package is missing, `StoreFault` if no credentials are found.
    """
    refuse_without_package(address)
    return cast("ObjectStore", import_module(CLIENT).ObjectClient(address))
