"""After a run a person follows the line that is printed: it must do what was meant and no more."""

from pathlib import Path

import pytest
from builders import NOW, a_job, a_run

from pipeline.app.next_steps import ad_file_steps, steps_onward
from pipeline.app.options import CampaignOptions
from pipeline.errors import ProviderStopped
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.names import CellName
from pipeline.model.outcome import Failed, FailureKind, Receipt, Status
from pipeline.state.campaign_state import CampaignState
from pipeline.state.picks import StaleApproval

GIVEN = CampaignOptions(campaign=Path("c.yaml"), provider="gptimage", only=("citrus/*",))
FIVE = [a_job(f"citrus/{side}x3") for side in range(4, 9)]


def an_image(job):
    return Artifact(
        path=job.path,
        sha256="ab" * 32,
        bytes=32,
        kind=ImageKind.PNG,
        width=4,
        height=3,
        alpha=Alpha.CHANNEL,
    )


@pytest.fixture
async def ledger():
    kept = MemoryLedger(now=lambda: NOW)
    await kept.begin(a_run())
    return kept


async def submit(ledger, job):
    return await ledger.submit(job, run=a_run(), budget=Budget())


async def store(ledger, *jobs):
    for job in jobs:
        receipt = Receipt(url="https://cdn.test/x.png", amount=Amount(2))
        await ledger.paid(await submit(ledger, job), receipt)
        await ledger.stored(job.key, an_image(job))


async def named(ledger, jobs, *, counts=None, waiting=(), asked=None, stale=(), doubtful=0):
    """The commands named after a run, without their file and flags."""
    standing = CampaignState(
        jobs=jobs,
        asked=asked,
        drafts=[job for job in jobs if asked is None or job.at.cell in asked],
        finals=(),
        entries=await ledger.entries([job.key for job in jobs]),
        verdicts={},
        stale=[StaleApproval(cell=job.at.cell, reason="its words changed") for job in stale],
        waiting=[job.at.cell for job in waiting],
    )
    steps = steps_onward(GIVEN, counts or {}, standing, doubtful=doubtful)
    rest = ("pipeline ", " c.yaml", " --provider gptimage", " --only 'citrus/*'")
    for text in rest:
        steps = [(word, step.replace(text, "")) for word, step in steps]
    return [f"{word} {step}" for word, step in steps]


async def test_the_approval_that_is_offered_leaves_what_was_chosen_before_as_it_is(ledger):
    """`approve '*' --take 1` gave every decided cell another take, and bought its final again."""
    await store(ledger, *FIVE)
    assert await named(ledger, FIVE, waiting=FIVE[3:4]) == [
        "Next review",
        "or approve citrus/7x3 --take 1",
        "then run",
    ]
    assert await named(ledger, FIVE, waiting=FIVE[:4]) == ["Next review", "then run"]


async def test_all_cells_are_offered_at_once_where_all_of_them_wait_with_an_image(ledger):
    await store(ledger, *FIVE)
    assert "or approve '*' --take 1" in await named(ledger, FIVE, waiting=FIVE)


async def test_after_a_run_of_some_cells_no_approval_reaches_for_cells_without_an_image(ledger):
    """The line that was printed ended with exit 2: the other cells had nothing to approve."""
    chosen, others = FIVE[:4], FIVE[4:]
    await store(ledger, *chosen)
    cells = frozenset(job.at.cell for job in chosen)
    steps = await named(ledger, [*chosen, *others], waiting=chosen, asked=cells)
    assert steps == ["Next review", "then run"]


async def test_a_cell_whose_approval_no_longer_holds_is_offered_like_one_without(ledger):
    """After a change of provider the run named such cells, and no command for them."""
    await store(ledger, *FIVE[:2])
    assert await named(ledger, FIVE, waiting=FIVE[:1], stale=FIVE[1:3]) == [
        "Next review",
        "or approve citrus/4x3 --take 1",
        "or approve citrus/5x3 --take 1",
        "then run",
    ]


async def test_the_take_that_is_offered_is_one_that_has_an_image(ledger):
    first, second = a_job(take=1), a_job(take=2)
    await store(ledger, second)
    steps = await named(ledger, [first, second], waiting=[first])
    assert "or approve citrus/4x3 --take 2" in steps


async def test_a_doubt_names_the_command_that_settles_it(ledger):
    assert await named(ledger, FIVE, counts={Status.IN_DOUBT: 1}) == ["Next resolve"]


async def test_a_lost_image_names_the_flag_that_buys_it_again_and_says_that_it_costs(ledger):
    assert await named(ledger, FIVE, counts={Status.PAID_LOST: 1}) == [
        "Next run --rebuy-lost  # asks for the lost images once more, then pays again"
    ]


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (FailureKind.NOT_SENT, "Next run"),
        (FailureKind.REJECTED, "Next run --retry-failed  # or change the prompt"),
    ],
)
async def test_what_never_left_the_machine_is_asked_again_by_a_plain_run(ledger, kind, step):
    """With a provider that could not be reached one was told to change the prompt."""
    await ledger.fail(await submit(ledger, FIVE[0]), Failed(kind=kind, reason="no"), http=None)
    assert await named(ledger, FIVE, counts={Status.FAILED: 1}) == [step]


async def test_a_wrong_key_comes_before_another_run(ledger):
    """`Next: run` was all that was said, and it would have ended the same way."""
    stopped = ProviderStopped("the provider refused the key", remedy="set GPTIMAGE_API_KEY to …")
    state = CampaignState(
        jobs=FIVE,
        asked=None,
        drafts=FIVE,
        finals=(),
        entries={},
        verdicts={},
        stale=(),
        waiting=(),
    )
    steps = steps_onward(GIVEN, {Status.PLANNED: 5}, state, reason=stopped)
    assert steps == [
        ("Next", "set GPTIMAGE_API_KEY to …"),
        ("then", "pipeline run c.yaml --provider gptimage --only 'citrus/*'"),
    ]


async def test_money_in_doubt_is_settled_before_a_refused_image_is_tried_again(ledger):
    job = a_job()
    failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(2))
    await ledger.fail(await submit(ledger, job), failure)
    assert await named(ledger, [job], counts={Status.REFUSED: 1}, doubtful=1) == [
        "Next resolve",
        "or run --retry-failed  # or change the prompt",
    ]


def test_after_ad_files_to_look_at_the_page_and_an_approval_are_offered():
    """A run that ended with flagged ad files named no next command, and nothing was delivered."""
    cells = [CellName("a/tall"), CellName("b/tall")]
    one = ad_file_steps(GIVEN, [(cells[0], "hero")])
    assert one == [
        ("Next", "pipeline review c.yaml --provider gptimage"),
        ("or", "pipeline approve c.yaml a/tall@hero --provider gptimage"),
    ]
    several = ad_file_steps(GIVEN, [(cell, "hero") for cell in cells])
    assert several[1:] == [("or", "pipeline approve c.yaml '*@hero' --provider gptimage")]
    many = ad_file_steps(GIVEN, [(cells[0], f"hero-{nth}") for nth in range(5)])
    assert many == one[:1]
    assert ad_file_steps(GIVEN, []) == []
