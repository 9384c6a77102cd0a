"""Paid and called lost: what is no image says nothing of the image; a known URL is asked first.

Whoever pays again for what can still be had pays twice.
"""

import pytest
from builders import a_job
from encoded_pictures import encoded

from pipeline.errors import BudgetReached, DownloadFailed, ImageGone
from pipeline.model.outcome import Paid, PaidLost, Stored

JOB = a_job()
SIGN_IN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>office</body></html>"

NO_IMAGE = {
    "a sign-in page": SIGN_IN,
    "a page without a head": b"\n\n<html><body>please wait</body></html>",
    "an error of the host": b'{"error": "try again later"}',
    "an XML error": b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>",
    "a text": b"Gateway timeout",
    "nothing": b"",
    "three bytes": b"\x89PN",
    "zeros": bytes(4096),
}


def sends(here, content):
    """Let every URL bring this instead of its image, and return the true ones."""
    true = dict(here.provider.pictures)
    here.provider.pictures.update(dict.fromkeys(here.provider.pictures, content))
    return true


async def paid_but(here, content):
    """Buy one image whose host sends something else; return how that ended."""
    truly = here.provider._render

    def render(request):
        receipt = truly(request)
        here.provider.pictures[receipt.url] = content
        return receipt

    here.provider._render = render
    [outcome] = await here.render(JOB)
    here.provider._render = truly
    return outcome


@pytest.mark.parametrize("content", NO_IMAGE.values(), ids=NO_IMAGE.keys())
async def test_what_is_no_image_leaves_it_to_be_fetched_later(case, content):
    """Fifteen sign-in pages of an office network, and the image was paid and lost for ever."""
    here = await case()
    for _ in range(3):
        outcome = await paid_but(here, content) if not here.provider.asked else None
        [outcome] = [outcome] if outcome else await here.render(JOB)
        assert isinstance(outcome, Paid)
    assert len(here.provider.downloads) == 15
    sends(here, encoded("PNG"))
    [outcome] = await here.render(JOB)
    assert isinstance(outcome, Stored)
    assert len(here.provider.asked) == 1
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 2


BROKEN = {
    "cut": encoded("PNG")[:-40],
    "a GIF": encoded("GIF"),
    "a BMP": encoded("BMP"),
    "an SVG": b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gone": ImageGone("404"),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_a_lost_image_is_asked_for_once_more_before_it_is_bought_again(case, content):
    """`--rebuy-lost` paid again without a look at the URL that the ledger still had."""
    here = await case()
    lost = await paid_but(here, content)
    assert isinstance(lost, PaidLost)
    sends(here, encoded("PNG"))
    [outcome] = await here.render(JOB)
    assert isinstance(outcome, Stored)
    assert outcome.url == lost.url
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 2


@pytest.mark.parametrize("content", [SIGN_IN, DownloadFailed("HTTP 503")], ids=["a page", "503"])
async def test_a_lost_image_whose_host_cannot_be_asked_is_not_bought_again(case, content):
    here = await case()
    assert isinstance(await paid_but(here, ImageGone("404")), PaidLost)
    sends(here, content)
    [outcome] = await here.render(JOB)
    assert isinstance(outcome, Paid)
    assert here.provider.charged == 2


async def test_a_lost_image_that_is_still_lost_is_bought_again(case):
    here = await case()
    assert isinstance(await paid_but(here, ImageGone("404")), PaidLost)
    [outcome] = await here.render(JOB)
    assert isinstance(outcome, Stored)
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 4


async def test_a_lost_image_stays_lost_where_the_run_buys_nothing_more(case):
    """It was freed before the budget was asked, and its URL forgotten for nothing."""
    here = await case()
    lost = await paid_but(here, ImageGone("404"))
    here.halt.because(BudgetReached(scope="run", limit=2, spent=2, price=2))
    [outcome] = await here.render(JOB)
    assert isinstance(outcome, PaidLost)
    [entry] = (await here.ledger.entries([JOB.key])).values()
    assert entry.outcome == PaidLost(url=lost.url, amount=lost.amount, reason=lost.reason)
