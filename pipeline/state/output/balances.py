"""Balances of an account, recorded while nothing was in doubt, to settle later doubts.

A single balance proves nothing, and neither do two while a request is open. Each balance is
recorded with the credits that the ledger had confirmed at that moment, so that everything charged
since then can be compared with everything requested since then.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pipeline.files.unreadable import read_file
from pipeline.model.entry import Resolution
from pipeline.model.money import IN_CREDITS, MoneyFormat, Spent
from pipeline.model.names import Account
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
    """Return the last balance that was recorded for an account; `None` if there is none."""
    known = _read(output).get(account)
    try:
        return Balance(**known) if isinstance(known, dict) else None
    except TypeError:
        return None


def note_balance(output: Path, account: Account, balance: Balance) -> None:
    """Replace the recorded balance of an account; `LocalFault` if the disk fails."""
    known = _read(output) | {account: asdict(balance)}
    write_file(output, BALANCES, json.dumps(known, indent=1).encode())


def compare_balances(
    before: Balance, *, left: int, spent: Spent, money: MoneyFormat = IN_CREDITS
) -> BalanceFinding:
    """Compare what left the account with what the ledger knows or doubts.

    Only the two ends of that interval settle every doubt. A value between them does not show which
    doubts were charged; a value outside means that others spent credits, or that some were added.
    """
    charged = before.left - left
    sure = spent.confirmed - before.confirmed
    most = sure + spent.in_doubt
    since = f"since {before.at} the balance fell by {money.text(charged)}"
    known, doubt = money.bare(sure), money.bare(spent.in_doubt)
    if charged == sure:
        words = f"{since}, all of them for images that were received: no doubt was charged"
        return BalanceFinding(settles=Resolution.NOT_CHARGED, words=words)
    if charged == most:
        words = f"{since}: {known} for received images, {doubt} for what is in doubt"
        return BalanceFinding(settles=Resolution.CHARGED, words=words)
    if sure < charged < most:
        part = money.bare(charged - sure)
        words = f"{since}, {known} for received images: {part} of the {doubt} "
        return BalanceFinding(
            settles=None, words=f"{words}in doubt were charged, but the balance does not show which"
        )
    known = f"{known} to {money.bare(most)}"
    words = (
        f"{since}, but this ledger knows of {known}: others used the account, or credits were "
        "added; the balance proves nothing"
    )
    return BalanceFinding(settles=None, words=words)


def _read(output: Path) -> dict[str, object]:
    try:
        known = json.loads(read_file(output / BALANCES))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
