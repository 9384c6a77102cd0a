"""Stages, budgets and limits of a run."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from pipeline.campaign.grammar.base import Number, Part

QualityWord = Literal["low", "medium", "high"]
Takes = Annotated[int, Field(ge=1, le=100)]
Positive = Annotated[Number, Field(gt=0)]


class DraftPart(Part):
    """The settings of drafts, and who chooses among them."""

    quality: QualityWord = Field("low", description="Price tier of a draft.")
    takes: Takes = Field(1, description="Alternatives per cell to choose from.")
    review: Literal["human", "auto", "none"] = Field(
        "human", description="Who chooses: a person, the checks, or nobody (finals unseen)."
    )


class FinalPart(Part):
    """The settings of finals."""

    quality: QualityWord = Field("high", description="Price tier of a final.")
    takes: Takes = Field(1, description="Finals per approved draft.")
    mode: Literal["regenerate", "refine"] = Field(
        "regenerate",
        description="The same prompt again, or an edit of the approved draft, which needs a "
        "provider that takes images; none shipped does.",
    )


class StagesPart(Part):
    """The stages that run; both if the key is left out."""

    draft: DraftPart | None = Field(None, description="Cheap alternatives for review.")
    final: FinalPart | None = Field(None, description="The approved cells in high quality.")


class BudgetPart(Part):
    """Hard limits in credits, checked before every request."""

    campaign: int | None = Field(None, ge=0, description="This campaign over all its runs.")
    run: int | None = Field(None, ge=0, description="One invocation.")
    month: int | None = Field(
        None, ge=0, description="All campaigns of the output folder and account, by UTC month."
    )


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
