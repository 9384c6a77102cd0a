"""Cells that share an image, from the outside: decided on one at a time.

Redoing one of two cells that share an image bought two images, for finals 24 credits instead of
12: the cell that had paid was in another round, and its twin had nothing of its own. On a real API
the approved twin became a picture that nobody had seen.
"""

import hashlib
import json

import pytest
from account import charged, complaints

SHARED = """\
campaign: tea
matrix:
  product: [{id: mint, look: a tin of mint tea}]
  size: [1:1, meta-feed-portrait]
prompt: A photo of {{ product.look }} on a stone table.{% if note %} {{ note }}{% endif %}
stages:
  draft: {quality: low, takes: 1, review: human}
  final: {quality: high}
"""
SQUARE, FEED = "mint/1x1", "mint/meta-feed-portrait"


class Tea:
    """The campaign, and what each of its cells shows."""

    def __init__(self, pipeline, text=SHARED):
        self.pipeline = pipeline
        self.file = pipeline.write(text, "tea.yaml")

    def __call__(self, command, *words, code=0):
        ended = self.pipeline(command, self.file, *words)
        assert ended.code == code, ended.err
        return ended

    def shown(self, stage="draft"):
        """Cell → its round and the sha256 of its image."""
        images = self.pipeline.manifest("tea")["images"]
        return {i["cell"]: (i["round"], i["sha256"]) for i in images if i["stage"] == stage}

    @property
    def credits(self):
        assert complaints(self.pipeline.output, "tea") == []
        told = self.pipeline.manifest("tea")["totals"]["credits"]["confirmed"]
        assert charged(self.pipeline.output)[0] == told
        return told

    def found(self):
        """Cell → its round and the sha256 of the draft in its own folder."""
        folder = self.pipeline.output / "tea" / "drafts"
        return {
            cell: (round_, hashlib.sha256((folder / name).read_bytes()).hexdigest())
            for cell, (round_, _) in self.shown().items()
            for name in [f"{cell}-t1{f'-r{round_}' if round_ > 1 else ''}.png"]
        }

    def planned(self):
        stages = json.loads(self("plan", "--json").out)["stages"].values()
        return sum(len(stage["to_buy"]) for stage in stages)


@pytest.fixture
def tea(pipeline):
    tea = Tea(pipeline)
    tea("run")
    assert tea.credits == 2
    return tea


def test_a_twin_that_nobody_decided_on_follows_into_the_new_round(tea):
    tea("redo", SQUARE, "--note", "darker")
    assert tea.planned() == 1
    assert f"{FEED} gets the new image of {SQUARE} as well" in tea("plan").out
    tea("run")
    assert tea.credits == 4
    shown = tea.shown()
    assert shown[SQUARE] == shown[FEED]
    assert shown[SQUARE][0] == 2
    assert tea.found() == shown


@pytest.mark.parametrize("verdict", ["approve", "reject"])
@pytest.mark.parametrize("pair", [(SQUARE, FEED), (FEED, SQUARE)])
@pytest.mark.parametrize("order", ["verdict first", "redo first"])
def test_a_twin_that_was_decided_on_keeps_its_picture_and_its_verdict(tea, verdict, pair, order):
    redone, twin = pair
    before = tea.shown()[twin]
    steps = [(verdict, twin), ("redo", redone, "--note", "darker")]
    for step in steps if order == "verdict first" else reversed(steps):
        tea(*step)
    assert tea.planned() == 1 + (verdict == "approve")
    word = "approved" if verdict == "approve" else "rejected"
    assert f"{twin} is {word} and keeps the old image, unlike {redone}" in tea("plan").out
    tea("run", "--stage", "draft")
    assert tea.credits == 4
    assert tea.shown()[twin] == before
    assert tea.shown()[redone][0] == 2
    assert tea.found() == tea.shown()
    tea("run")
    assert tea.credits == 4 + 12 * (verdict == "approve")
    assert tea.planned() == 0


