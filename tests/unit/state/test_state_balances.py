"""What two balances prove of what is in doubt between them, and what they do not."""

import pytest

from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Account
from pipeline.state.output.balances import (
    BALANCES,
    Balance,
    compare_balances,
    note_balance,
    read_balance,
)

BEFORE = Balance(at="2026-11-22T06:00:00Z", left=1000, confirmed=40)
ACCOUNT = Account("gptimage@https://api.test")


@pytest.mark.parametrize(
    ("left", "settles", "words"),
    [
        (970, Resolution.NOT_CHARGED, "no doubt was charged"),
        (946, Resolution.CHARGED, "24 for what is in doubt"),
        (958, None, "12 of the 24 in doubt were charged, but the balance does not show which"),
        (944, None, "others used the account"),
        (1000, None, "or credits were added"),
        (2000, None, "the balance proves nothing"),
    ],
    ids=["none of them", "all of them", "some of them", "more", "less than is sure", "a payment"],
)
def test_a_balance_settles_only_what_it_proves_of_every_doubt(left, settles, words):
    """30 credits were confirmed since, and 24 are in doubt."""
    spent = Spent(confirmed=Amount(70), in_doubt=Amount(24))
    finding = compare_balances(BEFORE, left=left, spent=spent)
    assert finding.settles is settles
    assert words in finding.words


def test_a_balance_is_kept_by_account_and_the_newest_one_counts(tmp_path):
    note_balance(tmp_path, ACCOUNT, BEFORE)
    note_balance(tmp_path, Account("embedded"), Balance(at="t", left=1, confirmed=0))
    newer = Balance(at="2026-11-23T06:00:00Z", left=900, confirmed=140)
    note_balance(tmp_path, ACCOUNT, newer)
    assert read_balance(tmp_path, ACCOUNT) == newer
    assert read_balance(tmp_path, Account("nobody")) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"gptimage@https://api.test": {"at": 1}}'])
def test_balances_that_cannot_be_read_are_not_known(tmp_path, content):
    (tmp_path / BALANCES).write_bytes(content)
    assert read_balance(tmp_path, ACCOUNT) is None
