"""Images of tasks on machines that do not see the output folder: their bytes travel instead."""

import hashlib
import os
import pickle
import time
from pathlib import Path

import pytest
from encoded_pictures import encoded, pieces
from isolated_executor import IsolatedExecutor

from pipeline.adfiles.derive import AdFileTask, Derive
from pipeline.errors import FilesNotReached, ImageBroken, LocalFault, WorkerFault
from pipeline.executors.ray import executor as executor_module
from pipeline.executors.ray.executor import RayExecutor
from pipeline.executors.ray.messages import Connected
from pipeline.images.base import StoreLocation
from pipeline.images.local.store import LocalImageStore
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.images.transfer import MARKER, OLD, ImageTransfer, TaskWithFiles, brand_files
from pipeline.inspection.task import Inspect, inspect_of
from pipeline.model.adfiles.ad_file import FileLabels, Recipe
from pipeline.model.adfiles.overlay import Anchor, BrandFile, LogoPart, Plate
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.providers.request import Background

LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 1"><rect width="3" height="1"/></svg>'
)


@pytest.fixture
async def stored(tmp_path):
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    return images, artifact


@pytest.fixture
def transfer(stored):
    opened = ImageTransfer(stored[0])
    opened.begin()
    yield opened
    opened.end()


def inspected(images, artifact):
    return inspect_of(
        images.location, artifact, campaign="c", size="4:3", background=Background.OPAQUE
    )


def derived(images, artifact, logo=None):
    overlay = () if logo is None else (LogoPart(
        at=Anchor.TOP_LEFT, file=logo, width=0.3, clear=0.02, plate=Plate()
    ),)  # fmt: skip
    recipe = Recipe(
        source_sha256=artifact.sha256,
        placement="square-200",
        pixels=(48, 48),
        format=ImageFormat.JPG,
        labels=FileLabels(source_type="algorithmicMedia"),
        overlay=overlay,
    )
    file = AdFileTask(recipe=recipe, path="c/ads/g.jpg")
    return Derive(images=images.location, source=artifact.path, files=(file,))


def brand_logo(tmp_path):
    place = tmp_path / "brand" / "logo.svg"
    place.parent.mkdir()
    place.write_bytes(LOGO)
    return BrandFile(shown="logo.svg", path=str(place), sha256=hashlib.sha256(LOGO).hexdigest())


async def test_a_task_with_its_files_runs_where_nothing_else_is(stored, transfer, tmp_path):
    """Its thumbs arrive with the result, in the store of the coordinator."""
    images, artifact = stored
    task = inspected(images, artifact)
    carrying = transfer.with_files(task)
    (tmp_path / "c/a.png").rename(tmp_path / "elsewhere.png")
    async with IsolatedExecutor() as far:
        result = await far.run(carrying)
    paths = [thumb_path("c", artifact.sha256, side) for side in SIDES]
    assert not images.stat_many(paths)
    found = transfer.received(result)
    assert list(images.stat_many(paths)) == paths
    (tmp_path / "elsewhere.png").rename(tmp_path / "c/a.png")
    assert found == task.run()


async def test_logos_and_fonts_travel_as_well(stored, transfer, tmp_path):
    """They lie beside the campaign file, which no worker has."""
    images, artifact = stored
    logo = brand_logo(tmp_path)
    task = derived(images, artifact, logo)
    assert [*brand_files(task)] == [logo]
    (expected,) = task.run()
    content = (tmp_path / expected.path).read_bytes()
    (tmp_path / expected.path).unlink()
    carrying = transfer.with_files(task)
    Path(logo.path).unlink()
    async with IsolatedExecutor() as far:
        (made,) = transfer.received(await far.run(carrying))
    assert made == expected
    assert (tmp_path / made.path).read_bytes() == content


