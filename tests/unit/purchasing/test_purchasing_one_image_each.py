"""One answer, one image: a URL that another job has is a doubt, bytes that it has are told."""

from dataclasses import replace

import pytest
from builders import a_job
from fake_provider import png

from pipeline.errors import CircuitOpen
from pipeline.model.outcome import InDoubt, Stored
from pipeline.purchasing.events import SameImage


def three():
    return [a_job(f"p{number}/4x3", prompt=f"photo {number}") for number in range(3)]


def hands_out(here, url=None, picture=None):
    """Let every answer name one URL, or every URL bring one picture; each is charged."""
    truly = here.provider._render

    def render(request):
        receipt = truly(request)
        if picture is not None:
            here.provider.pictures[receipt.url] = picture
        if url is None:
            return receipt
        here.provider.pictures[url] = png(16, 16)
        return replace(receipt, url=url)

    here.provider._render = render


@pytest.mark.parametrize("at_once", [True, False])
async def test_one_url_for_three_jobs_is_one_image_and_two_doubts(case, at_once):
    """It gave three images "stored", and not a word."""
    here = await case()
    hands_out(here, url="https://images.invalid/same.png")
    render = here.render_at_once if at_once else here.render
    outcomes = await render(*three())
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "InDoubt",
        "InDoubt",
        "Stored",
    ]
    doubt = next(outcome for outcome in outcomes if isinstance(outcome, InDoubt))
    assert "the answer names the image of p" in doubt.reason
    assert "https://images.invalid/same.png" in doubt.reason
    spent = await here.ledger.spent()
    assert (spent.confirmed, spent.upper) == (2, 6)
    assert spent.confirmed <= here.provider.charged <= spent.upper


async def test_a_url_of_an_earlier_run_is_known(case, tmp_path):
    here = await case()
    hands_out(here, url="https://images.invalid/same.png")
    first, second, _ = three()
    assert isinstance((await here.render(first))[0], Stored)
    later = type(here)(tmp_path, ledger=here.ledger)
    later.provider.pictures = here.provider.pictures
    hands_out(later, url="https://images.invalid/same.png")
    await later.known_images.load()
    [outcome] = await later.render(second)
    assert isinstance(outcome, InDoubt)
    assert "p0/4x3 draft take 1 of citrus-soda" in outcome.reason


async def test_an_endless_supply_of_one_url_opens_the_circuit(case):
    here = await case(doubts_in_a_row=3)
    hands_out(here, url="https://images.invalid/same.png")
    jobs = [a_job(f"p{number}/4x3", prompt=f"photo {number}") for number in range(9)]
    await here.render(*jobs)
    assert isinstance(here.halt.reason, CircuitOpen)
    assert here.provider.charged == 8
    assert (await here.ledger.spent()).upper == 8


async def test_the_same_bytes_at_other_urls_are_kept_and_told(case):
    here = await case()
    hands_out(here, picture=png(16, 16))
    outcomes = await here.render(*three())
    assert [type(outcome) for outcome in outcomes] == [Stored] * 3
    told = [event for event in here.events if isinstance(event, SameImage)]
    assert [event.job.at.cell for event in told] == ["p1/4x3", "p2/4x3"]
    assert {event.other for event in told} == {"p0/4x3 draft take 1 of citrus-soda"}


async def test_play_credits_buy_equal_pictures_without_a_word(case, embedded):
    here = await case(profile=embedded)
    hands_out(here, picture=png(16, 16))
    outcomes = await here.render(*three())
    assert [type(outcome) for outcome in outcomes] == [Stored] * 3
    assert not [event for event in here.events if isinstance(event, SameImage)]


async def test_a_file_that_is_fetched_anew_is_nobody_elses(case, tmp_path):
    here = await case()
    [stored] = await here.render(a_job())
    (tmp_path / stored.artifact.path).unlink()
    again = type(here)(tmp_path, ledger=here.ledger)
    again.provider.pictures = here.provider.pictures
    await again.known_images.load()
    assert isinstance((await again.render(a_job()))[0], Stored)
    assert not [event for event in again.events if isinstance(event, SameImage)]


async def test_a_cell_that_shares_an_image_is_not_told_to_have_anothers(case, tmp_path):
    """A cell gets the image that its twin has paid for, at the same URL, without a purchase."""
    here = await case()
    payer = a_job("p0/4x3")
    twin = replace(a_job("p1/4x3"), payer=payer.key)
    assert isinstance((await here.render(payer))[0], Stored)
    assert await here.ledger.share([twin]) == 1
    [entry] = (await here.ledger.entries([twin.key])).values()
    (tmp_path / entry.outcome.artifact.path).unlink()
    again = type(here)(tmp_path, ledger=here.ledger)
    again.provider.pictures = here.provider.pictures
    await again.known_images.load()
    assert isinstance((await again.render(twin))[0], Stored)
    assert not [event for event in again.events if isinstance(event, SameImage)]