def test_redoing_one_final_buys_one_final(tea):
    tea("approve", "*")
    tea("run")
    assert tea.credits == 14
    accepted = tea.shown("final")
    tea("approve", FEED, "--stage", "final")
    tea("redo", SQUARE, "--stage", "final", "--note", "darker")
    tea("run")
    assert tea.credits == 26
    assert tea.shown("final")[FEED] == accepted[FEED]
    assert tea.shown("final")[SQUARE][0] == 2
    tea("redo", SQUARE, "--stage", "final")
    tea("run")
    assert tea.credits == 38


def test_an_undecided_final_follows_its_twin(tea):
    tea("approve", "*")
    tea("run")
    tea("redo", FEED, "--stage", "final", "--note", "darker")
    tea("run")
    assert tea.credits == 26
    assert tea.shown("final")[FEED] == tea.shown("final")[SQUARE]


@pytest.mark.parametrize("leaving", ["reject", "undecide", "redo"])
def test_a_draft_that_loses_its_approval_takes_no_final_from_its_twin(tea, leaving):
    """The cell that had paid for the shared final was gone, and its twin bought it again.

    `status` said that nothing was to do, since the cell had a final of its earlier draft.
    """
    tea("approve", "*")
    tea("run")
    accepted = tea.shown("final")[FEED]
    tea(leaving, SQUARE)
    tea("run")
    assert tea.credits == 14 + 2 * (leaving == "redo")
    [status] = json.loads(tea("status", "--json").out)
    assert status["review"]["to_review"] == (leaving != "reject")
    assert tea.shown("final")[FEED] == accepted


@pytest.mark.parametrize("left", ["[1:1]", "[meta-feed-portrait]"])
def test_a_size_that_is_taken_out_of_the_file_takes_no_image_with_it(tea, left):
    before = tea.shown()
    tea.file.write_text(SHARED.replace("[1:1, meta-feed-portrait]", left))
    tea("run")
    assert tea.credits == 2
    [(cell, shown)] = tea.shown().items()
    assert shown == before[cell]


def test_a_redo_that_is_taken_back_takes_its_twin_back_too(tea):
    tea("redo", SQUARE, "--note", "darker")
    tea("undecide", SQUARE)
    assert tea.planned() == 0
    tea("redo", SQUARE, "--note", "darker")
    tea("redo", FEED, "--note", "brighter")
    assert tea.planned() == 2
    tea("approve", SQUARE)
    assert tea.planned() == 2  # the brighter draft, and the final of what was approved
    tea("run", "--stage", "draft")
    assert tea.credits == 4
    assert [round_ for round_, _ in tea.shown().values()] == [1, 2]


def test_a_cell_that_gets_an_image_of_its_own_takes_its_place_in_its_folder(tea):
    """The name of the shared image there was a link; no file of this pipeline is in its own way."""
    assert tea.found() == tea.shown()
    before = tea.shown()[SQUARE]
    override = "overrides: [{match: {size: meta-feed-portrait}, set: {background: transparent}}]\n"
    tea.file.write_text(SHARED + override)
    tea("run")
    assert tea.credits == 4
    assert tea.shown()[SQUARE] == before
    assert tea.shown()[FEED] != before
    assert tea.found() == tea.shown()
    tea.file.write_text(SHARED)
    tea("run")
    assert tea.credits == 4
    assert tea.shown()[FEED] == before


def test_names_of_shared_images_go_with_the_images_of_a_campaign_that_is_gone(tea):
    drafts = tea.pipeline.output / "tea" / "drafts"
    (drafts / "mine.png").write_bytes(b"of a person")
    assert len([*drafts.rglob("*.png")]) == 3
    tea.file.unlink()
    ended = tea.pipeline("gc", "--images", "gone", "--yes")
    assert ended.code == 0, ended.err
    assert [place.name for place in drafts.rglob("*.png")] == ["mine.png"]
