"""The rules for a campaign's name, and reading it without the rest of the file.

Commands that only look up a campaign by its name must start in milliseconds, so this module
imports PyYAML and nothing heavier.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pipeline.campaign.extends import read_extended
from pipeline.campaign.reading.files import ReadableFile, project_root
from pipeline.campaign.reading.located import place_at
from pipeline.model.names import Slug

LONGEST_NAME = 80
"""Characters in a campaign's name."""
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""The pattern of a campaign's name."""
_NAME = re.compile(NAME)


class NameProblem(NamedTuple):
    """Why a value cannot be a campaign's name."""

    code: str
    complaint: str


def read_name(file: Path) -> Slug:
    """Return the name of the campaign in a file, `extends` resolved.

    Raises `CampaignError` with the findings that `load_campaign` would raise for a file that cannot
    be read, YAML that is not sound, or a name that is missing or wrong. Other keys are not checked.
    """
    readable = ReadableFile(path=file, shown=str(file))
    extended = read_extended(readable, root=project_root(file))
    document, findings = extended.document, extended.findings
    at = place_at(document, ("campaign",))
    if "campaign" not in document:
        findings.error("is missing", at=document.place, path="campaign", code="missing")
    elif problem := name_problem(document["campaign"]):
        findings.error(problem.complaint, at=at, path="campaign", code=problem.code)
    findings.raise_if_failed()
    return Slug(str(document["campaign"]))


def name_problem(value: object) -> NameProblem | None:
    """Return what is wrong with a name as it was read, or `None`; whole numbers are names too."""
    if value is None:
        return NameProblem("string-type", "is empty")
    if isinstance(value, bool):
        word = "true" if value else "false"
        complaint = f'must be text; {word} alone means yes or no, quote it: "{word}"'
        return NameProblem("text", complaint)
    if not isinstance(value, str | int | Decimal):
        kind = "a list" if isinstance(value, list) else "a mapping"
        return NameProblem("string-type", f"must be text, not {kind}")
    name = str(value)
    if len(name) > LONGEST_NAME:
        complaint = f"must have {LONGEST_NAME} characters at most, not {len(name)}"
        return NameProblem("string-too-long", complaint)
    if not _NAME.fullmatch(name):
        complaint = f"may hold only a-z, 0-9 and single - between them: write {slug_of(name)}"
        return NameProblem("string-pattern-mismatch", complaint)
    return None


def slug_of(name: str) -> Slug:
    """Return the valid campaign name that is nearest to a text."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_NAME]
    return Slug(slug.strip("-") or "campaign")
