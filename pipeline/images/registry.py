"""Image stores by the kind of their location."""

import os
from pathlib import Path
from typing import assert_never

from pipeline.images.base import ImageStore, StoreKind, StoreLocation
from pipeline.images.local.store import LocalImageStore


def open_images(location: StoreLocation) -> ImageStore:
    """Return the store at a location, in any process."""
    match location.kind:
        case StoreKind.LOCAL:
            return LocalImageStore(Path(location.place))
        case _:
            assert_never(location.kind)


def images_in(output: Path) -> ImageStore:
    """Return the store of an output folder."""
    return open_images(StoreLocation(kind=StoreKind.LOCAL, place=os.path.realpath(output)))
