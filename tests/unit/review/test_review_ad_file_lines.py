"""The lines of the review file about ad files: approvals and chosen windows."""

from dataclasses import replace

import pytest
from builders import NOW
from review_case import SLUG, ReviewCase

from pipeline.adfiles.record import AdFileRow
from pipeline.errors import CampaignError
from pipeline.model.adfiles.ad_file import (
    AdFile,
    AdFileApproval,
    Flag,
    Framing,
    RecipeId,
    WindowChoice,
)
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.check import CampaignCheck, CheckOutcome, CheckResult
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.review.ad_files import look_words
from pipeline.review.review_file_sync import ReviewFile, ReviewFileSync
from pipeline.review.verdicts import UnboundVerdict, decide_cells

STAMP = "2026-11-30T06:00:00Z"
CELL = "citrus/4x3"
RECIPE = RecipeId("0123456789012345")
WAITING = (
    '    adfile: {status: undecided, flags: ["extended 41 %: that much of the file continues the '
    'image"], recipes: ["0123456789012345"]}\n'
)


def row(**changes):
    made = AdFile(
        recipe=RECIPE,
        path=f"{SLUG}/adfiles/4x3/a.0123.jpg",
        sha256="0" * 64,
        bytes=4,
        format=ImageFormat.JPG,
        width=640,
        height=480,
        framing=Framing.EXTENDED,
        kept=1.0,
        extended=0.414,
        scale=0.8,
        window=(-10.0, 0.0, 500.5, 900.0),
        quality=95,
        flags=(Flag.LONG_EXTENSION,),
    )
    return AdFileRow(cell=CELL, placement="4x3", made=replace(made, **changes))


def window(**changes):
    choice = WindowChoice(source_sha256="a" * 64, focus=(0.5, 0.31), by="ana", at=STAMP)
    return replace(choice, **changes)


class Synced:
    """A campaign with its review file, as one checkout has it."""

    def __init__(self, case):
        self.case = case

    async def open(self):
        await self.case.render(await self.case.drafts())
        self.state = self.case.review_state()
        await self.state.refresh()
        file = ReviewFile(path=self.case.file, copy=self.case.output / SLUG / "reviews.yaml")
        self.file = ReviewFileSync(review_state=self.state, file=file)
        await self.sync()
        return self

    async def sync(self, now=STAMP):
        await self.file.sync(now=now)
        return self.text

    @property
    def record(self):
        return self.state.ad_files

    @property
    def text(self):
        return self.case.file.read_text()

    def edit(self, before, after):
        assert before in self.text
        self.case.file.write_text(self.text.replace(before, after))


@pytest.fixture
async def synced(tmp_path):
    return await Synced(ReviewCase(folder=tmp_path)).open()


async def test_a_file_without_flagged_ad_files_is_as_it_was(synced):
    before = synced.text
    synced.record.add(row(flags=()))
    synced.record.add(row(path=f"{SLUG}/adfiles-preview/4x3/a.jpg"))
    assert await synced.sync() == before


async def test_an_ad_file_that_waits_is_approved_by_changing_one_word(synced):
    synced.record.add(row())
    assert WAITING in await synced.sync()
    synced.edit("adfile: {status: undecided", "adfile: {status: approved")
    assert 'adfile: {status: approved, by: "git"' in await synced.sync()
    assert synced.record.approvals[RECIPE] == AdFileApproval(
        by="git", at=STAMP, cell=CELL, revision=1
    )
    await synced.sync()
    assert synced.record.approvals[RECIPE].revision == 1
    synced.edit("adfile: {status: approved", "adfile: {status: undecided")
    await synced.sync("2026-11-30T07:00:00Z")
    assert synced.record.approved == frozenset()


async def test_an_older_line_from_git_loses_against_a_newer_approval(synced):
    synced.record.add(row())
    await synced.sync()
    newer = AdFileApproval(by="ana", at="2026-12-01T00:00:00Z", cell=CELL)
    synced.record.approve(RECIPE, newer)
    synced.edit('flags: ["', 'by: jon, at: "2026-11-01T00:00:00Z", flags: ["')
    assert 'status: approved, by: "ana"' in await synced.sync()


