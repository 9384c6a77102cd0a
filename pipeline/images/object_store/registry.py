"""Opening object stores; their client is imported when one is opened."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from pipeline.errors import UsageError
from pipeline.images.object_store.address import StoreAddress
from pipeline.images.object_store.base import TRIES, ObjectStore

NEEDED = "obstore"
"""The package of object stores, of the extra `stores`."""
HINT = "pip install 'campaign-pipeline[stores]'"
CLIENT = "pipeline.images.object_store.client"


def refuse_without_package(address: StoreAddress) -> None:
    """Raise `UsageError` with the command that installs it, if the package of stores is missing."""
    if find_spec(NEEDED) is None:
        raise UsageError(f"{address.url} needs the extra stores: {HINT}")


def open_objects(address: StoreAddress, *, tries: int = TRIES) -> ObjectStore:
    """Return the object store at an address; nothing is sent yet.

    `UsageError` if the package is missing, `StoreFault` if no credentials are found.
    """
    refuse_without_package(address)
    return cast("ObjectStore", import_module(CLIENT).ObjectClient(address, tries=tries))
