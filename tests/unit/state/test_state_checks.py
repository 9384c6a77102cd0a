"""Results of a campaign's checks from what its images show, and the re-rolls that follow."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from builders import a_job

from pipeline.adfiles.contents.picture_contents import ContentsRecord, PictureContents
from pipeline.adfiles.record import AdFileRow
from pipeline.inspection.readers import TextLine
from pipeline.lettering.box import Box
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.check import CampaignCheck, CheckOutcome, CheckRule, OnMiss, measured
from pipeline.model.entry import Entry
from pipeline.model.money import FREE, Spent
from pipeline.model.names import Stage
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.checks.rerolls import Rerolls, delivered_takes, most_rerolls
from pipeline.state.checks.results import CampaignChecks

PROMPT = 'A slim pink can, headline "BERRY RUSH".'
HASH = "0123456789abcdef"


class Campaign:
    """Jobs, ledger entries and contents, built one image at a time."""

    def __init__(self, folder, **rules):
        self.record = ContentsRecord(folder, "c")
        self.entries, self.verdicts = {}, {}
        self.rows = []
        self.checks = CampaignChecks(
            rules={CampaignCheck(name): rule for name, rule in rules.items()},
            brand=("#ff5a1f",),
            contents=self.record,
            ad_files=lambda: self.rows,
        )

    def stored(self, job, *, says="BERRY RUSH", hash_=HASH, colors=("#ff5a1f",), file=""):
        sha256 = file or f"{job.key:0<64}"
        lines = (TextLine(text=says, sure=0.9, box=Box(0, 0, 9, 9)),)
        if says is not None:
            found = PictureContents(
                sha256=sha256, copy=(), subject=None, lines=lines, colors=colors, hash=hash_
            )
            self.record.add(found)
        artifact = Artifact(
            path=job.path,
            sha256=sha256,
            bytes=9,
            kind=ImageKind.PNG,
            width=8,
            height=8,
            alpha=Alpha.NONE,
        )
        outcome = Stored(url="https://x/1", amount=job.price, artifact=artifact)
        self.entries[job.key] = Entry(key=job.key, at=job.at, outcome=outcome, spent=Spent())
        return job

    def rerolled(self, base, *, most=1, stage=Stage.DRAFT, checks=True):
        rerolls = Rerolls(
            stage=stage,
            entries=self.entries,
            verdicts=self.verdicts,
            checks=self.checks if checks else None,
            most=most,
        )

        def plan(further):
            return [
                take_of(job, take)
                for job in base
                for take in ([job.at.take, *further.get(job.at.cell, ())])
            ]

        return [(job.at.cell, job.at.take) for job in rerolls.added(plan)]

    def results(self, jobs):
        found = self.checks.of_images(jobs, self.entries)
        return [{one.check: one.result for one in found.get(job.key, ())} for job in jobs]


def take_of(job, take):
    return a_job(job.at.cell, take=take, prompt=job.request.prompt, stage=job.at.stage)


def draft(cell="berry/4x3", take=1, prompt=PROMPT, **more):
    return a_job(cell, take=take, prompt=prompt, **more)


def approval(job):
    return Verdict(
        cell=job.at.cell,
        stage=Stage.DRAFT,
        decision=Decision.APPROVED,
        round=1,
        take=1,
        job=job.key,
        sha256="",
        by="ann",
        at="now",
    )


FLAG, FAIL = CheckRule(on_miss=OnMiss.FLAG), CheckRule(on_miss=OnMiss.FAIL)
ONCE = CheckRule(on_miss=OnMiss.REROLL, rerolls=1)
TWICE = CheckRule(on_miss=OnMiss.REROLL, rerolls=2)


def test_words_are_compared_with_the_prompt(tmp_path):
    campaign = Campaign(tmp_path, text=FAIL)
    jobs = [campaign.stored(draft()), campaign.stored(draft("mint/4x3"), says="BERY RUSH")]
    assert campaign.results(jobs) == [
        {"text": CheckOutcome.PASS},
        {"text": CheckOutcome.FAIL},
    ]


def test_what_was_not_looked_at_is_not_looked_for(tmp_path):
    campaign = Campaign(tmp_path, text=ONCE, palette=FLAG, duplicate=FLAG, drift=FLAG)
    job = campaign.stored(draft(), says=None)
    assert set(campaign.results([job])[0].values()) == {CheckOutcome.NOT_LOOKED_FOR}
    assert campaign.checks.missed([job], campaign.entries) == {}


@pytest.mark.parametrize(
    ("cell", "take", "result"),
    [
        ("berry/1x1", 1, CheckOutcome.PASS),
        ("berry/4x3", 2, CheckOutcome.FAIL),
        ("mint/4x3", 1, CheckOutcome.FAIL),
    ],
    ids=["another size", "another take", "another product"],
)
def test_images_that_look_the_same_are_duplicates_unless_they_should(tmp_path, cell, take, result):
    campaign = Campaign(tmp_path, duplicate=FAIL)
    near = f"{int(HASH, 16) ^ 0b10101:016x}"
    first = campaign.stored(draft())
    second = campaign.stored(draft(cell, take=take), hash_=near)
    assert campaign.results([first, second]) == [
        {"duplicate": CheckOutcome.PASS},
        {"duplicate": result},
    ]


def test_one_image_under_several_cells_is_no_duplicate(tmp_path):
    campaign = Campaign(tmp_path, duplicate=FAIL)
    first = campaign.stored(draft(prompt="the same"), file="ab" * 32)
    other = campaign.stored(draft("mint/4x3", prompt="the same"), file="ab" * 32)
    assert campaign.results([first, other])[1] == {"duplicate": CheckOutcome.PASS}


def test_an_image_that_passes_is_not_rerolled(tmp_path):
    campaign = Campaign(tmp_path, text=ONCE)
    assert campaign.rerolled([campaign.stored(draft())]) == [("berry/4x3", 1)]


def test_an_image_that_misses_gets_a_new_take_up_to_its_limit(tmp_path):
    campaign = Campaign(tmp_path, text=TWICE)
    first = campaign.stored(draft(), says="BERY")
    assert campaign.rerolled([first], most=2) == [("berry/4x3", 1), ("berry/4x3", 2)]
    campaign.stored(draft(take=2), says="RUSH")
    assert len(campaign.rerolled([first], most=2)) == 3
    campaign.stored(draft(take=3), says="RUSH")
    assert len(campaign.rerolled([first], most=2)) == 3


def test_the_reroll_of_take_k_is_take_k_plus_the_number_of_takes(tmp_path):
    """Two takes are asked for; the first misses, so its new take is the third."""
    campaign = Campaign(tmp_path, text=ONCE)
    base = [campaign.stored(draft(), says="BERY"), campaign.stored(draft(take=2))]
    jobs = [*base]
    rerolls = Rerolls(
        stage=Stage.DRAFT,
        entries=campaign.entries,
        verdicts={},
        checks=campaign.checks,
        most=1,
    )

    def plan(further):
        return [*jobs, *(draft(take=take) for take in further.get("berry/4x3", ()))]

    assert [job.at.take for job in rerolls.added(plan)] == [1, 2, 3]


def test_a_reroll_on_record_stays_without_results_and_none_is_added(tmp_path):
    """As on the page, and after `contents.jsonl` was lost."""
    campaign = Campaign(tmp_path, text=TWICE)
    first = campaign.stored(draft(), says=None)
    campaign.stored(draft(take=2), says=None)
    assert campaign.rerolled([first], most=2, checks=False) == [("berry/4x3", 1), ("berry/4x3", 2)]
    assert len(campaign.rerolled([first], most=2)) == 2


def test_a_cell_that_somebody_decided_on_is_not_rerolled(tmp_path):
    campaign = Campaign(tmp_path, text=ONCE)
    first = campaign.stored(draft(), says="BERY")
    campaign.verdicts[first.at.cell, Stage.DRAFT] = approval(first)
    assert len(campaign.rerolled([first])) == 1


@pytest.mark.parametrize("others", [1, 2])
def test_a_reroll_whose_payer_is_not_rerolled_is_paid_by_the_next_cell(tmp_path, others):
    """A person decided on the cell that paid for a shared image; nobody bought the new take."""
    campaign = Campaign(tmp_path, text=ONCE)
    cells = ["berry/4x3", "berry-b/4x3", "berry-c/4x3"][: others + 1]
    leader = campaign.stored(draft(cells[0]), says="BERY")
    campaign.verdicts[leader.at.cell, Stage.DRAFT] = approval(leader)

    def plan(further):
        jobs = []
        for take in (1, 2) if further else (1,):
            payer = take_of(leader, take)
            shared = [take_of(draft(cell), take) for cell in cells[1:]]
            jobs += [payer, *(replace(job, payer=payer.key, price=FREE) for job in shared)]
        return sorted(jobs, key=lambda job: cells.index(job.at.cell))

    rerolls = Rerolls(
        stage=Stage.DRAFT,
        entries=campaign.entries,
        verdicts=campaign.verdicts,
        checks=campaign.checks,
        most=1,
    )
    again = [job for job in rerolls.added(plan) if job.at.take == 2]
    assert [job.at.cell for job in again] == cells[1:]
    assert [(job.payer, job.price) for job in again] == [
        (None, leader.price),
        (again[0].key, FREE),
    ][:others]


def test_an_unread_script_is_not_rerolled(tmp_path):
    campaign = Campaign(tmp_path, text=ONCE)
    arabic = campaign.stored(draft(prompt='headline "عصير الصيف"'), says="")
    assert campaign.results([arabic]) == [{"text": CheckOutcome.UNREAD}]
    assert len(campaign.rerolled([arabic])) == 1


def test_drafts_are_not_rerolled_for_checks_of_finals():
    rules = {CampaignCheck.LEGIBLE: ONCE, CampaignCheck.DRIFT: TWICE, CampaignCheck.TEXT: FLAG}
    assert (most_rerolls(rules, Stage.DRAFT), most_rerolls(rules, Stage.FINAL)) == (0, 2)
    assert most_rerolls({CampaignCheck.TEXT: ONCE}, Stage.DRAFT) == 1


def test_of_a_take_and_its_rerolls_the_first_that_passes_is_delivered():
    jobs = [draft(take=take) for take in (1, 2, 3, 4)]
    images = [(job, job.key) for job in jobs]

    def delivered(takes, *missed):
        chosen = delivered_takes(images, takes, {jobs[take - 1].key: 1 for take in missed})
        return [(take, job.at.take) for take, job, _ in chosen]

    assert delivered(2) == [(1, 1), (2, 2)]
    assert delivered(2, 1) == [(1, 3), (2, 2)]
    assert delivered(1, 1, 2) == [(1, 3)]
    assert delivered(1, 1, 2, 3, 4) == [(1, 4)]


def test_a_missed_check_of_an_ad_file_rerolls_its_final(tmp_path):
    campaign = Campaign(tmp_path, legible=ONCE)
    final = campaign.stored(draft(stage=Stage.FINAL))
    sha256 = campaign.entries[final.key].outcome.artifact.sha256
    made = SimpleNamespace(source=sha256, checks=(measured(CampaignCheck.LEGIBLE, 5.0, "low"),))
    assert campaign.rerolled([final], stage=Stage.FINAL) == [("berry/4x3", 1)]
    campaign.rows.append(AdFileRow(cell="berry/4x3", placement="p", made=made))
    assert campaign.rerolled([final], stage=Stage.FINAL) == [("berry/4x3", 1), ("berry/4x3", 2)]
