"""Keeping a balance when a run begins."""

import asyncio

import pytest
from builders import a_job, a_run
from clock import in_virtual_time
from fake_provider import FakeProvider

from pipeline.app.campaign import account_of, keep_balance
from pipeline.campaign.loading import load_campaign
from pipeline.errors import UsageError
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.money import Budget
from pipeline.providers.names import EMBEDDED
from pipeline.providers.profiles import PROFILES
from pipeline.settings import ProviderSettings, Settings
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


def test_a_base_url_that_cannot_work_names_no_account(tmp_path):
    """A run with nothing to buy went on, and its manifest told of `openai@://127.0.0.1:1/v1`."""
    file = tmp_path / "a.yaml"
    file.write_text(
        "campaign: a\nprovider: openai\nprompt: A can.\n"
        "matrix: {product: [{id: a, name: A}], size: ['1:1']}\n"
    )
    campaign = load_campaign(file, profiles=PROFILES).campaign
    openai = ProviderSettings(prefix="OPENAI", base_url="127.0.0.1:1/v1", base_url_given=True)
    with pytest.raises(UsageError, match="must look like"):
        account_of(campaign, Settings(openai=openai))
