"""What an account had left at a moment when the ledger had no question open: it settles later ones.

A balance alone proves nothing, and neither do two of them while something is in the making. What
is kept is a balance together with what the ledger had confirmed at that very moment, so that all
that was charged since can be held against all that was asked since.
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
    """What two balances say of everything that is in doubt between them."""

    settles: Resolution | None
    """`None` where they prove nothing."""
    words: str


def read_balance(output: Path, account: Account) -> Balance | None:
    """The last balance of an account without an open question; `None` where none is known."""
    known = _read(output).get(account)
    try:
        return Balance(**known) if isinstance(known, dict) else None
    except TypeError:
        return None


def note_balance(output: Path, account: Account, balance: Balance) -> None:
    """Keep it in the place of the one before; `LocalFault` where the disk fails."""
    known = _read(output) | {account: asdict(balance)}
    write_file(output, BALANCES, json.dumps(known, indent=1).encode())


def compare_balances(before: Balance, *, left: int, spent: Spent) -> BalanceFinding:
    """Hold what the balance lost against what the account may have been charged meanwhile.

    Only the two ends of the interval prove something of every doubt; what lies between does not
    say which, and what lies outside is somebody else's spending, or a payment in.
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
