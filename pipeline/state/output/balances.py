"""Balances of an account, noted while nothing was in doubt: they settle later doubts.

A balance alone proves nothing, nor do two of them while a request is open. So a balance is noted
together with what the ledger had confirmed at that moment: all that was charged since can be
compared with all that was requested since.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pipeline.model.credits import Spent
from pipeline.model.entry import Resolution
from pipeline.model.provider import Account
from pipeline.state.output.folder import write_file

BALANCES = PurePosixPath("balances.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Credits left, and what the ledger had confirmed on that account at the same moment."""

    at: str
    """UTC, ISO 8601."""
    left: int
    confirmed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BalanceFinding:
    """What two balances prove about the doubts between them."""

    settles: Resolution | None
    """`None` if they prove nothing."""
    words: str


def read_balance(output: Path, account: Account) -> Balance | None:
    """Return the last balance that was noted of an account; `None` if there is none."""
    known = _read(output).get(account)
    try:
        return Balance(**known) if isinstance(known, dict) else None
    except TypeError:
        return None


def note_balance(output: Path, account: Account, balance: Balance) -> None:
    """Note a balance in place of the one before; `LocalFault` if the disk fails."""
    known = _read(output) | {account: asdict(balance)}
    write_file(output, BALANCES, json.dumps(known, indent=1).encode())


def compare_balances(before: Balance, *, left: int, spent: Spent) -> BalanceFinding:
    """Compare what the balance lost with what the account may have been charged since.

    Only the two ends of the interval prove something about every doubt. A value between them does
    not tell which doubts were charged; one outside is somebody else's spending, or a payment in.
    """
    charged = before.left - left
    sure = spent.confirmed - before.confirmed
    most = sure + spent.in_doubt
    since = f"since {before.at} the balance fell by {charged} credits"
    if charged == sure:
        words = f"{since}, all of them for images that came: none was charged"
        return BalanceFinding(settles=Resolution.NOT_CHARGED, words=words)
    if charged == most:
        words = f"{since}: {sure} for images that came, {spent.in_doubt} for what is in doubt"
        return BalanceFinding(settles=Resolution.CHARGED, words=words)
    if sure < charged < most:
        words = f"{since}, {sure} for images that came: {charged - sure} of the {spent.in_doubt} "
        return BalanceFinding(
            settles=None, words=f"{words}in doubt were charged, and nobody knows which"
        )
    words = f"{since}, and this ledger knows of {sure} to {most}: somebody else uses the account, "
    return BalanceFinding(
        settles=None, words=f"{words}or it was paid into; the balance proves nothing"
    )


def _read(output: Path) -> dict[str, object]:
    try:
        known = json.loads((output / BALANCES).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
