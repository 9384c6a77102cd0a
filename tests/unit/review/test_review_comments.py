"""Comments on images: kept, shown to everyone, settled, and never a verdict."""

import pytest
from review_case import SLUG, ReviewCase
from review_client import API, browsing

from pipeline.errors import UsageError
from pipeline.model.names import CellName, Stage
from pipeline.review.comments import NAME, CommentRecord, new_comment

CELL = CellName("citrus/1x1")
IMAGE = "0123456789abcdef"


def comment(text="warmer", **more):
    fields = {"cell": CELL, "stage": Stage.DRAFT, "by": "ana", "at": "2026-11-30T12:00:00Z"}
    return new_comment(text=text, **fields, **more)


@pytest.fixture
def record(tmp_path):
    return CommentRecord(tmp_path, SLUG)


def test_a_comment_is_read_by_the_next_process_as_it_was_written(record, tmp_path):
    written = comment("größer\nbitte", image=IMAGE, point=(0.25, 0.5), take=2, round_=3)
    record.write(written)
    other = CommentRecord(tmp_path, SLUG)
    assert other.refresh()
    assert other.of(CELL, Stage.DRAFT) == [written]
    assert written.text == "größer bitte"
    assert other.open() == {(CELL, Stage.DRAFT): 1}
    assert not other.refresh()


def test_a_settled_comment_stays_and_is_no_longer_open(record):
    record.write(comment())
    (one,) = record.of(CELL, Stage.DRAFT)
    assert record.settle(CELL, Stage.DRAFT, one.id, resolved=True, by="ben")
    assert [each.resolved for each in record.of(CELL, Stage.DRAFT)] == ["ben"]
    assert record.open() == {}
    assert record.settle(CELL, Stage.DRAFT, one.id, resolved=False, by="ben")
    assert record.open() == {(CELL, Stage.DRAFT): 1}
    assert not record.settle(CELL, Stage.FINAL, one.id, resolved=True, by="ben")


@pytest.mark.parametrize("torn", ["{", '{"id": 1}', "null", '{"id": "a", "point": [1]}'])
def test_a_line_that_a_crash_cut_off_hides_no_other(record, tmp_path, torn):
    record.write(comment("first"))
    with (tmp_path / SLUG / NAME).open("a") as stream:
        stream.write(torn)
    record.write(comment("second"))
    assert [one.text for one in record.of(CELL, Stage.DRAFT)] == ["first", "second"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": " \n "},
        {"text": "x" * 1001},
        {"image": "../../secret"},
        {"image": IMAGE, "point": (1.5, 0)},
        {"image": IMAGE, "point": (float("nan"), 0)},
        {"point": (0.5, 0.5)},
    ],
)
def test_a_comment_that_says_nothing_or_points_nowhere_is_refused(wrong):
    with pytest.raises(UsageError):
        comment(**{"text": "warmer", **wrong})


async def test_a_comment_reaches_the_other_reviewers_and_decides_nothing(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    async with browsing(case, reviewer="ana") as (browser, _):
        image = (await browser.index())["draft"][0][3][0][0]
        said = {"stage": "draft", "text": "warmer", "image": image, "take": 1, "round": 1}
        status, answer = await browser.post(
            f"{API}/cells/0/comments", {**said, "point": [0.5, 0.25]}
        )
        (one,) = answer["comments"]
        assert (status, one["by"], one["point"]) == (200, "ana", [0.5, 0.25])
        assert (await browser.index())["comments"] == {"draft": {"0": 1}, "final": {}}
        _, detail = await browser.get(f"{API}/cells/0")
        assert [each["text"] for each in detail["comments"]] == ["warmer"]
        settled = {"stage": "draft", "id": one["id"], "resolved": True, "by": "ben"}
        _, answer = await browser.post(f"{API}/cells/0/comments", settled)
        assert answer["comments"][0]["resolved"] == "ben"
        wrong = [{**said, "point": [1, 2, 3]}, {**said, "stage": "x"}, {**settled, "resolved": 1}]
        replies = [await browser.post(f"{API}/cells/0/comments", body) for body in wrong]
        unknown, _ = await browser.post(f"{API}/cells/0/comments", {**settled, "id": "none"})
        empty, _ = await browser.post(f"{API}/cells/0/comments", {**said, "text": ""})
    assert [status for status, _ in replies] == [400, 400, 400]
    assert (unknown, empty) == (404, 422)
    assert await case.ledger.verdicts(SLUG) == {}
