"""Files that are whole and durable under their name, or not there."""

import asyncio
import errno
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from encoded_pictures import PNG, encoded, pieces

from pipeline.errors import ImageBroken, LocalFault
from pipeline.images.base import NO_FILE
from pipeline.images.local import part_file
from pipeline.images.local import store as store_module
from pipeline.images.local.store import LocalImageStore
from pipeline.images.reading import Condition, sha256_of, verify
from pipeline.model.artifact import Alpha, Artifact, ImageKind

PICTURE = encoded("PNG", mode="RGBA", alpha=0)
OTHER = encoded("PNG", size=(32, 32))


@pytest.fixture
def store(tmp_path):
    return LocalImageStore(tmp_path)


def is_there(store, artifact):
    return store.stat_many([artifact.path]).get(artifact.path) == artifact.bytes


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def test_nothing_but_the_image_is_left(store, tmp_path):
    await store.put("c/drafts/a.png", pieces(PICTURE))
    assert files(tmp_path) == ["c/drafts/a.png"]


async def test_file_and_folder_are_fsynced_before_and_after_the_rename(store, monkeypatch):
    steps = []

    def note(name):
        real = getattr(os, name)

        def noted(*args, **more):
            steps.append(name)
            return real(*args, **more)

        monkeypatch.setattr(part_file.os, name, noted)

    await store.put("c/a.png", pieces(PICTURE))
    note("fsync")
    note("rename")
    await store.put("c/b.png", pieces(PICTURE))
    assert steps == ["fsync", "rename", "fsync"]