def test_a_worker_that_sees_another_folder_of_the_same_path_is_found_out(stored, transfer):
    """Its copy of the folder would take the files that nobody reads."""
    images, artifact = stored
    task = transfer.by_path(inspected(images, artifact))
    sent = pickle.loads(pickle.dumps(task))  # noqa: S301 - our own
    assert sent.run() == inspected(images, artifact).run()
    assert transfer.probe().run() is True
    transfer.end()
    assert transfer.probe().run() is False
    with pytest.raises(FilesNotReached):
        task.run()


def test_a_worker_that_does_not_see_an_image_or_a_logo_says_so(stored, transfer, tmp_path):
    images, artifact = stored
    logo = brand_logo(tmp_path)
    task = transfer.by_path(derived(images, artifact, logo))
    assert task.run()[0].path == "c/ads/g.jpg"
    Path(logo.path).unlink()
    with pytest.raises(FilesNotReached):
        task.run()
    (tmp_path / "c/a.png").unlink()
    with pytest.raises(FilesNotReached):
        transfer.by_path(inspected(images, artifact)).run()


def test_a_folder_that_cannot_be_written_is_not_reached(transfer, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for a worker that is not root
    assert transfer.probe().run() is False


def test_what_is_not_there_is_told_as_where_the_task_runs_by_path(stored, transfer, tmp_path):
    images, artifact = stored
    (tmp_path / "c/a.png").unlink()
    with pytest.raises(LocalFault, match=r"c/a\.png: No such file"):
        transfer.with_files(Inspect(images=images.location, path="c/a.png")).run()
    with pytest.raises(ImageBroken, match=r"c/a\.png is missing"):
        transfer.with_files(derived(images, artifact)).run()


def test_a_full_disk_of_a_worker_does_not_stop_the_coordinator(stored, transfer, monkeypatch):
    """A `LocalFault` would: it says that this machine's disk is full."""
    images, artifact = stored
    carrying = transfer.with_files(inspected(images, artifact))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WorkerFault, match=r"No space left on device.* \(worker "):
        carrying.run()


def test_a_task_without_images_is_left_as_it_is(transfer):
    class Plain:
        def run(self):
            return 3

    plain = Plain()
    assert transfer.by_path(plain) is plain
    assert transfer.with_files(plain) is plain
    assert transfer.received(3) == 3


def test_the_folder_is_left_as_it_was_and_markers_of_killed_runs_go(stored, tmp_path):
    dead, young = tmp_path / f"{MARKER}dead", tmp_path / f"{MARKER}young"
    dead.touch()
    young.touch()
    before = time.time() - 2 * OLD
    os.utime(dead, (before, before))
    opened = ImageTransfer(stored[0])
    opened.begin()
    assert len([*tmp_path.glob(f"{MARKER}*")]) == 2
    opened.end()
    assert [*tmp_path.glob(f"{MARKER}*")] == [young]


async def test_images_of_an_object_store_travel_always(stored, tmp_path, monkeypatch):
    """Its credentials stay here; without them, a worker would wait for those of its machine."""
    images, artifact = stored
    task, told = inspected(images, artifact), []
    bucket = StoreLocation(kind="objects", place="s3://bucket")
    monkeypatch.setattr(LocalImageStore, "location", bucket)
    transfer = ImageTransfer(images)
    executor = RayExecutor(transfer=transfer, tell=told.append)

    async def connected():
        return Connected(nodes=1, cores=1, away=(), warnings=())

    async def run_here(task, **_):
        assert isinstance(task, TaskWithFiles)
        return pickle.loads(pickle.dumps(task)).run()  # noqa: S301 - our own

    monkeypatch.setattr(executor, "_connect", connected)
    monkeypatch.setattr(executor, "_run", run_here)
    monkeypatch.setattr(executor_module, "find_spec", lambda _: True)
    async with executor:
        assert not [*tmp_path.glob(f"{MARKER}*")]
        found = await executor.run(task)
    assert (found.image.width, found.image.height) == (64, 48)
    assert "ray  the object store is reached from here only: images are sent to the workers" in told
