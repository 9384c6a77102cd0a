"""Images and records where an object store keeps them instead of this disk."""

import hashlib
from pathlib import Path

import pytest
from encoded_pictures import encoded, pieces

from pipeline.errors import LocalFault, UsageError
from pipeline.files.confined import ConfinedPath
from pipeline.images.kept_records import fetch_record, keep_records
from pipeline.images.local.store import LocalImageStore
from pipeline.images.object_store.store import FEW, ObjectImageStore
from pipeline.images.reading import local_file
from pipeline.images.registry import images_in

PICTURE = encoded("PNG")
PLACE = ConfinedPath(folders=("soda",), name="checks.jsonl")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that keeps images and records, and the folder in which it does."""
    place = tmp_path / "store"
    monkeypatch.setenv("PIPELINE_IMAGES", f"file://{place}")
    return place


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "output"
    (folder / "soda").mkdir(parents=True)
    return folder


def test_a_record_is_read_by_the_next_machine_and_never_over_its_own(store, output, tmp_path):
    (output / str(PLACE)).write_bytes(b"one\n")
    keep_records(output, [str(PLACE), "soda/none.jsonl"])
    other = tmp_path / "other"
    other.mkdir()
    fetch_record(other, PLACE)
    assert (other / str(PLACE)).read_bytes() == b"one\n"
    (output / str(PLACE)).write_bytes(b"two\n")
    fetch_record(output, PLACE)
    assert (output / str(PLACE)).read_bytes() == b"two\n"


def test_nothing_is_fetched_where_the_disk_keeps_the_images(output, monkeypatch):
    monkeypatch.delenv("PIPELINE_IMAGES", raising=False)
    keep_records(output, [str(PLACE)])
    fetch_record(output, PLACE)
    assert [*(output / "soda").iterdir()] == []
    assert isinstance(images_in(output), LocalImageStore)


def test_a_wrong_address_is_refused(output, monkeypatch):
    monkeypatch.setenv("PIPELINE_IMAGES", "bucket")
    with pytest.raises(UsageError, match="is no address of a store"):
        images_in(output)


async def test_a_draft_is_copied_to_this_disk_once_and_checked(store, output):
    images = images_in(output)
    assert isinstance(images, ObjectImageStore)
    artifact = await images.put("soda/drafts/a.png", pieces(PICTURE))
    place = Path(await local_file(images, artifact, scratch=output))
    assert (place.is_absolute(), place.read_bytes()) == (True, PICTURE)
    images.write(artifact.path, b"edited")
    assert await local_file(images, artifact, scratch=output) == str(place)
    place.unlink()
    with pytest.raises(LocalFault, match="was changed in the store"):
        await local_file(images, artifact, scratch=output)
    here = LocalImageStore(output)
    artifact = await here.put("soda/drafts/a.png", pieces(PICTURE))
    assert await local_file(here, artifact, scratch=output) == str(output / artifact.path)


async def test_sizes_of_many_are_listed_once_and_own_writes_are_known(store, output, monkeypatch):
    images = images_in(output)
    names = [f"soda/drafts/{number}.png" for number in range(FEW + 4)]
    await images.put(names[0], pieces(PICTURE))
    assert images.stat_many(names) == {names[0]: len(PICTURE)}
    monkeypatch.setattr(images, "_list", None)  # what was listed is current for a while
    monkeypatch.setattr(images, "_heads", None)
    await images.put(names[1], pieces(PICTURE))
    await images.delete(names[0])
    assert images.stat_many(names) == {names[1]: len(PICTURE)}


async def test_an_older_image_makes_way_only_if_it_is_named(store, output):
    images = images_in(output)
    older = encoded("PNG", size=(32, 32))
    await images.put("soda/a.png", pieces(older))
    with pytest.raises(LocalFault, match="this pipeline did not write it"):
        await images.put("soda/a.png", pieces(PICTURE))
    replaces = frozenset({hashlib.sha256(older).hexdigest()})
    await images.put("soda/a.png", pieces(PICTURE), replaces=replaces)
    assert images.open("soda/a.png").read() == PICTURE
