"""An image store in memory, for tests: the same promises as on disk, and no file."""

import hashlib
import io
from dataclasses import replace

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath
from pipeline.images import registry
from pipeline.images.base import StoreLocation
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for, second_name
from pipeline.model.artifact import Artifact

MEMORY = "memory"
PART = ".part"
_FILES = {}
"""Place → path → bytes: a location opens the same images again, in this process."""

registry.STORES[MEMORY] = (__name__, "MemoryImages")


class MemoryImages:
    """Images in a dictionary; `place` names it."""

    def __init__(self, place):
        self.location = StoreLocation(kind=MEMORY, place=place)
        self.files = _FILES.setdefault(place, {})
        self._busy = set()

    async def put(self, path, chunks, *, replaces=frozenset()):
        ConfinedPath.at(path)
        if path in self._busy:
            raise LocalFault(f"{path} is already being written")
        self._busy.add(path)
        try:
            return self._named(path, [chunk async for chunk in chunks], replaces)
        finally:
            self._busy.discard(path)

    def _named(self, path, chunks, replaces):
        scan, content = StructureScan(), b"".join(chunks)
        for chunk in chunks:
            scan.feed(chunk)
        shape = scan.finish()
        name, sha256 = name_for(path, shape.kind), hashlib.sha256(content).hexdigest()
        older = self.files.get(name)
        if older is not None and hashlib.sha256(older).hexdigest() not in replaces | {sha256}:
            raise LocalFault(
                f"{name} already exists, and this pipeline did not write it. "
                "Move it away and run again; the image is paid for and only has to be downloaded."
            )
        self.files[name] = content
        return Artifact(
            path=name,
            sha256=sha256,
            bytes=len(content),
            kind=shape.kind,
            width=shape.width,
            height=shape.height,
            alpha=shape.alpha,
        )

    async def second_name(self, artifact):
        if artifact.path not in self.files:
            raise LocalFault(f"{artifact.path}: No such file or directory")
        beside = second_name(artifact)
        self.files.setdefault(beside, self.files[artifact.path])
        return replace(artifact, path=beside)

    async def delete(self, path):
        ConfinedPath.at(path)
        self.files.pop(path, None)

    async def move(self, path, to):
        ConfinedPath.at(path)
        ConfinedPath.at(to)
        if path in self.files:
            self.files[to] = self.files.pop(path)

    async def sweep(self, folder):
        left = [p for p in self.files if p.startswith(f"{folder}/") and p.endswith(PART)]
        for path in left:
            del self.files[path]
        return len(left)

    def stat_many(self, paths):
        return {path: len(self.files[path]) for path in paths if path in self.files}

    def open(self, path):
        ConfinedPath.at(path)
        if path not in self.files:
            raise FileNotFoundError(path)
        return io.BytesIO(self.files[path])

    def write(self, path, content):
        ConfinedPath.at(path)
        self.files[path] = content

    def fingerprint(self, folders):
        sizes = [
            f"{path} {len(content)}"
            for path, content in sorted(self.files.items())
            if any(path.startswith(f"{folder}/") for folder in folders)
        ]
        return hashlib.sha256("\n".join(sizes).encode()).hexdigest()
