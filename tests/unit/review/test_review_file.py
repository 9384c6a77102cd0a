"""The review file: readable, mergeable, and never a way to approve something unseen."""

import subprocess
from dataclasses import replace

import pytest
from review_case import SLUG, ReviewCase

from pipeline.errors import CampaignError, UsageError
from pipeline.model.job import JobKey
from pipeline.model.names import CellName, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.review_file import read_reviews, render_reviews, verdict_of
from pipeline.review.review_file_sync import ReviewFile, ReviewFileSync

STAMP = "2026-11-22T06:00:00Z"
CELLS = [CellName(f"product-{at:02d}/4x3") for at in range(40)]


def a_verdict(cell, **changes):
    verdict = Verdict(
        cell=CellName(cell),
        stage=Stage.DRAFT,
        decision=Decision.APPROVED,
        round=1,
        take=2,
        job=JobKey("a" * 32),
        sha256="b" * 64,
        by="ana",
        at=STAMP,
        note='say "hi" # now: {x}',
    )
    return replace(verdict, **changes)


def rendered(verdicts):
    return render_reviews(SLUG, CELLS, {(v.cell, v.stage): v for v in verdicts})


def read(text):
    found = read_reviews(text, file="reviews.yaml")
    return {
        place: verdict_of(place, written, file="reviews.yaml", now=STAMP)
        for place, written in found.items()
        if written.fields["status"] != "undecided"
    }


def test_what_is_written_is_read_back_as_it_was():
    verdict = a_verdict(CELLS[3])
    assert list(read(rendered([verdict])).values()) == [verdict]


def test_every_cell_has_two_lines_also_where_nobody_decided():
    lines = rendered([]).splitlines()
    assert lines[4:6] == ["  product-00/4x3:", "    draft: {status: undecided}"]
    assert len(lines) == 4 + 2 * len(CELLS)


def git(folder, *words):
    who = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=False)
    return done.returncode


