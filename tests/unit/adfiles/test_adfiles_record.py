"""The record of ad files: what survives a crash, and what is made once more."""

import json
from dataclasses import replace

import pytest
from memory_images import MemoryImages

from pipeline.adfiles.record import NAME, AdFileRecord, AdFileRow
from pipeline.errors import LocalFault
from pipeline.model.adfiles.ad_file import (
    AdFile,
    AdFileApproval,
    Flag,
    Framing,
    RecipeId,
    WindowChoice,
)
from pipeline.model.adfiles.overlay import OverlayBox, OverlayKind
from pipeline.model.adfiles.placement import ImageFormat

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


def test_where_the_overlay_lies_is_kept_and_earlier_rows_have_none(tmp_path):
    part = OverlayBox(
        kind=OverlayKind.PRICE, box=(1, 2, 30, 10), text="2,49 €", size=12.5, contrast=6.1
    )
    row = replace(ROW, made=replace(MADE, overlay=(part,)))
    opened(tmp_path).add(row)
    assert list(opened(tmp_path)) == [row]
    place = tmp_path / "c" / NAME
    fields = json.loads(place.read_text())
    del fields["overlay"]
    place.write_text(json.dumps(fields) + "\n")
    assert list(opened(tmp_path)) == [ROW]


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


APPROVAL = AdFileApproval(by="ana", at="2026-11-30T10:00:00Z", cell="citrus/Ü")
CHOICE = WindowChoice(
    source_sha256="a" * 64,
    focus=(0.25, -0.5),
    zoom=1.75,
    keep=((0.1, 0.2, 0.3, 0.4),),
    by="ana",
    at="2026-11-30T10:00:00Z",
)
PLACE = ("citrus/Ü", "story")


def test_decisions_are_read_by_another_process_as_they_were_given(tmp_path):
    here, there = opened(tmp_path), opened(tmp_path)
    assert here.approve(MADE.recipe, APPROVAL)
    assert here.choose(PLACE, CHOICE)
    assert there.approved == frozenset()
    assert there.refresh()
    assert not there.refresh()
    assert there.approvals == {MADE.recipe: replace(APPROVAL, revision=1)}
    assert there.windows == {PLACE: replace(CHOICE, revision=1)} == opened(tmp_path).windows
    withdrawn = replace(APPROVAL, by="jon", approved=False)
    assert there.approve(MADE.recipe, withdrawn)
    assert opened(tmp_path).approved == frozenset()
    assert opened(tmp_path).approvals[MADE.recipe] == replace(withdrawn, revision=2)


def test_a_decision_on_an_older_revision_is_not_recorded(tmp_path):
    here, there = opened(tmp_path), opened(tmp_path)
    assert here.approve(MADE.recipe, APPROVAL, base=0)
    assert not there.approve(MADE.recipe, replace(APPROVAL, by="jon"), base=0)
    assert there.approvals[MADE.recipe].by == "ana"
    assert here.choose(PLACE, CHOICE, base=0)
    assert not there.choose(PLACE, replace(CHOICE, by="jon"), base=0)
    assert there.windows[PLACE].by == "ana"
    assert there.choose(PLACE, replace(CHOICE, by="jon"), base=1)


def test_an_approval_of_an_earlier_version_still_holds(tmp_path):
    (tmp_path / "c").mkdir()
    line = {"approved": MADE.recipe, "by": "ana", "at": "2026-11-30T10:00:00Z"}
    (tmp_path / "c" / NAME).write_text(json.dumps(line) + "\n")
    assert opened(tmp_path).approved == {MADE.recipe}


def test_a_record_that_was_put_back_from_a_backup_is_read_anew(tmp_path):
    record = opened(tmp_path)
    record.approve(MADE.recipe, APPROVAL)
    (tmp_path / "c" / NAME).unlink()
    assert record.refresh()
    assert record.approved == frozenset()
