"""Places in files, and the collection of findings."""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.errors import CampaignError, Finding, Severity

MOST_FINDINGS = 200
"""Most findings that are listed; the rest is only counted."""


class Place(NamedTuple):
    """A position in a file; lines and columns count from 1, and 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0
    indent: int = 0
    """1 for a block text (`|`), whose first line is below this place; else 0."""


_MOST_KEPT = 5000
"""Most findings that are kept in memory."""


class Findings:
    """A collection of findings, to be reported together."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self.beyond = 0
        """Findings that are only counted."""
        self.failed_beyond = False
        """True if one of them is an error."""

    def error(self, complaint: str, *, at: Place, code: str, path: str = "") -> None:
        """Add an error: the campaign cannot be used."""
        self.add(_finding(complaint, at=at, code=code, path=path, severity=Severity.ERROR))

    def warning(self, complaint: str, *, at: Place, code: str, path: str = "") -> None:
        """Add a warning: something is probably not intended."""
        self.add(_finding(complaint, at=at, code=code, path=path, severity=Severity.WARNING))

    def add(self, finding: Finding) -> None:
        """Add a finding, unless it is there already.

        A feed may have a mistake in each of a million rows: beyond some thousands, findings are
        only counted.
        """
        if len(self._found) < _MOST_KEPT:
            self._found[finding] = None
        elif finding not in self._found:
            self.beyond += 1
            self.failed_beyond = self.failed_beyond or finding.severity is Severity.ERROR

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add several findings."""
        for finding in findings:
            self.add(finding)

    def merge(self, other: "Findings") -> None:
        """Add all findings of another collection, with those that it only counted."""
        self.extend(other.all)
        self.beyond += other.beyond
        self.failed_beyond = self.failed_beyond or other.failed_beyond

    @property
    def failed(self) -> bool:
        """True if any finding is an error."""
        errors = (finding.severity is Severity.ERROR for finding in self._found)
        return self.failed_beyond or any(errors)

    @property
    def all(self) -> tuple[Finding, ...]:
        """Every finding, ordered by file and line."""
        return tuple(sorted(self._found, key=lambda one: (one.file, one.line, one.column)))

    def without_line(self, at: Place) -> "Findings":
        """Return the findings on other lines, to report something better about this one."""
        kept = Findings()
        for finding in self._found:
            if (finding.file, finding.line) != (at.file, at.line):
                kept.add(finding)
        return kept

    def raise_if_failed(self) -> None:
        """Raise `CampaignError` with every finding if one of them is an error."""
        if self.failed:
            raise CampaignError(_bounded(self.all, beyond=self.beyond))


def refusal(complaint: str, *, at: Place, code: str, path: str = "") -> CampaignError:
    """Return the error to raise for one finding that makes further reading impossible."""
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


def _bounded(findings: tuple[Finding, ...], *, beyond: int) -> tuple[Finding, ...]:
    if len(findings) <= MOST_FINDINGS and not beyond:
        return findings
    rest = len(findings) - MOST_FINDINGS + beyond
    return (*findings[:MOST_FINDINGS], Finding(complaint=f"and {rest} more", code="more"))
