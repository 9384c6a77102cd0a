"""The names by which rooms refer to campaigns, cells, stages, providers and accounts.

They are apart from what they name: a command that only reads the ledger loads no campaign.
"""

from enum import StrEnum
from typing import NewType

Slug = NewType("Slug", str)
"""A campaign's name: `[a-z0-9-]`."""

CellName = NewType("CellName", str)
"""The one stable readable name of a cell: `citrus-330/4x3/en-US`."""

ProfileName = NewType("ProfileName", str)
"""`gptimage`, `embedded`; several profiles may use the same client."""

Account = NewType("Account", str)
"""The account that pays: a profile at one base URL."""


class Stage(StrEnum):
    """The stage of the cycle that an image belongs to."""

    DRAFT = "draft"
    FINAL = "final"