def test_git_merges_the_disjoint_verdicts_of_two_reviewers_twenty_times_out_of_twenty(tmp_path):
    file = tmp_path / "reviews.yaml"
    git(tmp_path, "init", "-q", "-b", "main")
    clean = 0
    for seed in range(20):
        ours = [a_verdict(cell, by="ana") for cell in CELLS[seed::2]]
        jons = CELLS[seed + 1 :: 2]
        theirs = [a_verdict(cell, by="jon", decision=Decision.REJECTED) for cell in jons]
        file.write_text(rendered([]) + f"# {seed}\n")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "base")
        git(tmp_path, "checkout", "-qb", f"jon-{seed}")
        file.write_text(rendered(theirs) + f"# {seed}\n")
        git(tmp_path, "commit", "-qam", "jon")
        git(tmp_path, "checkout", "-q", "main")
        file.write_text(rendered(ours) + f"# {seed}\n")
        git(tmp_path, "commit", "-qam", "ana")
        merged = git(tmp_path, "merge", "-q", "-m", "both", f"jon-{seed}") == 0
        clean += merged and set(read(file.read_text()).values()) == {*ours, *theirs}
    assert clean == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< ours\ncells: {}\n", "conflict markers"),
        ("cells: {a/b: {draft: {status: aproved}}}", "unknown status aproved"),
        ("cells:\n  a/b: {draft: {}}\n  a/b: {draft: {}}\n", "occurs twice"),
        ("cells: &x [1]\nmore: *x\n", "not the structure"),
        ("cells: [[[[[[[[1]]]]]]]]", "not the structure"),
        ("cells: {a/b: {sketch: {status: approved}}}", "unknown stage sketch"),
        ("cells: {a/b: {draft: {status: approved, take: 1}}}", "names its image by job"),
        ("cells: {a/b: {draft: {status: rejected, take: -3}}}", "take is -3"),
        ("cells: {a/b: {draft: {status: redo, sha256: xyz}}}", "not 64 hexadecimal"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_its_line(text, said):
    with pytest.raises(CampaignError, match=said) as caught:
        read(text)
    assert caught.value.findings[0].line >= 1


@pytest.fixture
async def synced(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    review_state = case.review_state()
    await review_state.refresh()
    file = ReviewFile(path=case.file, copy=case.output / SLUG / "reviews.yaml")
    file_sync = ReviewFileSync(review_state=review_state, file=file)
    await file_sync.sync(now=STAMP)
    return case, review_state, file_sync


async def test_a_line_changed_in_git_is_taken_over_into_the_ledger(synced):
    case, _, file_sync = synced
    text = case.file.read_text().replace(
        "citrus/4x3:\n    draft: {status: undecided}",
        "citrus/4x3:\n    draft: {status: redo, note: brighter, by: jon}",
    )
    case.file.write_text(text)
    (imported,) = await file_sync.sync(now=STAMP)
    assert (imported.decision, imported.by, imported.note) == (Decision.REDO, "jon", "brighter")
    assert (await case.ledger.verdicts(SLUG))["citrus/4x3", Stage.DRAFT] == imported


async def test_a_file_nobody_touched_never_overrules_the_ledger(synced):
    case, review_state, file_sync = synced
    job = (await case.drafts())[0]
    verdict = a_verdict(job.at.cell, job=job.key, decision=Decision.REJECTED)
    review_state.apply([await case.ledger.decide(verdict, campaign=SLUG)])
    assert await file_sync.sync(now=STAMP) == ()
    assert "status: rejected" in case.file.read_text()


async def test_an_older_line_from_git_loses_against_a_newer_verdict(synced):
    case, review_state, file_sync = synced
    job = (await case.drafts())[0]
    newer = a_verdict(job.at.cell, job=job.key, at="2026-11-23T00:00:00Z")
    review_state.apply([await case.ledger.decide(newer, campaign=SLUG)])
    text = case.file.read_text().replace(
        f"{job.at.cell}:\n    draft: {{status: undecided}}",
        f'{job.at.cell}:\n    draft: {{status: rejected, by: jon, at: "2026-11-01T00:00:00Z"}}',
    )
    case.file.write_text(text)
    assert await file_sync.sync(now=STAMP) == ()


async def test_a_broken_file_is_left_as_it_is(synced):
    case, _, file_sync = synced
    case.file.write_text("<<<<<<< ours\n")
    with pytest.raises(CampaignError):
        await file_sync.sync(now=STAMP)
    assert case.file.read_text() == "<<<<<<< ours\n"


async def test_a_review_folder_that_is_a_link_is_not_written_through(synced, tmp_path):
    case, review_state, file_sync = synced
    elsewhere = tmp_path / "elsewhere"
    case.file.parent.rename(elsewhere)
    case.file.parent.symlink_to(elsewhere)
    job = (await case.drafts())[0]
    verdict = a_verdict(job.at.cell, job=job.key, decision=Decision.REJECTED)
    review_state.apply([await case.ledger.decide(verdict, campaign=SLUG)])
    with pytest.raises(UsageError, match="link"):
        await file_sync.sync(now=STAMP)


async def test_a_clock_that_goes_ahead_does_not_outrank_later_verdicts_for_a_year(synced):
    case, _, file_sync = synced
    file = case.file
    ahead = '{status: rejected, take: 1, by: jon, at: "2027-11-22T06:00:00Z"}'
    back = '{status: redo, take: 1, by: ana, at: "2026-11-22T09:00:00Z", note: brighter}'
    text = file.read_text().replace("{status: undecided}", ahead, 1)
    file.write_text(text)
    await file_sync.sync(now="2026-11-22T08:00:00Z")
    line = next(one for one in file.read_text().splitlines() if "rejected" in one)
    file.write_text(file.read_text().replace(line, f"    draft: {back}"))
    taken = await file_sync.sync(now="2026-11-22T10:00:00Z")
    assert [(verdict.by, verdict.decision) for verdict in taken] == [("ana", Decision.REDO)]


async def test_an_edit_of_what_the_ledger_had_is_newer_than_it_whatever_the_clock_said(synced):
    """A verdict given in the shell under a clock a year ahead kept every edit out for a year."""
    case, review_state, file_sync = synced
    job = (await case.drafts())[0]
    ahead = a_verdict(job.at.cell, job=job.key, at="2027-11-22T06:00:00Z")
    review_state.apply([await case.ledger.decide(ahead, campaign=SLUG)])
    await file_sync.sync(now=STAMP)
    line = next(one for one in case.file.read_text().splitlines() if "approved" in one)
    edited = '    draft: {status: rejected, by: ana, at: "2026-11-22T09:00:00Z"}'
    case.file.write_text(case.file.read_text().replace(line, edited))
    taken = await file_sync.sync(now="2026-11-22T10:00:00Z")
    assert [(verdict.by, verdict.decision) for verdict in taken] == [("ana", Decision.REJECTED)]
