"""Image stores by kind; the module of a store is imported when it is opened."""

import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.images.base import LOCAL, ImageStore, StoreLocation, sizes_on_disk

if TYPE_CHECKING:
    from pipeline.images.object_store.address import StoreAddress

VARIABLE = "PIPELINE_IMAGES"
"""The variable with the URL of the object store that keeps the images instead of this disk."""
OBJECTS = "objects"
"""The kind of a store that is an object store."""
STORES: dict[str, tuple[str, str]] = {
    LOCAL: ("pipeline.images.local.store", "LocalImageStore"),
    OBJECTS: ("pipeline.images.object_store.store", "ObjectImageStore"),
}
"""Kind → module and class; the class is called with the place of the location."""


def open_images(location: StoreLocation) -> ImageStore:
    """Return the store at a location."""
    module, kind = STORES[location.kind]
    images: ImageStore = getattr(import_module(module), kind)(location.place)
    return images


def images_in(output: Path) -> ImageStore:
    """Return the store of an output folder, or the object store that keeps images instead of it.

    `UsageError` if PIPELINE_IMAGES is no address of a store.
    """
    address = address_of_images()
    if address is not None:
        return open_images(StoreLocation(kind=OBJECTS, place=address.url))
    return open_images(StoreLocation(kind=LOCAL, place=os.path.realpath(output)))


def sizes_in(output: Path, paths: Iterable[str]) -> Mapping[str, int]:
    """Return what `images_in(output).stat_many(paths)` does.

    Files on this disk are looked at without opening their store, which imports the event loop.
    """
    if os.environ.get(VARIABLE, "").strip():
        return images_in(output).stat_many(paths)
    return sizes_on_disk(os.path.realpath(output), paths)


def address_of_images() -> "StoreAddress | None":
    """Return the address of the object store that keeps the images; `None` if this disk does."""
    url = os.environ.get(VARIABLE, "").strip()
    if not url:
        return None
    address = import_module("pipeline.images.object_store.address")
    return cast("StoreAddress", address.store_address(url))
