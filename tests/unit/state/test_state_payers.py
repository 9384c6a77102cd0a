"""An image that several cells share is paid once, whichever cell a run began with."""

from dataclasses import replace

import pytest
from builders import a_job

from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry
from pipeline.model.job import job_key
from pipeline.model.money import FREE, Amount, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, Stored
from pipeline.state.payers import (
    Payers,
    UnsettledPurchases,
    images_to_share,
    settle_payers,
    unsettled_entries,
)

FIRST = a_job("citrus/story")
SECOND = replace(a_job("citrus/reel"), payer=FIRST.key, price=FREE)
GROUP = [FIRST, SECOND]
PICTURE = Artifact(
    path="a.png",
    sha256="0" * 64,
    bytes=3,
    kind=ImageKind.PNG,
    width=1,
    height=1,
    alpha=Alpha.NONE,
)


def known(job, outcome):
    return {job.key: Entry(key=job.key, at=job.at, outcome=outcome, spent=Spent())}


def paid(job):
    return known(job, Stored(url="https://x/1.png", amount=Amount(2), artifact=PICTURE))


def test_the_first_cell_pays_where_nothing_was_bought():
    assert settle_payers(GROUP, {}, selected=None) == GROUP


def test_a_cell_that_was_bought_alone_stays_the_payer_when_its_twin_is_planned_first():
    first, second = settle_payers(GROUP, paid(SECOND), selected=None)
    assert (first.payer, first.price) == (SECOND.key, 0)
    assert (second.payer, second.price) == (None, 2)


def test_a_doubtful_purchase_is_not_made_again_under_the_twin():
    doubt = known(SECOND, InDoubt(amount=Amount(2), reason=""))
    first, _ = settle_payers(GROUP, doubt, selected=None)
    assert first.payer == SECOND.key


def test_a_twin_that_failed_does_not_pay():
    failed = known(SECOND, Failed(kind=FailureKind.REJECTED, reason=""))
    assert settle_payers(GROUP, failed, selected=None) == GROUP


def test_only_the_second_cell_is_asked_for_and_pays_itself():
    [job] = settle_payers(GROUP, {}, selected=frozenset({SECOND.at.cell}))
    assert (job.key, job.payer, job.price) == (SECOND.key, None, 2)


def test_only_the_second_cell_is_asked_for_and_the_first_has_paid():
    [job] = settle_payers(GROUP, paid(FIRST), selected=frozenset({SECOND.at.cell}))
    assert (job.payer, job.price) == (FIRST.key, 0)


def test_an_image_in_flight_under_one_cell_is_not_bought_under_another():
    """An attempt without an ending may have been charged: its cell stays the payer."""
    flying = Entry(key=SECOND.key, at=SECOND.at, outcome=None, spent=Spent(), rendering=True)
    first, second = settle_payers(GROUP, {SECOND.key: flying}, selected=None)
    assert (first.payer, second.payer) == (SECOND.key, None)


IN_DOUBT = InDoubt(amount=Amount(2), reason="")
NOT_FETCHED = Paid(url="https://x/1.png", amount=Amount(2), reason="timeout")
REDONE = replace(
    FIRST, key=job_key(FIRST.at, profile=FIRST.profile, request=SECOND.request), payer=None
)
"""The first cell in the round in which it shared the image of the second; it is in another now."""
ALONE = replace(SECOND, payer=None, price=Amount(2))


@pytest.mark.parametrize("outcome", [IN_DOUBT, NOT_FETCHED])
def test_what_is_in_doubt_under_a_cell_that_was_redone_is_not_bought_under_its_twin(outcome):
    """Its cell is in another round, and the twin has no purchase of its own."""
    entries = known(REDONE, outcome)
    third = replace(a_job("citrus/tv"), request=SECOND.request, payer=ALONE.key, price=FREE)
    shared = settle_payers([ALONE, third], entries, selected=None)
    assert [(job.payer, job.price) for job in shared] == [(REDONE.key, 0)] * 2
    unsettled = UnsettledPurchases(unsettled_entries(entries))
    payers = Payers(entries, selected=None, unsettled=unsettled)
    for job in (ALONE, third):
        payers.see(job)
    assert payers.moved() == {ALONE.key: REDONE.key}


def test_another_request_or_round_is_not_the_image_in_doubt():
    entries = known(REDONE, IN_DOUBT)
    others = [a_job("citrus/reel", round_=2), a_job("citrus/reel", prompt="Another photo.")]
    assert settle_payers(others, entries, selected=None) == others
    assert not UnsettledPurchases(unsettled_entries(entries), planned=[REDONE.key])


def test_an_image_that_is_not_downloaded_is_shared_only_if_its_payer_is_gone():
    entries = known(REDONE, NOT_FETCHED)
    [alone] = settle_payers([ALONE], entries, selected=None)
    assert images_to_share([alone], entries) == [alone]
    assert images_to_share([REDONE, alone], entries) == []
