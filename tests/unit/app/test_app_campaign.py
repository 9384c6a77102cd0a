"""Keeping a balance when a run begins."""

import asyncio

from builders import a_job, a_run
from clock import in_virtual_time
from fake_provider import FakeProvider

from pipeline.app.campaign import keep_balance
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.money import Budget
from pipeline.providers.names import EMBEDDED
from pipeline.providers.profiles import PROFILES
from pipeline.state.output.balances import read_balance


async def begun():
    ledger, run = MemoryLedger(), a_run()
    await ledger.begin(run)
    return ledger, run, FakeProvider(profile=PROFILES[EMBEDDED], account=run.account)


async def test_a_run_keeps_what_is_left_where_nothing_is_in_doubt(tmp_path):
    ledger, run, provider = await begun()
    await keep_balance(ledger, provider, output=tmp_path)
    assert read_balance(tmp_path, run.account).left == 10_000


async def test_a_balance_beside_an_open_question_is_not_kept(tmp_path):
    ledger, run, provider = await begun()
    await ledger.submit(a_job(), run=run, budget=Budget())
    await keep_balance(ledger, provider, output=tmp_path)
    assert read_balance(tmp_path, run.account) is None


def test_a_balance_that_never_comes_does_not_hold_the_run_up(tmp_path):
    """The answer to a purchase may take ten minutes; a run does not begin with such a wait."""

    async def main():
        ledger, run, provider = await begun()
        provider.balance = lambda: asyncio.sleep(600, 5)
        await keep_balance(ledger, provider, output=tmp_path)
        return read_balance(tmp_path, run.account), asyncio.get_running_loop().time()

    kept, seconds = in_virtual_time(main())
    assert kept is None
    assert seconds <= 20
