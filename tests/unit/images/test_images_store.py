"""Files that are whole and durable under their name, or not there."""

import asyncio
import errno
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from encoded_pictures import PNG, encoded, pieces

from pipeline.errors import DownloadFailed, ImageBroken, LocalFault
from pipeline.images.local import part
from pipeline.images.local import store as store_module
from pipeline.images.local.store import ArtifactStore, Condition
from pipeline.model.artifact import Alpha, Artifact, ImageKind

PICTURE = encoded("PNG", mode="RGBA", alpha=0)
OTHER = encoded("PNG", size=(32, 32))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path)


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def test_a_stored_image_is_byte_for_byte_what_came(store, tmp_path):
    artifact = await store.put("citrus/drafts/a/4x3-t1.png", pieces(PICTURE, 100))
    assert (tmp_path / artifact.path).read_bytes() == PICTURE
    assert artifact == Artifact(
        path="citrus/drafts/a/4x3-t1.png",
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        bytes=len(PICTURE),
        kind=ImageKind.PNG,
        width=64,
        height=48,
        alpha=Alpha.CHANNEL,
    )


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

        monkeypatch.setattr(part.os, name, noted)

    await store.put("c/a.png", pieces(PICTURE))
    note("fsync")
    note("rename")
    await store.put("c/b.png", pieces(PICTURE))
    assert steps == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize(
    ("kind", "asked", "named"),
    [
        ("JPEG", "c/a.png", "c/a.jpg"),
        ("WEBP", "c/a.png", "c/a.webp"),
        ("PNG", "c/a.jpg", "c/a.png"),
        ("JPEG", "c/a.jpeg", "c/a.jpeg"),
        ("PNG", "c/v1.5", "c/v1.5.png"),
        ("JPEG", "c/v1.5.png", "c/v1.5.jpg"),
    ],
)
async def test_the_ending_follows_the_bytes(store, tmp_path, *, kind, asked, named):
    artifact = await store.put(asked, pieces(encoded(kind)))
    assert (artifact.path, files(tmp_path)) == (named, [named])


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


async def test_a_broken_image_leaves_the_older_one_alone(store, tmp_path):
    await store.put("c/a.png", pieces(PICTURE))
    with pytest.raises(ImageBroken):
        await store.put("c/a.png", pieces(PICTURE[:-5]))
    assert (tmp_path / "c/a.png").read_bytes() == PICTURE


async def test_a_download_that_fails_half_way_leaves_no_file(store, tmp_path):
    async def failing():
        yield PICTURE[:50]
        raise DownloadFailed("reset")

    with pytest.raises(DownloadFailed):
        await store.put("c/a.png", failing())
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
        putting = asyncio.create_task(ArtifactStore(tmp_path, disk=disk).put("c/a.png", noted()))
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

    monkeypatch.setattr(part.os, "write", slow)
    with ThreadPoolExecutor(1) as disk:
        store = ArtifactStore(tmp_path, disk=disk)
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
    with pytest.raises(LocalFault, match=r"c/a\.png is in the way.*Move it away"):
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
    with pytest.raises(LocalFault, match="in the way"):
        await store.put("c/a.png", pieces(PICTURE))
    assert await store.fingerprint("c/a.png") == hashlib.sha256(b"").hexdigest()


async def test_the_same_image_may_be_stored_again(store):
    first = await store.put("c/a.png", pieces(PICTURE))
    assert await store.put("c/a.png", pieces(PICTURE)) == first


async def test_a_file_that_the_caller_vouches_for_is_replaced(store, tmp_path):
    old = await store.put("c/a.png", pieces(OTHER))
    new = await store.put("c/a.png", pieces(PICTURE), replaces=frozenset({old.sha256}))
    assert (tmp_path / new.path).read_bytes() == PICTURE


async def test_a_rotten_file_is_replaced_once_its_fingerprint_is_known(store, tmp_path):
    old = await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / old.path).write_bytes(b"rot")
    found = await store.fingerprint(old.path)
    await store.put("c/a.png", pieces(PICTURE), replaces=frozenset({found}))
    assert await store.verify(old) is Condition.WHOLE


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
        await ArtifactStore(root).put("c/a.png", pieces(PICTURE))
    assert files(outside) == []


async def test_the_output_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk2").mkdir()
    (tmp_path / "output").symlink_to(tmp_path / "disk2")
    await ArtifactStore(tmp_path / "output").put("c/a.png", pieces(PICTURE))
    assert files(tmp_path / "disk2") == ["c/a.png"]


