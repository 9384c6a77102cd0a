"""What a picture says it does not show, read from its metadata."""

import io
import json

import pytest
from PIL import Image, PngImagePlugin

from pipeline.app.run.examining import score_of
from pipeline.imageserver.painting.conversion import transcode
from pipeline.inspection.checks import CheckName, subject_check
from pipeline.inspection.understood import not_understood, shows_subject


def picture(told, kind="png"):
    """Return an opened picture with this text in its metadata."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("understood", told)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=chunks)
    image = Image.open(io.BytesIO(transcode(out.getvalue(), kind=kind, quality=90)))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_says_what_it_does_not_show_in_every_format(kind):
    told = json.dumps({"subject": "lampe & <co>", "not_understood": ["subject not known: “lamp”"]})
    assert not_understood(picture(told, kind)) == ("subject not known: “lamp”",)


@pytest.mark.parametrize("told", ["", "{", "[]", "null", '{"not_understood": 3}', '{"x": 1}'])
def test_a_statement_that_cannot_be_read_says_nothing(told):
    assert not_understood(picture(told)) == ()


def test_only_a_missing_subject_is_a_picture_of_something_else():
    assert shows_subject(("not shown: hazelnut",))
    assert not shows_subject(("not shown: hazelnut", "subject not known: lamp"))


def test_a_subject_that_the_painter_does_not_know_holds_no_automatic_review_up():
    """A campaign about such a product never came to its finals."""
    missed = subject_check(("subject not known: kettle",))
    assert not missed.passed
    record = {
        name: {"passed": passed, "score": float(passed), "said": ""}
        for name, passed in ((CheckName.WHOLE, True), (missed.name, missed.passed))
    }
    assert score_of(record).passed
    blank = {CheckName.BLANK: {"passed": False, "score": 0.0, "said": ""}}
    assert not score_of(record | blank).passed
