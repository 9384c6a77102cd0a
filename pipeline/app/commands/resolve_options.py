"""What `resolve` is asked, and what it reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipeline.app.options import CampaignOptions
from pipeline.model.entry import Entry
from pipeline.model.money import Amount, MoneyFormat, Unit
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, InDoubt, Stored, is_doubtful, spent


class Answer(StrEnum):
    """The answers about an image in doubt or lost."""

    FOUND = "found"
    CHARGED = "charged"
    NOT_CHARGED = "not_charged"
    BALANCE = "balance"
    """Whatever the balance of the account proves."""
    REBUY = "rebuy"
    EXTRACT = "extract"
    """None: write the pictures of kept replies into a folder, for a person to look at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolveOptions(CampaignOptions):
    """The images to settle, and the answer about them."""

    cells: str = "*"
    """A glob over cell names."""
    ticket: str = ""
    """The order to settle as a whole, instead of images."""
    stage: Stage | None = None
    take: int | None = None
    answer: Answer | None = None
    """`None`: only list them."""
    url: str = ""
    """The URL of the image, its source in a kept reply, or the id of the batch, with `FOUND`."""
    folder: Path = Path()
    """Where `EXTRACT` writes pictures."""
    charged: Amount | None = None
    """What it cost, with `FOUND` or `CHARGED`; `None`: its price."""
    charged_in: Unit = Unit.CREDITS
    """The unit in which `charged` is given."""
    by: str | None = None
    """Who answers; `None`: the name that `reviewer_name` returns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenImage:
    """An image in doubt or lost."""

    entry: Entry
    money: MoneyFormat
    """How amounts of its account are written."""
    shown: tuple[str, ...] = ()
    """URLs of images that the provider's reply contained, or their sources in a kept reply."""
    commands: tuple[str, ...] = ()
    """A command for each answer that settles only this image."""

    @property
    def reason(self) -> str:
        """Why it has to be settled, as text for a person."""
        outcome = self.entry.outcome
        if isinstance(outcome, InDoubt) or outcome is None or not is_doubtful(outcome):
            return "" if outcome is None or isinstance(outcome, Stored) else outcome.reason
        cost = spent(outcome)
        most = self.money.text(cost.upper)
        if isinstance(outcome, Failed):
            return f"{outcome.reason}; it may have been charged all the same, up to {most}"
        known = f"between {self.money.text(cost.confirmed)} and {most}"
        return f"paid for, but its reply did not say what it cost: {known}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolveReport:
    """The images that were settled, or that remain to be settled."""

    open: Sequence[OpenImage] = ()
    """Images to settle; listed if no answer was given."""
    for_all: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """`all images in doubt` or `all lost images`, if there are several → commands for them."""
    pictures: Sequence[Path] = ()
    """The files that were written from kept replies."""
    settled: int = 0
    ground: str = ""
    """What the balance proves, why nothing was settled, or what is left at the provider."""
    next: str = ""
    """The command that follows."""
    lost: bool = False
    """True if the settled images count as paid and lost."""
    exit_code: int = 0