@pytest.mark.parametrize(
    "path", ["/etc/a.png", "../a.png", "c/../../a.png", "c//a.png", "c/./a.png", "", "c/", "a\0b"]
)
async def test_a_path_that_could_leave_the_folder_is_a_bug(store, tmp_path, path):
    with pytest.raises(ValueError, match="plain relative path"):
        await store.put(path, pieces(PICTURE))
    assert files(tmp_path) == []


async def test_a_folder_that_is_gone_stops_the_buying(tmp_path):
    store = ArtifactStore(tmp_path / "gone")
    with pytest.raises(LocalFault, match=r"c/a\.png: No such file"):
        await store.put("c/a.png", pieces(PICTURE))


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_a_failing_disk_is_a_local_fault_and_leaves_nothing(
    store, tmp_path, monkeypatch, *, step, fault
):
    def fail(*_, **__):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(part.os, step, fail)
    with pytest.raises(LocalFault, match=os.strerror(fault)) as failure:
        await store.put("c/a.png", pieces(PICTURE))
    assert failure.value.exit_code == 74
    assert files(tmp_path) == []


async def test_a_disk_that_takes_a_few_bytes_at_a_time_still_gets_them_all(
    store, tmp_path, monkeypatch
):
    real = os.write
    monkeypatch.setattr(part.os, "write", lambda file, content: real(file, bytes(content[:7])))
    await store.put("c/a.png", pieces(PNG))
    assert (tmp_path / "c/a.png").read_bytes() == PNG


async def test_a_name_that_is_too_long_is_a_local_fault(store):
    with pytest.raises(LocalFault, match="too long"):
        await store.put(f"c/{'a' * 300}.png", pieces(PICTURE))


async def test_one_path_is_never_written_twice_at_once(store):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        yield PICTURE
        begun.set()
        await go_on.wait()

    first = asyncio.create_task(store.put("c/a.png", slow()))
    await begun.wait()
    with pytest.raises(LocalFault, match="twice at once"):
        await store.put("c/a.png", pieces(PICTURE))
    go_on.set()
    assert (await first).path == "c/a.png"


async def test_many_images_are_stored_at_once(store, tmp_path):
    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(store.put(f"c/{number % 3}/{number}.png", pieces(PICTURE, 64)))
    assert len(files(tmp_path)) == 40


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
    assert (await store.verify(artifact), store.present(artifact)) == (condition, present)


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
    assert not store.present(artifact)


async def test_a_file_swapped_for_a_link_does_not_count_as_there(store, tmp_path):
    artifact = await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / "c/a.png").rename(tmp_path / "elsewhere.png")
    (tmp_path / "c/a.png").symlink_to(tmp_path / "elsewhere.png")
    assert not store.present(artifact)
    with pytest.raises(LocalFault):
        await store.verify(artifact)


async def test_half_written_files_of_a_dead_run_are_swept(store, tmp_path):
    await store.put("c/drafts/a.png", pieces(PICTURE))
    for name in ("c/drafts/b.png.part", "c/finals/c.png.part", "d/other.png.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    assert await store.sweep("c") == 2
    assert files(tmp_path) == ["c/drafts/a.png", "d/other.png.part"]


async def test_sweeping_a_campaign_that_has_no_folder_finds_nothing(store):
    assert await store.sweep("never-run") == 0


async def test_a_replaced_image_keeps_its_bytes_under_a_second_name(store, tmp_path):
    old = await store.put("c/a.png", pieces(OTHER))
    kept = await store.second_name(old)
    await store.put("c/a.png", pieces(PICTURE), replaces=frozenset({old.sha256}))
    assert kept.path == f"c/a.{old.sha256[:12]}.png"
    assert (tmp_path / kept.path).read_bytes() == OTHER


async def test_a_second_name_may_be_given_twice(store):
    artifact = await store.put("c/a.png", pieces(PICTURE))
    assert await store.second_name(artifact) == await store.second_name(artifact)


async def test_an_image_that_is_gone_gets_no_second_name(store, tmp_path):
    artifact = await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / artifact.path).unlink()
    with pytest.raises(LocalFault, match=r"c/a\.png: No such file"):
        await store.second_name(artifact)


async def test_a_path_is_occupied_by_whatever_lies_there_even_a_dead_link(store, tmp_path):
    await store.put("c/a.png", pieces(PICTURE))
    (tmp_path / "c/b.png").symlink_to("nowhere")
    occupied = [store.occupied(f"{path}.png") for path in ("c/a", "c/b", "c/c", "d/a")]
    assert occupied == [True, True, False, False]
