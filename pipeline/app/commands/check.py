"""Checking campaign files, and explaining a cell."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.app.campaign import load, provider_settings, signing_for
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_name
from pipeline.app.open import ledger_in
from pipeline.app.options import CampaignOptions, FeedReading
from pipeline.app.stores.campaign_store import refuse_unusable_store
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import CampaignError, Finding, Severity, UsageError
from pipeline.ledger.place import ledger_exists
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.verdict import Round
from pipeline.prompts.cells import name_of
from pipeline.prompts.explain import Explanation, explain, find_cell
from pipeline.prompts.finals_check import prove_finals
from pipeline.prompts.jobs import plan_drafts
from pipeline.prompts.lint import lint
from pipeline.providers.names import EMBEDDED
from pipeline.settings import Settings, read_settings
from pipeline.state.lookup import rounds_from
from pipeline.state.output.location import locate_output
from pipeline.state.picks import round_of_final


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOptions:
    """Campaign files, and how strictly they are checked."""

    files: tuple[Path, ...]
    provider: str | None = None
    """Overrides the provider in the files."""
    strict: bool = False
    """True if warnings count as errors."""
    feeds: FeedReading = FeedReading.FETCH


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """The findings of a check."""

    findings: Sequence[Finding]
    errors: int
    warnings: int


def check_files(options: CheckOptions) -> CheckReport:
    """Return every finding of campaign files, with all prompts of both stages written."""
    findings: list[Finding] = []
    names: dict[Slug, Path] = {}
    for file in options.files:
        one = CampaignOptions(campaign=file, provider=options.provider, feeds=options.feeds)
        findings += _check(one, _settings_for(file))
        with suppress(CampaignError):
            name = campaign_name(file)
            first = names.setdefault(name, file)
            if first.resolve() != file.resolve():
                findings.append(_same_name(name, file=file, first=first))
    errors = sum(options.strict or one.severity is Severity.ERROR for one in findings)
    return CheckReport(findings=findings, errors=errors, warnings=len(findings) - errors)


def _same_name(name: Slug, *, file: Path, first: Path) -> Finding:
    complaint = f"{name} is the name of {first} too, whose images this campaign would replace"
    return Finding(file=str(file), path="campaign", complaint=complaint, code="same-name")


def _settings_for(file: Path) -> Settings:
    """Return the settings with the output folder of a campaign file."""
    settings = read_settings()
    return replace(settings, output=locate_output(settings.output, file=file).folder)


def _check(options: CampaignOptions, settings: Settings) -> tuple[Finding, ...]:
    try:
        loaded = load(options, settings, makes_output=False)
        plan_drafts(loaded)
        prove_finals(loaded)
        problems = _delivery_problems(loaded, settings)
        return (*loaded.warnings, *lint(loaded), *_key_warnings(loaded), *problems)
    except CampaignError as error:
        return error.findings


def _delivery_problems(loaded: LoadedCampaign, settings: Settings) -> Sequence[Finding]:
    """Return why this machine cannot sign ad files, or upload files, that are to be."""
    found: list[Finding] = []
    for refuse in (lambda: signing_for(loaded, settings), lambda: refuse_unusable_store(loaded)):
        try:
            refuse()
        except CampaignError as error:
            found += error.findings
    return found


def _key_warnings(loaded: LoadedCampaign) -> Iterator[Finding]:
    """Yield a warning if this machine would not send its key to a base URL in the file."""
    name = loaded.campaign.provider
    settings = read_settings().of(name)
    provider = loaded.checked.file.providers.get(name)
    if name == EMBEDDED or provider is None or not provider.base_url:
        return
    try:
        reached = provider_settings(loaded.campaign, settings)
    except UsageError:  # it names a variable that is set elsewhere
        return
    if reached.key_may_go:
        return
    at = loaded.checked.place("providers", name, "base_url")
    yield Finding(
        complaint=f"the key is not sent to {reached.base_url}, since it was set for "
        f"{reached.key_url}, unless {reached.key_hosts_variable} names the host",
        file=at.file,
        line=at.line,
        column=at.column,
        path=f"providers.{name}.base_url",
        code="key-host",
        severity=Severity.WARNING,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainOptions(CampaignOptions):
    """One cell of a campaign."""

    cell: str


def explain_cell(options: ExplainOptions, settings: Settings) -> Explanation:
    """Return the prompts of a cell in the rounds that it is in, and what set each value."""
    loaded = load(options, settings)
    draft = final = Round()
    cell = find_cell(loaded, options.cell)
    if ledger_exists(settings.output):
        name = name_of(loaded, cell.point)
        draft, final = run_in_loop(_rounds(settings.output, loaded.campaign.slug, name))
    return explain(loaded, cell, draft=draft, final=final)


async def _rounds(output: Path, campaign: Slug, cell: CellName) -> tuple[Round, Round]:
    """Return the rounds of a cell's draft and final, with the notes that asked for them."""
    async with ledger_in(output, read_only=True) as ledger:
        history = await ledger.verdict_history(campaign, cell)
        draft = rounds_from(history).get(cell, Round())
        again = rounds_from(history, stage=Stage.FINAL).get(cell)
    return draft, round_of_final(draft, again)
