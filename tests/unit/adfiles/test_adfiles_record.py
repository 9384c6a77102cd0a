"""The record of ad files: what survives a crash, and what is made once more."""

import json
from dataclasses import replace

import pytest
from memory_images import MemoryImages

from pipeline.adfiles.record import NAME, AdFileRecord, AdFileRow
from pipeline.errors import LocalFault
from pipeline.model.ad_file import AdFile, Flag, Framing, RecipeId
from pipeline.model.placement import ImageFormat

MADE = AdFile(
    recipe=RecipeId("0123456789abcdef"),
    path="c/adfiles/story/a.0123.jpg",
    sha256="0" * 64,
    bytes=4,
    format=ImageFormat.JPG,
    width=1080,
    height=1920,
    framing=Framing.EXTENDED,
    kept=0.9,
    extended=0.2,
    scale=0.8,
    window=(-10.0, 0.0, 500.5, 900.0),
    quality=95,
    flags=(Flag.UNSURE, Flag.UPSCALED),
)
ROW = AdFileRow(cell="citrus/Ü", placement="story", made=MADE)


def opened(folder):
    return AdFileRecord(folder, "c")


def test_a_row_is_read_as_it_was_written(tmp_path):
    opened(tmp_path).add(ROW)
    assert list(opened(tmp_path)) == [ROW]
    assert opened(tmp_path).find(MADE.path) == ROW
    assert opened(tmp_path).find("elsewhere") is None


def test_a_file_that_was_moved_is_no_longer_known(tmp_path):
    record = opened(tmp_path)
    record.add(ROW)
    record.remove(MADE.path)
    record.remove(MADE.path)
    assert list(opened(tmp_path)) == []
    record.add(ROW)
    assert list(opened(tmp_path)) == [ROW]


def test_a_torn_line_spoils_neither_those_before_nor_those_after_it(tmp_path):
    opened(tmp_path).add(ROW)
    place = tmp_path / "c" / NAME
    with place.open("a") as stream:
        stream.write('{"cell":"citrus/Ü","placem')
    other = replace(ROW, made=replace(MADE, path="c/adfiles/story/b.jpg"))
    opened(tmp_path).add(other)
    assert list(opened(tmp_path)) == [ROW, other]


@pytest.mark.parametrize("change", [{"format": "bmp"}, {"window": 3}, {"flags": ["odd"]}])
def test_a_row_of_another_version_is_made_once_more(tmp_path, change):
    opened(tmp_path).add(ROW)
    place = tmp_path / "c" / NAME
    place.write_text(json.dumps({**json.loads(place.read_text()), **change}) + "\n")
    assert list(opened(tmp_path)) == []


def test_only_files_of_the_recorded_size_count_as_made(tmp_path):
    record = opened(tmp_path)
    record.add(ROW)
    images = MemoryImages("")
    assert record.whole(images) == {}
    images.write(MADE.path, b"1234")
    assert record.whole(images) == {MADE.path: ROW}
    images.write(MADE.path, b"123")
    assert record.whole(images) == {}


def test_a_record_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "c").write_text("a file in place of the folder")
    with pytest.raises(LocalFault, match=r"cannot read c/adfiles\.jsonl"):
        opened(tmp_path)
