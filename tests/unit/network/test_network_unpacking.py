"""An image that arrives packed: unpacked within the limit, whatever its label says."""

import gzip
import zlib

import pytest
from fake_provider import png
from scripted_api import cut, http, scripted

from pipeline.errors import DownloadFailed, ImageBroken, NotAnImage
from pipeline.network import guarded_session
from pipeline.network.guarded_session import too_large
from pipeline.network.image_downloads import Downloads

PICTURE = png(256, 256)
HOME = frozenset({"127.0.0.1"})


def raw_deflate(content):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


async def fetch(body, encoding="", act=None, **changes):
    label = {"Content_Encoding": encoding} if encoding else {}
    answer = http(200, body, **label)
    async with (
        scripted(act(answer) if act else answer) as server,
        Downloads(server.settings(**changes), own=HOME) as downloads,
        downloads.open(server.url + "/1.png") as chunks,
    ):
        return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(PICTURE), "gzip"),
        (gzip.compress(PICTURE), "x-gzip"),
        (gzip.compress(PICTURE), "GZIP"),
        (gzip.compress(PICTURE), ""),
        (gzip.compress(PICTURE), "identity"),
        (gzip.compress(PICTURE[:99]) + gzip.compress(PICTURE[99:]), "gzip"),
        (gzip.compress(PICTURE) + bytes(512), "gzip"),
        (gzip.compress(gzip.compress(PICTURE)), "gzip, gzip"),
        (gzip.compress(gzip.compress(PICTURE)), "gzip"),
        (zlib.compress(PICTURE), "deflate"),
        (raw_deflate(PICTURE), "deflate"),
        (gzip.compress(zlib.compress(PICTURE)), "deflate, gzip"),
        (PICTURE, "gzip"),
        (PICTURE, "deflate"),
        (PICTURE, "br"),
        (PICTURE, "none"),
    ],
)
async def test_an_image_is_unpacked_by_what_it_is(body, encoding):
    """An image with `Content-Encoding: gzip` was paid and lost, though every byte had come."""
    assert await fetch(body, encoding) == PICTURE


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "aes128gcm"])
async def test_a_packing_that_is_not_read_is_told_and_tried_later(encoding):
    with pytest.raises(NotAnImage, match=encoding):
        await fetch(b"\x1b\xff\x0f\x00 packed somehow", encoding)


async def test_a_bomb_unpacks_to_the_limit_and_no_further():
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(ImageBroken, match="larger than 100000"):
        await fetch(bomb, "gzip", image_limit=100_000)
    with pytest.raises(ImageBroken, match="larger than 100000"):
        await fetch(gzip.compress(bomb), "gzip, gzip", image_limit=100_000)


async def test_layer_upon_layer_is_not_followed_for_ever():
    packed = PICTURE
    for _ in range(5):
        packed = gzip.compress(packed)
    with pytest.raises(NotAnImage, match="too many times"):
        await fetch(packed, "gzip")


@pytest.mark.parametrize(
    ("body", "act"),
    [
        (gzip.compress(PICTURE)[:-20], None),
        (gzip.compress(PICTURE)[:40] + bytes(40) + gzip.compress(PICTURE)[80:], None),
        (gzip.compress(PICTURE), lambda answer: cut(answer, len(answer) - 30)),
    ],
    ids=["cut when packed", "damaged", "cut on the way"],
)
async def test_a_packed_image_that_is_damaged_is_tried_again(body, act):
    with pytest.raises(DownloadFailed):
        await fetch(body, "gzip", act)


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_a_page_is_told_by_its_title(encoding):
    page = b"<!doctype html><html><title>Office &amp; guest network: sign in</title>"
    with pytest.raises(NotAnImage, match="an HTML page, 'Office & guest network: sign in'"):
        await fetch(gzip.compress(page) if encoding else page, encoding)


async def test_a_picture_is_not_decoded_as_text(monkeypatch):
    """Every picture was, up to 64 kB of it, to see whether it is a web page: 1.5 of 3.8 ms that an
    image of 1.3 MB cost above a bare loop.
    """
    looked_at = []

    def is_page(text):
        looked_at.append(text)
        return False

    monkeypatch.setattr(guarded_session, "is_page", is_page)
    assert await fetch(PICTURE, "") == PICTURE
    assert await fetch(gzip.compress(PICTURE), "gzip") == PICTURE
    assert looked_at == []
    assert await fetch(b"no picture", "") == b"no picture"
    assert looked_at == ["no picture"]


def test_a_limit_is_told_as_people_write_it():
    assert str(too_large("feed", 128 << 20)) == "the feed is larger than 128 MiB"
    assert str(too_large("feed", 100_000)) == "the feed is larger than 100000 bytes"
