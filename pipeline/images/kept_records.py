"""Records of a campaign that outlive this disk, where an object store keeps the images.

Each is small, and written by the process that holds the campaign's lock, or by a person's decision.
Nothing happens here where the disk keeps the images.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.files.unreadable import read_file
from pipeline.images.base import local_faults
from pipeline.images.registry import VARIABLE, address_of_images


def fetch_record(output: Path, place: ConfinedPath) -> None:
    """Copy a record from the store, if it keeps the images and this disk lacks the record; blocks.

    `StoreFault` if the store fails.
    """
    if not os.environ.get(VARIABLE) or (output / str(place)).exists():
        return
    if (address := address_of_images()) is None or not output.is_dir():
        return
    store = import_module("pipeline.images.object_store.registry").open_objects(address)
    wait_for = import_module("pipeline.images.object_store.blocking").wait_for
    content = wait_for(store.read(str(place)))
    if content is not None:
        with local_faults(str(place)):
            make_folders(output, place.folders)
            write_whole(output, place, content)


def keep_records(output: Path, places: Iterable[str]) -> None:
    """Copy the records of these paths that exist into the store that keeps the images; blocks.

    `StoreFault` if the store fails.
    """
    if not os.environ.get(VARIABLE) or (address := address_of_images()) is None:
        return
    store = import_module("pipeline.images.object_store.registry").open_objects(address)
    wait_for = import_module("pipeline.images.object_store.blocking").wait_for
    for place in places:
        try:
            content = read_file(output / place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LocalFault(f"cannot read {place}: {error.strerror}") from error
        wait_for(store.overwrite(place, content))
