"""An object store in memory, for tests: the same promises as a real one, and no network."""

import hashlib

from pipeline.images.object_store.address import store_address
from pipeline.images.object_store.base import FoundObject, ObjectVersion


class MemoryObjects:
    """Objects in a dictionary; `opaque`: entity tags say nothing about the content."""

    def __init__(self, url="s3://ads/shop", *, opaque=False):
        self.address = store_address(url)
        self.files = {}
        self.opaque = opaque
        self.reads = []
        self._count = 0

    async def create(self, path, content):
        if path in self.files:
            return None
        return self._put(path, content)

    async def replace(self, path, content, *, known):
        if path not in self.files or self.files[path][1] != known:
            return None
        return self._put(path, content)

    async def overwrite(self, path, content):
        return self._put(path, content)

    async def head(self, path):
        if path not in self.files:
            return None
        content, version = self.files[path]
        return FoundObject(path=path, size=len(content), version=version)

    async def read(self, path, *, size=0):
        self.reads.append(path)
        return self.files[path][0] if path in self.files else None

    async def delete(self, path):
        self.files.pop(path, None)

    def found_below(self, folder):
        for path, (content, version) in sorted(self.files.items()):
            if not folder or path.startswith(f"{folder}/"):
                yield FoundObject(path=path, size=len(content), version=version)

    def put_by_others(self, path, content):
        self._put(path, content)

    def _put(self, path, content):
        self._count += 1
        tag = str(self._count) if self.opaque else hashlib.md5(content).hexdigest()  # noqa: S324
        self.files[path] = content, ObjectVersion(etag=f'"{tag}"')
        return self.files[path][1]
