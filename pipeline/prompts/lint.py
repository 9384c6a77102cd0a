"""Linting a whole campaign: every distinct prompt, each piece of advice reported once."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.campaign.findings import Findings
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import Finding
from pipeline.model.names import CellName, Stage
from pipeline.model.providers.request import Background
from pipeline.prompts.advice import lint_prompt
from pipeline.prompts.cells import name_of
from pipeline.prompts.jobs import drafts_written, finals_written

_MOST_PROMPTS = 20_000
"""Most distinct prompts that are checked; more of them would only repeat the advice."""


@dataclass(slots=True)
class _RepeatedAdvice:
    cell: CellName
    cells: int = 1


def lint(loaded: LoadedCampaign) -> tuple[Finding, ...]:
    """Return advice on the prompts of the first stage, and on ids that are ambiguous in globs.

    Raises `CampaignError` if a prompt cannot be written.
    """
    findings = Findings()
    _lint_ids(loaded, findings)
    repeated: dict[tuple[str, str, str], _RepeatedAdvice] = {}
    seen: set[tuple[str, Background]] = set()
    for template, background, prompt, cell in _prompts(loaded):
        if len(seen) >= _MOST_PROMPTS:
            break  # do not read a million cells a second time for advice
        if (prompt, background) in seen:
            continue
        seen.add((prompt, background))
        for advice in lint_prompt(prompt, transparent=background is Background.TRANSPARENT):
            key = (template, advice.code, advice.complaint)
            if key in repeated:
                repeated[key].cells += 1
            else:
                repeated[key] = _RepeatedAdvice(cell)
    for (template, code, complaint), where in repeated.items():
        at, path = loaded.templates.place(template, 1)
        others = where.cells - 1
        more = f" and {others} more prompt{'s' if others > 1 else ''}" if others else ""
        findings.warning(f"{complaint} (cell {where.cell}{more})", at=at, path=path, code=code)
    return findings.all


def _prompts(loaded: LoadedCampaign) -> Iterator[tuple[str, Background, str, CellName]]:
    """Yield template, background, prompt and cell of each first take of the first stage."""
    stage = next(iter(loaded.campaign.stages))
    drafts = stage is Stage.DRAFT
    first = drafts_written(loaded) if drafts else finals_written(loaded, picks={})
    for written in first.read():
        unnamed = written.image.cell
        variant = loaded.variants[unnamed.variant]
        if written.image.take == 1:
            yield variant.prompt, variant.background, written.prompt, name_of(loaded, unnamed.point)


def _lint_ids(loaded: LoadedCampaign, findings: Findings) -> None:
    """Warn of ids that are on two axes, since a glob cannot tell them apart."""
    owners: dict[str, str] = {}
    for axis in loaded.matrix.axes:
        if len(axis.ids) > _MOST_PROMPTS:
            continue
        for position, identity in enumerate(axis.ids):
            other = owners.setdefault(identity, axis.name)
            if other != axis.name:
                complaint = f"{identity} is also an id of {other}; globs cannot tell them apart"
                at, _ = axis.origin(position)
                findings.warning(complaint, at=at, path=f"matrix.{axis.name}", code="lint-ids")
