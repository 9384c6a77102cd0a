"""A disk that fails under the checks, or a bug in one job, while others are being paid for."""

from types import SimpleNamespace

import pytest
from builders import NOW, a_job
from fake_provider import ScriptedAnswer

from pipeline.app.run.workflow import RunContext, render_stage
from pipeline.errors import LocalFault
from pipeline.images.registry import images_in
from pipeline.model.money import MoneyFormat
from pipeline.model.names import Stage
from pipeline.model.outcome import InDoubt, Paid, Stored
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.purchasing.events import Watchers
from pipeline.purchasing.worker_pool import work_through
from pipeline.state.campaign_state import CampaignState
from pipeline.state.due import Rules


async def test_a_disk_that_fails_under_the_checks_leaves_no_paid_answer_unheard(case, tmp_path):
    """It cancelled every request that was waiting for its answer: all of them were in doubt."""
    here = await case([ScriptedAnswer(), *[ScriptedAnswer(after=0.3)] * 3])
    here.renderer._proven = True

    def full(_sha256, _checks):
        raise LocalFault("cannot write checks.jsonl: No space left on device")

    here.inspector.kept.keep = full
    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(4)]
    work = RunContext(
        run=here.run,
        loaded=SimpleNamespace(campaign=SimpleNamespace(money=MoneyFormat())),
        ledger=here.ledger,
        renderer=here.renderer,
        rules=Rules(
            images=images_in(tmp_path),
            caps=PROFILES[GPTIMAGE].caps,
            now=NOW,
            retry_failed=False,
            rebuy_lost=False,
        ),
        score=None,
        watcher=Watchers(watchers=()),
        checks=None,
        examine=None,
    )
    standing = CampaignState(
        jobs=jobs,
        asked=None,
        drafts=jobs,
        finals=(),
        entries={},
        verdicts={},
        stale=(),
        waiting=(),
    )
    await render_stage(work, Stage.DRAFT, standing)
    entries = await here.ledger.entries([job.key for job in jobs])
    assert isinstance(here.halt.reason, LocalFault)
    assert not [entry for entry in entries.values() if isinstance(entry.outcome, InDoubt)]
    assert {type(entry.outcome) for entry in entries.values()} == {Paid}
    assert (await here.ledger.spent()).confirmed == here.provider.charged


async def test_a_bug_in_one_job_lets_the_others_hear_their_answers_and_draws_no_more(case):
    """It cancelled them all, and what they had asked for was in doubt."""
    here = await case([ScriptedAnswer(), *[ScriptedAnswer(after=0.3)] * 99])
    here.renderer._proven = True
    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(9)]
    delivered = []

    async def work(job):
        outcome = await here.renderer.render(job, None)
        if job is jobs[0]:
            raise RuntimeError("a bug")
        delivered.append(outcome)

    with pytest.raises(ExceptionGroup, match="unexpected error") as bug:
        await work_through(jobs, work, workers=4)
    assert [str(error) for error in bug.value.exceptions] == ["a bug"]
    assert [type(outcome) for outcome in delivered] == [Stored] * 3
    assert len(here.provider.asked) == 4
