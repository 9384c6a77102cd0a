"""What every image store promises, on disk and in memory."""

import asyncio
import hashlib

import pytest
from encoded_pictures import encoded, pieces
from memory_images import MemoryImages
from s3_server import BUCKET, environment, make_bucket, s3_server

from pipeline.errors import DownloadFailed, ImageBroken, LocalFault
from pipeline.images.local.store import LocalImageStore
from pipeline.images.object_store.store import ObjectImageStore
from pipeline.images.reading import Condition, read_file, read_landed, sha256_of, verify
from pipeline.images.registry import open_images
from pipeline.model.artifact import Alpha, Artifact, ImageKind

PICTURE = encoded("PNG", mode="RGBA", alpha=0)
OTHER = encoded("PNG", size=(32, 32))


def object_images(place):
    """Objects in a folder: the store's own code, without a server."""
    return ObjectImageStore(f"file://{place}")


@pytest.fixture(scope="module")
def server():
    with s3_server() as url:
        make_bucket(url)
        yield url


@pytest.fixture
def s3_images(server, monkeypatch, request):
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    return ObjectImageStore(f"s3://{BUCKET}/p{abs(hash(request.node.name))}")


@pytest.fixture(params=[LocalImageStore, MemoryImages, object_images, "s3"])
def images(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3_images")
    return request.param(str(tmp_path))


@pytest.fixture(params=[LocalImageStore, MemoryImages])
def images_in_parts(request, tmp_path):
    """Stores in which a crash may leave half of a file; an object is whole or not there."""
    return request.param(str(tmp_path))


def there(images, *paths):
    return sorted(images.stat_many(paths))


async def test_an_image_is_byte_for_byte_what_came(images):
    artifact = await images.put("citrus/drafts/a/4x3-t1.png", pieces(PICTURE, 100))
    assert read_file(images, artifact.path) == PICTURE
    assert artifact == Artifact(
        path="citrus/drafts/a/4x3-t1.png",
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        bytes=len(PICTURE),
        kind=ImageKind.PNG,
        width=64,
        height=48,
        alpha=Alpha.CHANNEL,
    )


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
async def test_the_ending_follows_the_bytes(images, *, kind, asked, named):
    content = encoded(kind)
    artifact = await images.put(asked, pieces(content))
    assert (artifact.path, read_file(images, named)) == (named, content)
    assert there(images, asked, f"{asked}.part") == ([asked] if asked == named else [])
    assert read_landed(images, asked) == artifact


BROKEN = {
    "truncated": PICTURE[:-5],
    "html": b"<html>" + bytes(100),
    "empty": b"",
    "trailing": PICTURE + b"x",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("older", [None, OTHER], ids=["free", "taken"])
async def test_a_broken_image_changes_nothing(images, content, older):
    replaces = frozenset()
    if older is not None:
        replaces = frozenset({(await images.put("c/a.png", pieces(older))).sha256})
    with pytest.raises(ImageBroken):
        await images.put("c/a.png", pieces(content), replaces=replaces)
    assert there(images, "c/a.png", "c/a.png.part") == ([] if older is None else ["c/a.png"])
    assert older is None or read_file(images, "c/a.png") == older


async def test_a_download_that_fails_half_way_changes_nothing(images):
    async def failing():
        yield PICTURE[:50]
        raise DownloadFailed("reset")

    with pytest.raises(DownloadFailed, match="reset"):
        await images.put("c/a.png", failing())
    assert there(images, "c/a.png", "c/a.png.part") == []


async def test_a_cancelled_download_changes_nothing(images):
    begun = asyncio.Event()

    async def hanging():
        yield PICTURE[:50]
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(images.put("c/a.png", hanging()))
    await begun.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert there(images, "c/a.png", "c/a.png.part") == []


async def test_an_image_that_others_put_there_is_never_overwritten(images):
    images.write("c/a.png", b"my own retouching")
    with pytest.raises(LocalFault, match=r"c/a\.png already exists.*Move it away"):
        await images.put("c/a.png", pieces(PICTURE))
    assert read_file(images, "c/a.png") == b"my own retouching"


async def test_the_same_image_may_be_put_again(images):
    first = await images.put("c/a.png", pieces(PICTURE))
    assert await images.put("c/a.png", pieces(PICTURE)) == first


async def test_an_image_whose_sha256_is_named_is_replaced(images):
    old = await images.put("c/a.png", pieces(OTHER))
    new = await images.put("c/a.png", pieces(PICTURE), replaces=frozenset({old.sha256}))
    assert read_file(images, new.path) == PICTURE


async def test_one_path_is_never_written_twice_at_once(images):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        yield PICTURE
        begun.set()
        await go_on.wait()

    first = asyncio.create_task(images.put("c/a.png", slow()))
    await begun.wait()
    with pytest.raises(LocalFault, match="already being written"):
        await images.put("c/a.png", pieces(PICTURE))
    go_on.set()
    assert (await first).path == "c/a.png"


async def test_many_images_are_put_at_once(images):
    paths = [f"c/{number % 3}/{number}.png" for number in range(40)]
    async with asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(images.put(path, pieces(PICTURE, 64)))
    assert images.stat_many(paths) == dict.fromkeys(paths, len(PICTURE))


@pytest.mark.parametrize(
    "path", ["/etc/a.png", "../a.png", "c/../../a.png", "c//a.png", "c/./a.png", "", "c/", "a\0b"]
)
async def test_a_path_that_could_lead_out_is_a_bug(images, path):
    with pytest.raises(ValueError, match="plain relative path"):
        await images.put(path, pieces(PICTURE))
    with pytest.raises(ValueError, match="plain relative path"):
        images.open(path)
    with pytest.raises(ValueError, match="plain relative path"):
        images.write(path, b"")
    with pytest.raises(ValueError, match="plain relative path"):
        await images.delete(path)


async def test_an_image_that_makes_way_is_kept_under_its_second_name(images):
    old = await images.put("c/a.png", pieces(OTHER))
    kept = await images.second_name(old)
    assert await images.second_name(old) == kept
    await images.put("c/a.png", pieces(PICTURE), replaces=frozenset({old.sha256}))
    assert kept.path == f"c/a.{old.sha256[:12]}.png"
    assert read_file(images, kept.path) == OTHER


async def test_an_image_that_is_gone_gets_no_second_name(images):
    artifact = await images.put("c/a.png", pieces(PICTURE))
    await images.delete(artifact.path)
    with pytest.raises(LocalFault, match=r"c/a\.png: No such file"):
        await images.second_name(artifact)


async def test_deleting_takes_one_name_and_no_other(images):
    artifact = await images.put("c/a.png", pieces(PICTURE))
    kept = await images.second_name(artifact)
    await images.delete("c/a.png")
    await images.delete("c/a.png")
    await images.delete("never/was.png")
    assert there(images, "c/a.png", kept.path) == [kept.path]


async def test_many_files_are_asked_for_at_once(images):
    await images.put("c/a.png", pieces(PICTURE))
    images.write("c/thumbs/a.webp", b"thumb")
    asked = (path for path in ["c/a.png", "c/thumbs/a.webp", "c/b.png", "nowhere/a.png"])
    assert images.stat_many(asked) == {"c/a.png": len(PICTURE), "c/thumbs/a.webp": 5}


async def test_a_file_that_is_not_there_is_said_to_be_missing(images):
    for path in ("c/a.png", "a.png"):
        with pytest.raises(FileNotFoundError):
            images.open(path)
    assert sha256_of(images, "c/a.png") is None


async def test_a_file_can_be_read_from_any_place_in_it(images):
    await images.put("c/a.png", pieces(PICTURE))
    with images.open("c/a.png") as stream:
        stream.seek(-4, 2)
        assert stream.read() == PICTURE[-4:]


async def test_a_small_file_is_written_and_replaced_whole(images):
    images.write("c/thumbs/a.webp", b"first")
    images.write("c/thumbs/a.webp", b"second")
    assert read_file(images, "c/thumbs/a.webp") == b"second"


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        (None, Condition.WHOLE),
        (b"", Condition.CHANGED),
        (b"x" * len(PICTURE), Condition.CHANGED),
        ("missing", Condition.MISSING),
    ],
)
async def test_what_became_of_an_image_is_found_out(images, change, condition):
    artifact = await images.put("c/a.png", pieces(PICTURE))
    if isinstance(change, bytes):
        images.write(artifact.path, change)
    elif change is not None:
        await images.delete(artifact.path)
    assert verify(images, artifact) is condition


