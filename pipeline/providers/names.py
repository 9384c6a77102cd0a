"""The shipped providers by name, with the unit that each counts in.

Apart from their profiles: a command that only reads the ledger loads none of these.
"""

from collections.abc import Mapping

from pipeline.model.money import Unit
from pipeline.model.names import Account, ProfileName

GPTIMAGE = ProfileName("gptimage")
EMBEDDED = ProfileName("embedded")
OPENAI = ProfileName("openai")
COMPATIBLE = ProfileName("compatible")

EMBEDDED_ACCOUNT = Account("embedded")
"""The account of the embedded image server: the same on every port, since its state is in the
output folder."""

UNITS: Mapping[ProfileName, Unit] = {
    GPTIMAGE: Unit.CREDITS,
    EMBEDDED: Unit.CREDITS,
    OPENAI: Unit.DOLLARS,
    COMPATIBLE: Unit.DOLLARS,
}


def unit_of(account: Account) -> Unit:
    """Return what an account counts in; credits if its provider is not one of these."""
    return UNITS.get(ProfileName(account.partition("@")[0]), Unit.CREDITS)
