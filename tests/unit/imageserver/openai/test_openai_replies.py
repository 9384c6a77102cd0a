"""Replies with pictures: sent in pieces, of the size that was announced."""

import base64
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from pipeline.imageserver.openai.errors import OpenAiError
from pipeline.imageserver.openai.limits import ImageRateLimit
from pipeline.imageserver.openai.replies import picture_reply, pieces_of, size_of


async def test_a_reply_is_the_json_of_its_pictures_and_has_the_size_announced(tmp_path: Path):
    contents = [os.urandom(length) for length in (0, 1, 2, 3, 393_215, 393_216, 2_000_000)]
    files = [tmp_path / str(number) for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    parts = picture_reply({"created": 1}, [*files, b"in memory"], {"usage": None})
    whole = b"".join([piece async for piece in pieces_of(parts)])
    assert len(whole) == size_of(parts)
    reply = json.loads(whole)
    assert [base64.b64decode(one["b64_json"]) for one in reply["data"]] == [*contents, b"in memory"]
    assert (reply["created"], reply["usage"]) == (1, None)


async def test_a_picture_of_20_mb_is_never_whole_in_memory(tmp_path: Path):
    file = tmp_path / "large"
    file.write_bytes(bytes(20_000_000))
    parts = picture_reply({}, [file], {})
    tracemalloc.start()
    try:
        sizes = [len(piece) async for piece in pieces_of(parts)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == size_of(parts)
    assert peak < 4_000_000


def test_an_images_share_of_the_minute_returns_evenly():
    now = [100.0]
    limit = ImageRateLimit(5, clock=lambda: now[0])
    for _ in range(3):
        limit.take("gpt-image-2", 5)
        now[0] += 60
    limit.take("gpt-image-2", 4)
    now[0] += 12
    limit.take("gpt-image-2", 2)
    limit.take("gpt-image-1.5", 5)
    with pytest.raises(OpenAiError) as refused:
        limit.take("gpt-image-1.5", 1)
    assert refused.value.status == 429
