"""Stages, budgets and limits of a run."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.campaign.grammar.base import Number, Part, Text
from pipeline.model.money import Amount, Unit, parse_dollars

QualityWord = Literal["low", "medium", "high", "xhigh", "max"]
Takes = Annotated[int, Field(ge=1, le=100)]
Positive = Annotated[Number, Field(gt=0)]


class DraftPart(Part):
    """The settings of drafts, and who chooses among them."""

    quality: QualityWord = Field("low", description="Price tier of a draft.")
    takes: Takes = Field(1, description="Alternatives per cell to choose from.")
    model: Text | None = Field(None, description="Another model for drafts than for finals.")
    review: Literal["human", "auto", "none"] = Field(
        "human", description="Who chooses: a person, the checks, or nobody (finals unseen)."
    )


class FinalPart(Part):
    """The settings of finals."""

    quality: QualityWord = Field("high", description="Price tier of a final.")
    takes: Takes = Field(1, description="Finals per approved draft.")
    model: Text | None = Field(None, description="Another model for finals than for drafts.")
    mode: Literal["regenerate", "refine"] = Field(
        "regenerate",
        description="The same prompt again, or an edit of the approved draft, if the provider "
        "takes images.",
    )


class StagesPart(Part):
    """The stages that run; both if the key is left out."""

    draft: DraftPart | None = Field(None, description="Cheap alternatives for review.")
    final: FinalPart | None = Field(None, description="The approved cells in high quality.")


def _limit(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return Budgeted(unit=Unit.CREDITS, amount=Amount(value))
    if isinstance(value, str) and "$" in value:
        with suppress(ValueError):
            return Budgeted(unit=Unit.DOLLARS, amount=parse_dollars(value))
    if isinstance(value, int) and value < 0:
        raise PydanticCustomError("budget", "must be at least 0, not {value}", {"value": value})
    raise PydanticCustomError(
        "budget", "must be a whole number of credits such as 600, or dollars such as $12.50"
    )


MOST = 10**15
"""The most credits that a budget can have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgeted:
    """A limit as it is written: `600` or `$12.50`."""

    unit: Unit
    amount: Amount


Limit = Annotated[
    Budgeted,
    BeforeValidator(_limit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\s*\$ ?[0-9][0-9,]*(\.[0-9]{1,9})?\s*$"},
            ]
        }
    ),
]
"""A limit in the account's own credits, or in dollars if the account counts in dollars."""


class BudgetPart(Part):
    """Hard limits in credits or dollars, checked before every request."""

    campaign: Limit | None = Field(None, description="This campaign over all its runs.")
    run: Limit | None = Field(None, description="One invocation: 600 (credits) or $12.50.")
    month: Limit | None = Field(
        None, description="All campaigns of the output folder and account, by UTC month."
    )

    @property
    def units(self) -> Mapping[str, Unit]:
        """The unit of each limit that is set."""
        limits = {"campaign": self.campaign, "run": self.run, "month": self.month}
        return {name: limit.unit for name, limit in limits.items() if limit is not None}


_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)\s*%")


def _failures(value: int | str) -> int | str:
    share = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, str) and (share is None or float(share[1]) > 100):  # noqa: PLR2004  a whole
        raise PydanticCustomError("failures", "must be a number of images, or a share such as 10%")
    return value


class RunPart(Part):
    """Limits on the speed of a run, and on its failures."""

    concurrency: int | None = Field(None, ge=1, le=2000, description="Requests in flight at once.")
    images_per_minute: Positive | None = Field(None, description="Images asked for per minute.")
    max_failures: Annotated[int | str, AfterValidator(_failures)] | None = Field(
        None, description="Images, or a share such as 10%, after which a run stops buying."
    )
    batch: bool = Field(
        default=False,
        description="Order images in batches: half the price, within 24 hours, collected by a "
        "later run. Models of the provider openai.",
    )