async def test_approvals_and_windows_of_another_checkout_stay_in_the_file(synced, tmp_path):
    """A reviewer whose folder has no ad files yet must not drop what came with git."""
    synced.record.add(row())
    synced.record.approve(RECIPE, AdFileApproval(by="ana", at=STAMP, cell=CELL))
    synced.record.choose((CELL, "4x3"), window(zoom=1.5, keep=((0.1, 0.2, 0.3, 0.4),)))
    text = await synced.sync()
    other = await Synced(ReviewCase(folder=tmp_path / "other")).open()
    other.case.file.write_text(text)
    after = await other.sync()
    assert other.record.approved == {RECIPE}
    assert other.record.windows == synced.record.windows
    assert "window: {focus: [0.5, 0.31], zoom: 1.5, keep: [[0.1, 0.2, 0.3, 0.4]], by: " in after


async def test_a_window_written_by_hand_is_for_the_final_that_is_there(synced):
    case, state = synced.case, synced.state
    opinion = UnboundVerdict(decision=Decision.APPROVED, by="ana", at=NOW, take=1)
    await decide_cells(case.ledger, SLUG, await case.drafts(), glob=CELL, opinion=opinion)
    await case.render((await case.survey()).finals)
    await state.refresh()
    await synced.sync()
    synced.edit("    final: ", "    window: {focus: [0.5, 0.25]}\n    final: ") if (
        "    final: " in synced.text
    ) else synced.edit(f"  {CELL}:\n", f"  {CELL}:\n    window: {{focus: [0.5, 0.25]}}\n")
    await synced.sync()
    (final,) = state.table.at(CELL, Stage.FINAL).takes
    chosen = synced.record.windows[CELL, "4x3"]
    assert (chosen.focus, chosen.source_sha256) == ((0.5, 0.25), final.artifact.sha256)
    assert chosen.by == "git"
    synced.edit("focus: [0.5, 0.25], ", "")
    await synced.sync("2026-11-30T07:00:00Z")
    assert synced.record.windows[CELL, "4x3"].withdrawn


async def test_an_ad_file_waits_for_its_checks_as_it_does_for_its_flags(synced):
    """Export leaves out what misses a check, so the page and the file say that it waits."""
    made = row(flags=())
    synced.record.add(made)
    missed = CheckResult(
        check=CampaignCheck.LEGIBLE,
        score=7.5,
        threshold=9.0,
        result=CheckOutcome.FLAG,
        seen="lines of 7.5 pixels",
    )
    results = {made.made.path: (missed,)}
    assert look_words(made.made, results) == ["legible: lines of 7.5 pixels"]
    synced.state.ad_file_results = results
    text = await synced.sync()
    assert 'adfile: {status: undecided, flags: ["legible: lines of 7.5 pixels"]' in text
    synced.edit("adfile: {status: undecided", "adfile: {status: approved")
    await synced.sync()
    assert synced.record.approved == {RECIPE}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("adfile: {status: approved}", "names its recipes"),
        ("adfile: {status: approved, recipes: [xyz]}", "names its recipes"),
        ("adfile: {status: rejected, recipes: ['0123456789012345']}", "reject or redo its final"),
        ("window: {focus: [0.5, 0.5]}", "has none yet"),
        ("window: {focus: [0.5], source: abc}", "focus has 2 numbers"),
        ("window: {keep: [[0.5, 0, 0.8, 1]], source: abc}", "inside the image"),
        ("adfile: {recipes: [[[[[1]]]]]}", "not the structure"),
    ],
)
async def test_a_line_that_cannot_be_right_is_refused_with_its_place(synced, line, said):
    before = synced.text.replace(f"  {CELL}:\n", f"  {CELL}:\n    {line}\n")
    synced.case.file.write_text(before)
    with pytest.raises(CampaignError, match=said) as caught:
        await synced.sync()
    assert caught.value.findings[0].line > 4
    assert synced.text == before
    assert not synced.record.windows
