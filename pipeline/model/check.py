"""The checks that a campaign may ask for, their rules, and their results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never


class CampaignCheck(StrEnum):
    """The checks of a campaign's images and ad files, as named in the campaign file."""

    TEXT = "text"
    """Every quoted word of the prompt is on the image, and none like it."""
    PALETTE = "palette"
    """Every colour of the brand is on the image."""
    DRIFT = "drift"
    """The final shows what its draft showed."""
    DUPLICATE = "duplicate"
    """No other image of the campaign looks the same."""
    LEGIBLE = "legible"
    """Copy is high enough to be read in the ad file."""
    SAFE_ZONE = "safe_zone"
    """Copy keeps clear of what the platform lays over the ad file."""
    CONTRAST = "contrast"
    """Copy stands out from its ground."""
    WHOLE = "whole"
    """Copy and product are in the ad file uncut."""
    SHOP = "shop"
    """A shop's image: no text, its plain ground, and the product large enough."""


OF_IMAGES = (
    CampaignCheck.TEXT,
    CampaignCheck.PALETTE,
    CampaignCheck.DRIFT,
    CampaignCheck.DUPLICATE,
)
"""Checks of a picture itself; the others are checks of an ad file."""


class CheckOutcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FLAG = "flag"
    """A person has to look."""
    FAIL = "fail"
    """The ad file is not delivered."""
    UNREAD = "unread"
    """The text is in a script that the reader does not know."""
    NOT_LOOKED_FOR = "not looked for"
    """The packages that look for it are not installed, or there is nothing to compare with."""


class OnMiss(StrEnum):
    """What follows if a check is missed."""

    FLAG = "flag"
    FAIL = "fail"
    REROLL = "reroll"
    """Another take is rendered; if the last one misses the check too, it is flagged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRule:
    """What a campaign does if one check is missed."""

    on_miss: OnMiss
    rerolls: int = 0
    """Most new takes for one image."""


CheckRules = Mapping[CampaignCheck, CheckRule]
"""The checks that a campaign asks for."""

LEAST_SCORES: Mapping[CampaignCheck, float] = {
    CampaignCheck.TEXT: 1.0,
    CampaignCheck.PALETTE: 1.0,
    CampaignCheck.DRIFT: 0.75,
    CampaignCheck.DUPLICATE: 6.0,
    CampaignCheck.LEGIBLE: 9.0,
    CampaignCheck.SAFE_ZONE: 0.98,
    CampaignCheck.CONTRAST: 4.5,
    CampaignCheck.WHOLE: 0.98,
    CampaignCheck.SHOP: 1.0,
}
"""The score from which a check passes: shares, pixels of a line, a contrast, different bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """The result of one check, before or after the campaign's rule is applied to it."""

    check: CampaignCheck
    score: float
    threshold: float
    result: CheckOutcome
    seen: str
    """What was seen, as text for a person."""

    def under(self, rule: CheckRule) -> "CheckResult":
        """Return the result as the campaign's rule has it: a miss fails only if it says so."""
        match self.result:
            case CheckOutcome.FAIL if rule.on_miss is not OnMiss.FAIL:
                return replace(self, result=CheckOutcome.FLAG)
            case _:
                return self

    @property
    def is_missed(self) -> bool:
        """True if the check did not pass, or could not be made."""
        return self.result not in (CheckOutcome.PASS, CheckOutcome.UNREAD)

    @property
    def needs_a_look(self) -> bool:
        """True if a person has to look before the image is delivered."""
        return self.result in (CheckOutcome.FLAG, CheckOutcome.NOT_LOOKED_FOR)

    def __str__(self) -> str:
        """Return `text: BERRY not found, BERY instead`, or `text pass`."""
        match self.result:
            case CheckOutcome.PASS:
                return f"{self.check} pass"
            case CheckOutcome.FLAG | CheckOutcome.FAIL:
                return f"{self.check}: {self.seen}"
            case CheckOutcome.UNREAD | CheckOutcome.NOT_LOOKED_FOR:
                return f"{self.check} {self.result}: {self.seen}"
            case _:
                assert_never(self.result)


def measured(check: CampaignCheck, score: float, seen: str) -> CheckResult:
    """Return the result of a score: it passes from the check's threshold on."""
    least = LEAST_SCORES[check]
    passed = score >= least
    return CheckResult(
        check=check,
        score=round(score, 4),
        threshold=least,
        result=CheckOutcome.PASS if passed else CheckOutcome.FAIL,
        seen=seen,
    )


def flagged_above(result: CheckResult, worst: float) -> CheckResult:
    """Return a result that fails only below `worst`, and is flagged up to the threshold."""
    if result.result is CheckOutcome.FAIL and result.score >= worst:
        return replace(result, result=CheckOutcome.FLAG)
    return result


def unmeasured(check: CampaignCheck, result: CheckOutcome, seen: str) -> CheckResult:
    """Return the result of a check that could not be made."""
    return CheckResult(
        check=check, score=0.0, threshold=LEAST_SCORES[check], result=result, seen=seen
    )


def under_rules(results: Iterable[CheckResult], rules: CheckRules) -> tuple[CheckResult, ...]:
    """Return the results of the checks that a campaign asks for, under its rules."""
    return tuple(result.under(rules[result.check]) for result in results if result.check in rules)


def check_result(fields: Mapping[str, object]) -> CheckResult:
    """Return a result from its JSON; raises `KeyError` or `ValueError` if it is none."""
    return CheckResult(
        check=CampaignCheck(str(fields["check"])),
        score=float(str(fields["score"])),
        threshold=float(str(fields["threshold"])),
        result=CheckOutcome(str(fields["result"])),
        seen=str(fields["seen"]),
    )


def check_fields(result: CheckResult) -> Mapping[str, object]:
    """Return a result as JSON, for manifests, lists and pages."""
    return {
        "check": result.check,
        "score": result.score,
        "threshold": result.threshold,
        "result": result.result,
        "seen": result.seen,
    }
