"""What pictures show: found once, recorded, and found again where it was not looked for."""

import hashlib

import pytest
from test_adfiles_derive import BOXES, studio_picture

from pipeline.adfiles.contents import locate
from pipeline.adfiles.contents.locate import Compare, Locate
from pipeline.adfiles.contents.picture_contents import METHOD, ContentsRecord, PictureContents
from pipeline.errors import ImageBroken
from pipeline.images.local.store import LocalImageStore
from pipeline.inspection.readers import TextLine
from pipeline.lettering.box import Box

LINES = (
    TextLine(text="SUMMER", sure=0.98, box=Box(220, 110, 150, 40)),
    TextLine(text="", sure=0.0, box=Box(220, 150, 150, 25)),
)
CUP = TextLine(text="O", sure=0.5, box=Box(40, 60, 100, 90))
"""Something round."""


class FakeReader:
    """Reads the same lines from every picture."""

    def __init__(self, *lines):
        self.lines = lines

    def read(self, image):
        assert image.mode == "RGB"
        return self.lines


@pytest.fixture
def located(tmp_path, monkeypatch):
    """Looks at a picture, with a reader or without."""

    def look(content, *, reader=None, examine=True):
        (tmp_path / "a.png").write_bytes(content)
        monkeypatch.setattr(locate, "open_text_reader", lambda: reader)
        sha256 = hashlib.sha256(content).hexdigest()
        location = LocalImageStore(tmp_path).location
        return Locate(images=location, path="a.png", sha256=sha256, examine=examine).run()

    return look


def test_a_picture_that_carries_its_boxes_keeps_them(located):
    found = located(studio_picture(), reader=FakeReader(*LINES))
    assert found.boxes.copy == (Box(210, 100, 170, 80),)
    assert found.boxes.product == Box(40, 60, 100, 280)
    assert (found.lines, found.is_examined) == (LINES, True)


def test_if_only_boxes_are_needed_such_a_picture_is_not_decoded(located, monkeypatch):
    monkeypatch.setattr(locate, "open_source", None)
    found = located(studio_picture(), examine=False)
    assert found.copy == (Box(210, 100, 170, 80),)
    assert (found.lines, found.colors, found.is_examined) == (None, None, False)


def test_copy_is_found_in_any_script_and_padded(located):
    found = located(studio_picture(boxes=""), reader=FakeReader(*LINES, CUP), examine=False)
    assert found.copy == (Box(212, 102, 166, 56), Box(215, 145, 160, 35))
    assert found.lines == LINES


def test_the_product_is_found_beside_the_copy(located):
    pytest.importorskip("numpy")
    found = located(studio_picture(boxes=""), reader=FakeReader(*LINES))
    assert found.subject.holds(Box(40, 60, 100, 280), slack=3)


def test_the_subject_of_a_cut_out_is_what_is_seen(located):
    found = located(studio_picture(boxes="", mode="RGBA"), reader=FakeReader())
    assert found.subject == Box(40, 60, 341, 281)


def test_without_a_reader_nothing_is_known_of_copy(located):
    found = located(studio_picture(boxes=""))
    assert (found.copy, found.lines, found.boxes, found.is_examined) == (None, None, None, False)
    assert found.colors
    assert len(found.hash) == 16


def test_a_picture_that_is_gone_or_broken_is_refused(located, tmp_path):
    with pytest.raises(ImageBroken):
        located(studio_picture()[:300], reader=FakeReader())
    location = LocalImageStore(tmp_path).location
    with pytest.raises(ImageBroken, match=r"b\.png is not there"):
        Locate(images=location, path="b.png", sha256="", examine=True).run()
    with pytest.raises(ImageBroken, match="is not there any more"):
        Compare(images=location, paths=("b.png", "c.png")).run()


def test_two_pictures_are_compared(tmp_path):
    pytest.importorskip("numpy")
    (tmp_path / "a.png").write_bytes(studio_picture())
    (tmp_path / "b.png").write_bytes(studio_picture(boxes=BOXES.replace("210", "200")))
    location = LocalImageStore(tmp_path).location
    assert Compare(images=location, paths=("a.png", "b.png")).run() == 1.0


FOUND = PictureContents(
    sha256="ab" * 32,
    copy=(Box(1.5, 2, 3, 4),),
    subject=None,
    lines=LINES,
    colors=("#ff0000",),
    hash="0" * 16,
)


def test_the_record_gives_back_what_it_was_given(tmp_path):
    record = ContentsRecord(tmp_path, "c")
    record.add(FOUND)
    record.add_pair("a", "b", alike=0.51234)
    again = ContentsRecord(tmp_path, "c")
    assert again.known == {FOUND.sha256: FOUND}
    assert (again.alike("a", "b"), again.alike("b", "a")) == (0.5123, None)
    again.add(FOUND)
    assert len((tmp_path / "c/contents.jsonl").read_text().splitlines()) == 2


def test_a_torn_line_and_one_of_another_method_are_found_again(tmp_path):
    record = ContentsRecord(tmp_path, "c")
    record.add(FOUND)
    file = tmp_path / "c/contents.jsonl"
    whole = file.read_text()
    file.write_text(whole.replace(f'"method":{METHOD}', '"method":0') + whole[:50])
    again = ContentsRecord(tmp_path, "c")
    assert again.known == {}
    again.add(FOUND)
    assert ContentsRecord(tmp_path, "c").known == {FOUND.sha256: FOUND}
