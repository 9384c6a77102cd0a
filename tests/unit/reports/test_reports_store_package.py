"""Exports into an object store: resumed, never over what others put there."""

import asyncio

import pytest
from memory_objects import MemoryObjects

from pipeline.errors import StoreFault, UsageError
from pipeline.reports.export.assets import MANIFEST, export_manifest
from pipeline.reports.export.package import file_of
from pipeline.reports.export.store_package import UNFINISHED, StoreDestination


def package(**contents):
    """The files of an export, and its manifest."""
    files = [file_of(f"{name}.jpg", content) for name, content in contents.items()]
    known = {file.path: file.sha256 for file in files}
    manifest = export_manifest("shop", assets=[], removed=[], missing={}, files=known)
    return [*files, file_of(MANIFEST, manifest)]


@pytest.fixture
def objects():
    return MemoryObjects()


async def export(objects, files):
    destination = StoreDestination(objects)
    return await destination.write(files, await destination.earlier())


def contents(objects):
    return {path: content for path, (content, _) in objects.files.items() if path != MANIFEST}


async def test_an_export_is_written_once_and_then_only_what_changed(objects):
    assert await export(objects, package(a=b"1", b=b"2")) == 3
    assert await export(objects, package(a=b"1", b=b"2")) == 0
    assert await export(objects, package(a=b"1", b=b"3")) == 2
    assert contents(objects) == {"a.jpg": b"1", "b.jpg": b"3"}


async def test_a_file_of_an_earlier_export_is_removed_unless_it_was_edited(objects):
    await export(objects, package(a=b"1", b=b"2", c=b"3"))
    objects.put_by_others("c.jpg", b"edited")
    assert await export(objects, package(a=b"1")) == 2
    assert contents(objects) == {"a.jpg": b"1", "c.jpg": b"edited"}


@pytest.mark.parametrize("ours", [False, True], ids=["put", "changed"])
async def test_an_object_of_others_is_refused_before_anything_is_written(objects, ours):
    if ours:
        await export(objects, package(a=b"1", b=b"2"))
    before = {**contents(objects), "b.jpg": b"theirs"}
    objects.put_by_others("b.jpg", b"theirs")
    with pytest.raises(UsageError, match=r"s3://ads/shop/b\.jpg already exists"):
        await export(objects, package(a=b"new", b=b"new"))
    assert contents(objects) == before


async def test_a_manifest_of_others_is_refused(objects):
    objects.put_by_others(MANIFEST, b"{}")
    with pytest.raises(UsageError, match="already exists"):
        await export(objects, package(a=b"1"))


async def test_an_interrupted_export_is_resumed_even_if_it_has_changed(objects):
    """Half of a second export was written when it ended; the third has other words again."""
    await export(objects, package(a=b"1", b=b"1", c=b"1"))
    replace, left = objects.replace, [1]

    async def failing(path, content, *, known):
        if path.endswith(".jpg") and not left:
            raise StoreFault("the store is gone")
        if path.endswith(".jpg"):
            left.pop()
        return await replace(path, content, known=known)

    objects.replace = failing
    with pytest.raises(StoreFault, match="is gone"):
        await export(objects, package(a=b"2", b=b"2", c=b"2"))
    assert sorted(contents(objects)[f"{name}.jpg"] for name in "abc") == [b"1", b"1", b"2"]
    objects.replace = replace
    await export(objects, package(a=b"3", b=b"3", c=b"3"))
    assert contents(objects) == {f"{name}.jpg": b"3" for name in "abc"}
    assert UNFINISHED not in objects.files


async def test_an_upload_that_arrived_cut_is_repeated(objects):
    create = objects.create
    cut = {"a.jpg"}

    async def cutting(path, content):
        short = path in cut
        cut.discard(path)
        return await create(path, content[:1] if short else content)

    objects.create = cutting
    await export(objects, package(a=b"whole"))
    assert contents(objects) == {"a.jpg": b"whole"}


async def test_what_others_write_meanwhile_is_told(objects):
    create = objects.create

    async def late(path, content):
        if path == "a.jpg":
            objects.put_by_others(path, b"theirs")
        return await create(path, content)

    objects.create = late
    with pytest.raises(StoreFault, match="changed by others during the export"):
        await export(objects, package(a=b"1"))
    assert contents(objects)["a.jpg"] == b"theirs"


async def test_the_first_fault_ends_an_export_without_a_group(objects):
    async def failing(path, content):
        await asyncio.sleep(0)
        raise StoreFault("the store is gone")

    await export(objects, package(a=b"1"))
    objects.create = failing
    with pytest.raises(StoreFault, match="is gone"):
        await export(objects, package(a=b"1", b=b"2", c=b"3"))