BROKEN = {
    "truncated": PICTURE[:-5],
    "html": b"<html>" + bytes(100),
    "empty": b"",
    "trailing": PICTURE + b"x",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_image_leaves_no_file(store, tmp_path, content):
    with pytest.raises(ImageBroken):
        await store.put("c/a.png", pieces(content))
    assert files(tmp_path) == []


async def test_a_cancelled_download_leaves_no_file(store, tmp_path):
    begun = asyncio.Event()

    async def hanging():
        yield PICTURE[:50]
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(store.put("c/a.png", hanging()))
    await begun.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert files(tmp_path) == []


async def test_a_run_cancelled_while_the_disk_is_slow_leaves_a_whole_file_and_no_part(tmp_path):
    held, sent = threading.Event(), asyncio.Event()

    async def noted():
        yield PICTURE
        sent.set()

    with ThreadPoolExecutor(1) as disk:
        disk.submit(held.wait)
        (tmp_path / "c").mkdir()
        putting = asyncio.create_task(LocalImageStore(tmp_path, disk=disk).put("c/a.png", noted()))
        await sent.wait()
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        held.set()
    assert files(tmp_path) == ["c/a.png"]
    assert (tmp_path / "c/a.png").read_bytes() == PICTURE


async def test_an_image_that_outgrows_memory_goes_to_disk_in_pieces(store, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "HELD", 100)
    sizes = []

    async def watched():
        async for piece in pieces(PICTURE, 60):
            sizes.extend(file.stat().st_size for file in tmp_path.rglob("*.part"))
            yield piece

    artifact = await store.put("c/a.png", watched())
    assert sizes == sorted(sizes)
    assert max(sizes) > len(PICTURE) - 2 * 100
    assert (tmp_path / artifact.path).read_bytes() == PICTURE


async def test_a_run_cancelled_while_half_an_image_goes_to_a_slow_disk_leaves_no_part(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(store_module, "HELD", 100)
    write, writing, held = os.write, threading.Event(), threading.Event()

    def slow(file, content):
        writing.set()
        held.wait(10)
        return write(file, content)

    monkeypatch.setattr(part_file.os, "write", slow)
    with ThreadPoolExecutor(1) as disk:
        store = LocalImageStore(tmp_path, disk=disk)
        putting = asyncio.create_task(store.put("c/a.png", pieces(PICTURE, 60)))
        await asyncio.to_thread(writing.wait, 10)
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        held.set()
    assert files(tmp_path) == []


async def test_what_a_dead_run_left_half_written_is_cleaned(store, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.png.part").write_bytes(b"half")
    await store.put("c/a.png", pieces(PICTURE))
    assert files(tmp_path) == ["c/a.png"]


async def test_a_part_that_is_a_link_is_not_written_through(store, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "c/a.png.part").symlink_to(tmp_path / "precious")
    await store.put("c/a.png", pieces(PICTURE))
    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert (tmp_path / "c/a.png").read_bytes() == PICTURE


async def test_a_foreign_file_is_never_overwritten(store, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.png").write_bytes(b"my own retouching")
    with pytest.raises(LocalFault, match=r"c/a\.png already exists.*Move it away"):
        await store.put("c/a.png", pieces(PICTURE))
    assert (tmp_path / "c/a.png").read_bytes() == b"my own retouching"
    assert files(tmp_path) == ["c/a.png"]


async def test_a_foreign_file_under_the_corrected_ending_is_never_overwritten(store, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.jpg").write_bytes(b"mine")
    with pytest.raises(LocalFault, match=r"c/a\.jpg"):
        await store.put("c/a.png", pieces(encoded("JPEG")))


async def test_a_fifo_in_the_way_is_refused_and_holds_nobody_up(store, tmp_path):
    (tmp_path / "c").mkdir()
    os.mkfifo(tmp_path / "c/a.png")
    with pytest.raises(LocalFault, match="already exists"):
        await store.put("c/a.png", pieces(PICTURE))
    assert sha256_of(store, "c/a.png") == hashlib.sha256(b"").hexdigest()


async def test_a_rotten_file_is_replaced_once_its_fingerprint_is_known(store, tmp_path):
    old = await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / old.path).write_bytes(b"rot")
    found = sha256_of(store, old.path)
    await store.put("c/a.png", pieces(PICTURE), replaces=frozenset({found}))
    assert verify(store, old) is Condition.WHOLE


@pytest.mark.parametrize("link", ["file", "folder"])
async def test_no_link_leads_out_of_the_folder(tmp_path, link):
    outside, root = tmp_path / "outside", tmp_path / "output"
    outside.mkdir()
    root.mkdir()
    if link == "folder":
        (root / "c").symlink_to(outside)
    else:
        (root / "c").mkdir()
        (root / "c/a.png").symlink_to(outside / "a.png")
    with pytest.raises(LocalFault):
        await LocalImageStore(root).put("c/a.png", pieces(PICTURE))
    assert files(outside) == []


async def test_the_output_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk2").mkdir()
    (tmp_path / "output").symlink_to(tmp_path / "disk2")
    await LocalImageStore(tmp_path / "output").put("c/a.png", pieces(PICTURE))
    assert files(tmp_path / "disk2") == ["c/a.png"]


async def test_a_folder_that_is_gone_stops_the_buying(tmp_path):
    store = LocalImageStore(tmp_path / "gone")
    with pytest.raises(LocalFault, match=r"c/a\.png: No such file"):
        await store.put("c/a.png", pieces(PICTURE))


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_a_failing_disk_is_a_local_fault_and_leaves_nothing(
    store, tmp_path, monkeypatch, *, step, fault
):
    def fail(*_, **__):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(part_file.os, step, fail)
    with pytest.raises(LocalFault, match=os.strerror(fault)) as failure:
        await store.put("c/a.png", pieces(PICTURE))
    assert failure.value.exit_code == 74
    assert files(tmp_path) == []


async def test_a_disk_that_takes_a_few_bytes_at_a_time_still_gets_them_all(
    store, tmp_path, monkeypatch
):
    real = os.write
    monkeypatch.setattr(part_file.os, "write", lambda file, content: real(file, bytes(content[:7])))
    await store.put("c/a.png", pieces(PNG))
    assert (tmp_path / "c/a.png").read_bytes() == PNG


async def test_a_name_that_is_too_long_is_a_local_fault(store):
    with pytest.raises(LocalFault, match="too long"):
        await store.put(f"c/{'a' * 300}.png", pieces(PICTURE))


@pytest.mark.parametrize(
    ("change", "condition", "present"),
    [
        (None, Condition.WHOLE, True),
        (b"", Condition.CHANGED, False),
        (b"x" * len(PICTURE), Condition.CHANGED, True),
        ("missing", Condition.MISSING, False),
        ("folder", Condition.MISSING, False),
    ],
)
async def test_what_became_of_a_file_is_found_out(store, tmp_path, *, change, condition, present):
    artifact = await store.put("c/a.png", pieces(PICTURE))
    file = tmp_path / artifact.path
    if isinstance(change, bytes):
        file.write_bytes(change)
    elif change is not None:
        file.unlink()
        if change == "folder":
            file.parent.rmdir()
    assert (verify(store, artifact), is_there(store, artifact)) == (condition, present)


async def test_a_folder_in_the_place_of_a_file_does_not_count_as_there(store, tmp_path):
    (tmp_path / "a.png").mkdir()
    artifact = Artifact(
        path="a.png",
        sha256="0" * 64,
        bytes=(tmp_path / "a.png").stat().st_size,
        kind=ImageKind.PNG,
        width=1,
        height=1,
        alpha=Alpha.NONE,
    )
    assert not is_there(store, artifact)


async def test_a_file_swapped_for_a_link_does_not_count_as_there(store, tmp_path):
    artifact = await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / "c/a.png").rename(tmp_path / "elsewhere.png")
    (tmp_path / "c/a.png").symlink_to(tmp_path / "elsewhere.png")
    assert not is_there(store, artifact)
    with pytest.raises(LocalFault):
        verify(store, artifact)


async def test_a_replaced_image_keeps_its_bytes_under_a_second_name(store, tmp_path):
    old = await store.put("c/a.png", pieces(OTHER))
    kept = await store.second_name(old)
    await store.put("c/a.png", pieces(PICTURE), replaces=frozenset({old.sha256}))
    assert kept.path == f"c/a.{old.sha256[:12]}.png"
    assert (tmp_path / kept.path).read_bytes() == OTHER


async def test_a_path_is_occupied_by_whatever_lies_there_even_a_dead_link(store, tmp_path):
    await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / "c/b.png").symlink_to("nowhere")
    (tmp_path / "c/d.png").mkdir()
    paths = ["c/a.png", "c/b.png", "c/c.png", "c/d.png", "d/a.png"]
    assert store.stat_many(paths) == {
        "c/a.png": len(PICTURE),
        "c/b.png": NO_FILE,
        "c/d.png": NO_FILE,
    }
