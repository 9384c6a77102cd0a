"""Images that come in together: durable in one go, and none the other's trouble."""

import asyncio
import errno
import gc
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from encoded_pictures import encoded

from pipeline.errors import ImageBroken, LocalFault
from pipeline.files.confined import ConfinedPath, OpenFolders
from pipeline.images.local import group_writer
from pipeline.images.local.group_writer import ImageGroupWriter
from pipeline.images.local.part_file import PartFile

PICTURE = encoded("PNG", size=(32, 32))
OTHER = encoded("PNG", size=(16, 16))


@pytest.fixture
def write(tmp_path):
    """Settle images that arrive in the same turn of the loop; what became of each, in order."""
    writer, folders = ImageGroupWriter(None), OpenFolders(tmp_path)

    async def written(*images):
        waiting = [
            writer.finish(
                PartFile(tmp_path, folders, ConfinedPath.at(path)), [content], frozenset()
            )
            for path, content in images
        ]
        return await asyncio.gather(*waiting, return_exceptions=True)

    return written


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def test_a_folder_is_made_durable_once_for_all_written_to_it(write, monkeypatch):
    await write(("c/a/0.png", PICTURE), ("c/b/0.png", PICTURE))
    synced, renamed = [], []
    fsync, rename = os.fsync, os.rename

    def noted(file):
        synced.append(len(renamed))
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "rename", lambda *a, **more: renamed.append(a) or rename(*a, **more))
    names = [f"c/{folder}/{n}.png" for n in (1, 2, 3) for folder in "ab"]
    artifacts = await write(*((name, PICTURE) for name in names))
    assert [artifact.path for artifact in artifacts] == names
    assert synced == [0] * 6 + [6] * 2


async def test_a_broken_image_leaves_those_that_came_with_it_alone(write, tmp_path):
    whole, broken, other = await write(
        ("c/a.png", PICTURE), ("c/b.png", PICTURE[:-5]), ("d/c.png", PICTURE)
    )
    assert isinstance(broken, ImageBroken)
    assert files(tmp_path) == [whole.path, other.path]


async def test_a_folder_that_cannot_be_made_durable_fails_only_what_was_written_to_it(
    write, tmp_path, monkeypatch
):
    await write(("c/0.png", PICTURE), ("d/0.png", PICTURE))
    bad, fsync = (tmp_path / "c").stat().st_ino, os.fsync

    def failing(file):
        if os.fstat(file).st_ino == bad:
            raise OSError(errno.EIO, "bad block")
        fsync(file)

    monkeypatch.setattr(os, "fsync", failing)
    first, good, second = await write(
        ("c/1.png", PICTURE), ("d/1.png", PICTURE), ("c/2.png", PICTURE)
    )
    assert (first.errno, second.errno) == (errno.EIO, errno.EIO)
    assert good.path == "d/1.png"


async def test_two_that_turn_out_to_want_one_name_do_not_overwrite_each_other(write, tmp_path):
    first, second = await write(("c/a.png", PICTURE), ("c/a.jpg", OTHER))
    assert isinstance(second, LocalFault)
    assert (tmp_path / first.path).read_bytes() == PICTURE
    assert files(tmp_path) == ["c/a.png"]


async def test_more_than_one_group_can_take_is_still_written_whole(write, tmp_path, monkeypatch):
    monkeypatch.setattr(ImageGroupWriter, "MOST", 3)
    groups, together = [], group_writer._write_group
    monkeypatch.setattr(
        group_writer, "_write_group", lambda group: groups.append(len(group)) or together(group)
    )
    await write(*((f"c/{n}.png", PICTURE) for n in range(8)))
    assert (len(files(tmp_path)), groups) == (8, [3, 3, 2])


async def test_bytes_of_an_image_nobody_wants_any_more_never_reach_the_disk(tmp_path):
    with ThreadPoolExecutor(1) as disk:
        writer, held = ImageGroupWriter(disk), asyncio.Event()
        loop = asyncio.get_running_loop()
        disk.submit(lambda: asyncio.run_coroutine_threadsafe(held.wait(), loop).result(10))
        part = PartFile(tmp_path, OpenFolders(tmp_path), ConfinedPath.at("c/a.png"))
        written = writer.write(part, [PICTURE])
        await asyncio.sleep(0)
        part.discard()
        held.set()
        await written
    assert list(tmp_path.iterdir()) == []


async def test_no_descriptor_is_left_open_whatever_became_of_the_images(write):
    await write(("c/a.png", PICTURE))
    gc.collect()
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names are enough
    await write(("c/b.png", PICTURE), ("c/c.png", PICTURE[:-5]), ("c/b.jpg", OTHER))
    gc.collect()  # tracebacks hold what the failed images had open
    assert len(os.listdir("/dev/fd")) <= before  # noqa: PTH208 - another test may close its own


async def test_without_a_further_thread_everybody_who_waits_is_told(write, monkeypatch):
    """The callback that starts the group died, and the run hung with paid images."""
    loop = asyncio.get_running_loop()

    def none_left(*_arguments):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as broken:
        broken.setattr(loop, "run_in_executor", none_left)
        async with asyncio.timeout(5):
            answers = await write(("c/a/0.png", PICTURE), ("c/b/0.png", OTHER))
    assert [str(answer) for answer in answers] == ["can't start new thread"] * 2
    [artifact] = await write(("c/a/0.png", PICTURE))
    assert artifact.path == "c/a/0.png"
