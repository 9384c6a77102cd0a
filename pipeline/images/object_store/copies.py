"""Copies of the files of one folder in an object store, where the disk ends with the run."""

from collections.abc import Iterable, Sequence

from pipeline.errors import LocalFault
from pipeline.images.object_store.base import ObjectStore, made_whole
from pipeline.images.object_store.blocking import wait_for


class StoreCopies:
    """Files of one folder, kept under their names; every method blocks."""

    def __init__(self, objects: ObjectStore, folder: str) -> None:
        self._objects, self._folder = objects, folder

    def keep(self, name: str, content: bytes) -> None:
        """Keep a copy; durable on return. `LocalFault` if that fails."""
        wait_for(self._keep(f"{self._folder}/{name}", content))

    async def _keep(self, path: str, content: bytes) -> None:
        version = await self._objects.create(path, content)
        if version is None:  # the answer to a first try was lost, or an older file is there
            version = await self._objects.overwrite(path, content)
        if await made_whole(self._objects, path, content, version) is None:
            raise LocalFault(f"{self._objects.address.at(path)} was changed by others")

    def read(self, name: str) -> bytes | None:
        """Return a copy; `None` if there is none."""
        return wait_for(self._objects.read(f"{self._folder}/{name}"))

    def remove(self, names: Sequence[str]) -> None:
        """Remove copies; those that are gone already are no error."""
        for name in names:
            wait_for(self._objects.delete(f"{self._folder}/{name}"))

    def names(self) -> Iterable[str]:
        """Return the names of all copies."""
        return [one.path.rpartition("/")[2] for one in self._objects.found_below(self._folder)]
