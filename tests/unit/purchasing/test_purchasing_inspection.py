"""A disk that fails under the findings, or a bug in one job, while others are being paid for."""

from pathlib import Path

import pytest
from builders import NOW, a_job

from pipeline.app.workflow import RunContext, render_stage
from pipeline.errors import LocalFault
from pipeline.model.campaign import Stage
from pipeline.model.outcome import InDoubt, Stored
from pipeline.providers.fake import ScriptedAnswer
from pipeline.providers.profiles import GPTIMAGE, PROFILES
from pipeline.purchasing.events import Watchers
from pipeline.purchasing.worker_pool import LocalExecutor
from pipeline.state.due import Rules
from pipeline.state.survey import CampaignState


async def test_a_disk_that_fails_under_the_findings_leaves_no_paid_answer_unheard(shop, tmp_path):
    """It cancelled every request that was waiting for its answer: all of them were in doubt."""
    here = await shop([ScriptedAnswer(), *[ScriptedAnswer(after=0.3)] * 3])
    here.renderer._proven = True

    async def look(_job, _artifact):
        raise LocalFault("cannot write checks.jsonl: No space left on device")

    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(4)]
    work = RunContext(
        run=here.run,
        loaded=None,
        ledger=here.ledger,
        executor=LocalExecutor(workers=4),
        renderer=here.renderer,
        rules=Rules(
            output=Path(tmp_path),
            caps=PROFILES[GPTIMAGE].caps,
            now=NOW,
            retry_failed=False,
            rebuy_lost=False,
        ),
        look=look,
        watcher=Watchers(watchers=()),
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
    assert (await here.ledger.spent()).confirmed == here.provider.charged


async def test_a_bug_in_one_job_lets_the_others_hear_their_answers_and_draws_no_more(shop):
    """It cancelled them all, and what they had asked for was in doubt."""
    here = await shop([ScriptedAnswer(), *[ScriptedAnswer(after=0.3)] * 99])
    here.renderer._proven = True
    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(9)]
    delivered = []

    async def stream():
        for job in jobs:
            yield job

    async def render(job):
        outcome = await here.renderer.render(job, None)
        if job is jobs[0]:
            raise RuntimeError("a bug")
        return outcome

    with pytest.raises(ExceptionGroup, match="could not be worked on") as bug:
        await LocalExecutor(workers=4).execute(
            stream(), render, lambda _job, outcome: delivered.append(outcome)
        )
    assert [str(error) for error in bug.value.exceptions] == ["a bug"]
    assert [type(outcome) for outcome in delivered] == [Stored] * 3
    assert len(here.provider.asked) == 4
