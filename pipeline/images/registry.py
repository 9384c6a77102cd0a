"""Image stores by kind; the module of a store is imported when it is opened."""

import os
from importlib import import_module
from pathlib import Path

from pipeline.images.base import LOCAL, ImageStore, StoreLocation

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
