from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_job

from pipeline.images.base import stored_sizes
from pipeline.images.registry import images_in
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry
from pipeline.model.money import Amount, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.state.due import Due, Rules, what_is_due

PICTURE = Artifact(
    path="a.png",
    sha256="0" * 64,
    bytes=3,
    kind=ImageKind.PNG,
    width=1,
    height=1,
    alpha=Alpha.NONE,
)
PAID = {"url": "https://x/1.png", "amount": Amount(2)}


def entry(outcome, *, purchased="2026-11-22T05:00:00Z"):
    job = a_job()
    return Entry(key=job.key, at=job.at, outcome=outcome, spent=Spent(), purchased=purchased)


def due_of(known, rules):
    return what_is_due(known, rules, stored_sizes([known] if known else [], rules.images))


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "a.png").write_bytes(b"abc")
    return Rules(images=images_in(tmp_path), caps=PROFILES[GPTIMAGE].caps, now=NOW)


@pytest.mark.parametrize(
    ("outcome", "due"),
    [
        (None, Due.BUY),
        (Stored(**PAID, artifact=PICTURE), Due.NOTHING),
        (Stored(**PAID, artifact=replace(PICTURE, path="gone.png")), Due.FETCH),
        (Paid(**PAID), Due.FETCH),
        (PaidLost(**PAID), Due.NOTHING),
        (Failed(kind=FailureKind.NOT_SENT, reason=""), Due.BUY),
        (Failed(kind=FailureKind.REJECTED, reason=""), Due.NOTHING),
        (Failed(kind=FailureKind.REFUSED, reason=""), Due.NOTHING),
        (InDoubt(amount=Amount(2), reason=""), Due.NOTHING),
    ],
)
def test_what_is_due_follows_from_the_outcome(rules, outcome, due):
    assert due_of(entry(outcome), rules) is due


def test_a_job_that_was_never_heard_of_is_bought(rules):
    assert due_of(None, rules) is Due.BUY


def test_failed_and_lost_images_are_bought_again_only_when_asked(rules):
    asked = replace(rules, retry_failed=True, rebuy_lost=True)
    assert due_of(entry(PaidLost(**PAID)), asked) is Due.BUY_AGAIN
    refused = Failed(kind=FailureKind.REFUSED, reason="")
    assert due_of(entry(refused), asked) is Due.BUY_AGAIN


def test_a_doubt_is_replayed_while_its_key_is_young_and_honoured(rules):
    doubt = entry(InDoubt(amount=Amount(2), reason=""))
    honoured = replace(rules, caps=PROFILES[EMBEDDED].caps)
    assert due_of(doubt, honoured) is Due.REPLAY
    old = replace(honoured, now=NOW + timedelta(days=3))
    assert due_of(doubt, old) is Due.NOTHING


def test_a_job_that_a_dead_run_left_in_flight_is_never_bought_anew(rules):
    left = replace(entry(None), rendering=True)
    assert due_of(left, rules) is Due.NOTHING
    assert due_of(left, replace(rules, caps=PROFILES[EMBEDDED].caps)) is Due.REPLAY


def test_a_clock_that_was_set_back_does_not_make_a_key_young(rules):
    honoured = replace(rules, caps=PROFILES[EMBEDDED].caps, now=NOW - timedelta(days=1))
    assert due_of(entry(InDoubt(amount=Amount(2), reason="")), honoured) is Due.NOTHING