async def test_half_written_files_of_a_dead_run_are_swept(images_in_parts):
    images = images_in_parts
    await images.put("c/drafts/a.png", pieces(PICTURE))
    parts = ["c/drafts/b.png.part", "c/finals/c.png.part", "d/other.png.part"]
    for path in parts:
        images.write(path, b"half")
    assert await images.sweep("c") == 2
    assert there(images, "c/drafts/a.png", *parts) == ["c/drafts/a.png", "d/other.png.part"]
    assert await images.sweep("never-run") == 0


async def test_a_fingerprint_tells_whether_images_came_went_or_were_cut_short(images):
    seen = []

    def look():
        seen.append(images.fingerprint(["c/drafts", "c/finals"]))
        return seen[-1]

    assert look() == images.fingerprint(["c/drafts", "c/finals"])
    await images.put("c/drafts/a/1.png", pieces(PICTURE))
    await images.put("c/finals/1.png", pieces(OTHER))
    look()
    await images.put("c/other/1.png", pieces(OTHER))
    assert images.fingerprint(["c/drafts", "c/finals"]) == seen[-1]
    images.write("c/drafts/a/1.png", PICTURE[:-1])
    look()
    await images.delete("c/finals/1.png")
    look()
    assert len(set(seen)) == 4


async def test_a_location_opens_the_same_images(images):
    artifact = await images.put("c/a.png", pieces(PICTURE))
    again = open_images(images.location)
    assert (verify(again, artifact), again.location) == (Condition.WHOLE, images.location)


@pytest.mark.parametrize("content", [None, b"", PICTURE[:-5], encoded("JPEG")])
async def test_only_what_put_would_have_left_has_landed(images, content):
    """A foreign file, a torn one and one whose ending belies its bytes are none of ours."""
    if content is not None:
        images.write("c/a.png", content)
    assert read_landed(images, "c/a.png") is None


async def test_a_file_is_moved_and_moving_it_again_changes_nothing(images):
    images.write("c/adfiles/story/a.jpg", PICTURE)
    images.write("c/adfiles/superseded/story/a.jpg", OTHER)
    for _ in range(2):
        await images.move("c/adfiles/story/a.jpg", "c/adfiles/superseded/story/a.jpg")
        assert there(images, "c/adfiles/story/a.jpg") == []
        assert read_file(images, "c/adfiles/superseded/story/a.jpg") == PICTURE
    await images.move("nowhere/a.jpg", "nowhere/b.jpg")
    assert there(images, "nowhere/b.jpg") == []
    with pytest.raises(ValueError, match="not a plain relative path"):
        await images.move("c/adfiles/superseded/story/a.jpg", "../a.jpg")
