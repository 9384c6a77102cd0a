"""What a run says while it works: only what it spent now, and only what has ended."""

from types import SimpleNamespace

import pytest
from builders import a_job

from pipeline.cli.progress import BarProgress, LineProgress, opening_words
from pipeline.cli.run_console import named_lines
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, FailureKind, Stored
from pipeline.purchasing.events import BuyingHalted, RequestSent, Retrying, StageOpening


def stored(job):
    artifact = Artifact(
        path=job.path,
        sha256="0" * 64,
        bytes=32,
        kind=ImageKind.PNG,
        width=4,
        height=3,
        alpha=Alpha.NONE,
    )
    return Stored(url="https://cdn.test/x.png", amount=Amount(12), artifact=artifact)


def an_opening(*, to_buy=0, to_fetch=0):
    most = Amount(12 * to_buy)
    return StageOpening(stage=Stage.FINAL, jobs=9, to_buy=to_buy, to_fetch=to_fetch, amount=most)


@pytest.fixture
def lines(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    return LineProgress(clock=lambda: 0.0)


def test_an_image_that_is_only_downloaded_again_is_not_told_as_spending(lines, capsys):
    job = a_job()
    lines.opened(an_opening(to_fetch=1))
    lines.delivered(job, stored(job))
    lines.closed(Stage.FINAL)
    said = capsys.readouterr().err.splitlines()
    assert said == ["final  1 of 9 images to download, paid", "  1/1 done, 1 image, 0 credits"]


def test_a_run_that_bought_one_and_fetched_one_tells_the_price_of_one(lines, capsys):
    bought, fetched = a_job("citrus/4x3"), a_job("berry/4x3")
    lines.opened(an_opening(to_buy=1, to_fetch=1))
    lines.happened(RequestSent(job=bought, attempt=1))
    for job in (fetched, bought):
        lines.delivered(job, stored(job))
    lines.closed(Stage.FINAL)
    assert "  2/2 done, 2 images, 12 credits" in capsys.readouterr().err


def test_a_long_stage_fills_a_log_with_few_lines(monkeypatch, capsys):
    monkeypatch.setenv("NO_COLOR", "1")
    passed = 0
    lines = LineProgress(clock=lambda: float(passed))
    jobs = [a_job(f"p{at}/4x3") for at in range(1000)]
    lines.opened(an_opening(to_buy=len(jobs)))
    for job in jobs:
        passed += 1  # a second an image
        lines.happened(RequestSent(job=job, attempt=1))
        lines.delivered(job, stored(job))
    lines.closed(Stage.FINAL)
    said = capsys.readouterr().err
    assert "\r" not in said
    assert said.splitlines()[-1] == "  1,000/1,000 done, 1,000 images, 12,000 credits"
    assert 1000 / 60 < len(said.splitlines()) < 1000 / 10


def test_a_stopped_run_does_not_claim_what_stayed_due_as_done(lines, capsys):
    first, *rest = (a_job(f"p{at}/4x3") for at in range(8))
    lines.opened(an_opening(to_buy=8))
    lines.happened(RequestSent(job=first, attempt=1))
    lines.delivered(first, stored(first))
    for job in rest:
        lines.delivered(job, None)
    lines.closed(Stage.FINAL)
    assert "  1/8 done, 1 image, 12 credits" in capsys.readouterr().err


def test_a_stage_that_an_interrupt_never_let_begin_claims_no_end(lines, capsys):
    lines.opened(an_opening(to_buy=4))
    for at in range(4):
        lines.delivered(a_job(f"p{at}/4x3"), None)
    lines.closed(Stage.FINAL)
    assert "done" not in capsys.readouterr().err


@pytest.mark.parametrize("screen", [LineProgress, BarProgress])
def test_after_an_interrupt_in_drafts_the_finals_are_not_announced(screen, monkeypatch, capsys):
    monkeypatch.setenv("NO_COLOR", "1")
    shown = screen()
    shown.happened(BuyingHalted(reason="interrupted", exit_code=130))
    shown.opened(an_opening(to_buy=4))
    for at in range(4):
        shown.delivered(a_job(f"p{at}/4x3"), None)
    shown.closed(Stage.FINAL)
    assert capsys.readouterr().err == "stop    interrupted\n"


def test_the_opening_of_a_pure_download_names_no_credits(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    words = opening_words(an_opening(to_fetch=2))
    assert words == "final  2 of 9 images to download, paid"


DEAD = "could not be sent: 127.0.0.1:9 does not answer: Connection refused"


@pytest.mark.parametrize("screen", [LineProgress, BarProgress])
def test_a_dead_server_is_told_once_while_the_run_works(screen, monkeypatch, capsys):
    """One refused connection was told five times, in one screen."""
    monkeypatch.setenv("NO_COLOR", "1")
    job, shown = a_job(), screen()
    shown.happened(Retrying(job=job, reason=DEAD, seconds=0.5))
    shown.happened(BuyingHalted(reason=f"the provider cannot be reached: {DEAD}", exit_code=7))
    shown.delivered(job, Failed(kind=FailureKind.NOT_SENT, reason=DEAD))
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("Connection refused") == 1
    assert "cannot be reached: as above" in told


def test_another_reason_is_told_in_full(lines, capsys):
    first, second = a_job("citrus/4x3"), a_job("berry/4x3")
    lines.delivered(first, Failed(kind=FailureKind.REFUSED, reason="no"))
    lines.delivered(second, Failed(kind=FailureKind.REFUSED, reason="a prompt against the policy"))
    lines.delivered(second, Failed(kind=FailureKind.REFUSED, reason="a prompt against the policy"))
    said = capsys.readouterr().err.splitlines()
    assert [line.partition("  ")[2] for line in said] == [
        "no; not charged",
        "a prompt against the policy; not charged",
        "as above; not charged",
    ]


def test_a_reason_that_several_images_share_is_said_once():
    reasons = ("gone (HTTP 404)", "gone (HTTP 404)", "cut off", "gone (HTTP 404)", "the budget")
    named = [
        SimpleNamespace(job=a_job(f"a/{number}x1"), reason=reason)
        for number, reason in enumerate(reasons)
    ]
    assert [line.partition("take 1")[2] for line in named_lines(named, told="the budget")] == [
        "  gone (HTTP 404)",
        "  as above",
        "  cut off",
        "  gone (HTTP 404)",
        "",
    ]
