"""Where something stands, and the list of what is wrong."""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.errors import CampaignError, Finding, Severity

MOST_FINDINGS = 200
"""Findings that are told one by one; the rest is counted."""


class Place(NamedTuple):
    """One unnamed in a file, counted from 1."""

    file: str
    line: int = 0
    column: int = 0
    indent: int = 0
    """Lines from here to the first line of a block text (`|`): 1 there, else 0."""


class Findings:
    """Collects everything that is wrong, so that it can be said at once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def error(self, complaint: str, *, at: Place, code: str, path: str = "") -> None:
        """Note what makes the campaign unusable."""
        self.add(_finding(complaint, at=at, code=code, path=path, severity=Severity.ERROR))

    def warning(self, complaint: str, *, at: Place, code: str, path: str = "") -> None:
        """Note what is probably not meant."""
        self.add(_finding(complaint, at=at, code=code, path=path, severity=Severity.WARNING))

    def add(self, finding: Finding) -> None:
        """Note a finding once."""
        self._found[finding] = None

    def extend(self, findings: Iterable[Finding]) -> None:
        """Note several findings."""
        for finding in findings:
            self.add(finding)

    @property
    def failed(self) -> bool:
        """Whether any of it is an error."""
        return any(finding.severity is Severity.ERROR for finding in self._found)

    @property
    def all(self) -> tuple[Finding, ...]:
        """Everything found, in the order of the files' lines."""
        return tuple(sorted(self._found, key=lambda one: (one.file, one.line, one.column)))

    def without_line(self, at: Place) -> "Findings":
        """What was found elsewhere, for a line about which something better can be said."""
        kept = Findings()
        for finding in self._found:
            if (finding.file, finding.line) != (at.file, at.line):
                kept.add(finding)
        return kept

    def raise_if_failed(self) -> None:
        """Raise `CampaignError` with every finding if one of them is an error."""
        if self.failed:
            raise CampaignError(_bounded(self.all))


def refusal(complaint: str, *, at: Place, code: str, path: str = "") -> CampaignError:
    """One error alone, for what cannot be read any further."""
    return CampaignError(
        (_finding(complaint, at=at, code=code, path=path, severity=Severity.ERROR),)
    )


def _finding(complaint: str, *, at: Place, code: str, path: str, severity: Severity) -> Finding:
    return Finding(
        complaint=complaint,
        file=at.file,
        line=at.line,
        column=at.column,
        path=path,
        code=code,
        severity=severity,
    )


def _bounded(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    if len(findings) <= MOST_FINDINGS:
        return findings
    rest = len(findings) - MOST_FINDINGS
    return (*findings[:MOST_FINDINGS], Finding(complaint=f"and {rest} more", code="more"))
