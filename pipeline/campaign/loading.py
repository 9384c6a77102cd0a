"""Loading a campaign file: every check that is possible without writing a prompt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.campaign.campaign_settings import campaign_from, check_store, money_format
from pipeline.campaign.environment import check_variables
from pipeline.campaign.extends import read_extended
from pipeline.campaign.feeds.gathering import Tables, filter_tables, gather_tables
from pipeline.campaign.feeds.remote import NO_FEED_FILES, FeedFiles
from pipeline.campaign.feeds.table import pack
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import CheckedFile, check
from pipeline.campaign.grammar.matrix import FromPart
from pipeline.campaign.matrix.ad_files import check_ad_files, check_checks
from pipeline.campaign.matrix.axes import AxisContext, axis_parts
from pipeline.campaign.matrix.axis import has_own_id
from pipeline.campaign.matrix.building import build_matrix, override_rules
from pipeline.campaign.matrix.joins import build_joins
from pipeline.campaign.overlay.parts import Overlay, build_overlays
from pipeline.campaign.provider_limits import check_caps, use_models
from pipeline.campaign.reading.files import ReadableFile, project_root
from pipeline.campaign.reading.located import LocatedMap, place_at
from pipeline.campaign.resolved import CellRule, Join, Matrix, PromptCache
from pipeline.campaign.template_set import (
    TemplateSet,
    check_names,
    gather_expressions,
    gather_templates,
)
from pipeline.campaign.variants import Variants
from pipeline.errors import CampaignError, Finding
from pipeline.model.adfiles.overlay import overlay_facts
from pipeline.model.campaign import Campaign
from pipeline.model.names import ProfileName
from pipeline.model.providers.profile import Profile
from pipeline.suggestions import did_you_mean, listing
from pipeline.templates.messages import Slots
from pipeline.templates.template_process import TemplateProcess


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedCampaign:
    """Everything that planning needs from the campaign file and its feeds; never changed."""

    campaign: Campaign
    profile: Profile
    warnings: tuple[Finding, ...]
    checked: CheckedFile
    """The campaign file as written, for places."""
    matrix: Matrix
    joins: tuple[Join, ...]
    overrides: tuple[CellRule, ...]
    variants: Variants
    templates: TemplateSet
    slots: Slots
    """What the template process must know of the tables and axes."""
    path: str | None
    """Name of the template of output paths; `None` for the default path."""
    prompt_cache: PromptCache = field(default_factory=PromptCache, repr=False, compare=False)
    """Prompts that were written earlier in this process."""


def load_campaign(
    file: Path,
    *,
    profiles: Mapping[ProfileName, Profile],
    provider: str | None = None,
    batch: bool | None = None,
    feed_files: FeedFiles = NO_FEED_FILES,
) -> LoadedCampaign:
    """Read and check a campaign file and its feeds.

    `provider` and `batch`, if given, replace those in the file. `feed_files` gives the files of
    feeds that are named by URL. Raises `CampaignError` with every finding.
    """
    with TemplateProcess() as template_process:
        readable = ReadableFile(path=file, shown=str(file))
        extended = read_extended(readable, root=project_root(file))
        campaign_file = check(extended.document, extended.findings)
        if campaign_file is None:
            raise CampaignError(extended.findings.all)
        at = Place("--provider") if provider else place_at(extended.document, ("provider",))
        checked = CheckedFile(
            readable=readable,
            document=extended.document,
            file=campaign_file,
            profile=_profile(
                provider or campaign_file.provider, profiles, extended.findings, at=at
            ),
            findings=extended.findings,
            batch=campaign_file.run.batch if batch is None else batch,
            bases=extended.bases,
        )
        return _load_checked(use_models(checked), template_process, feed_files)


def _load_checked(
    checked: CheckedFile, template_process: TemplateProcess, feed_files: FeedFiles
) -> LoadedCampaign:
    file, document, findings = checked.file, checked.document, checked.findings
    check_names(checked)
    tables = gather_tables(checked, feed_files)
    templates = TemplateSet(root=project_root(checked.readable.path))
    template_names = gather_templates(checked, templates)
    gather_expressions(checked, templates)
    slots = _slots(file, tables)
    longest = checked.profile.caps.longest_prompt
    broken = templates.compile_in(template_process, findings, slots=slots, longest=longest)
    filter_tables(tables, checked, template_process, templates, broken=broken)
    located_matrix = document["matrix"]
    declared = document.get("data")
    context = AxisContext(
        tables=tables.by_name,
        declared=declared if isinstance(declared, LocatedMap) else (),
        caps=checked.profile.caps,
        document=located_matrix if isinstance(located_matrix, LocatedMap) else document,
        findings=findings,
    )
    matrix = build_matrix(file.matrix, context)
    overrides = override_rules(file.overrides, matrix.axes, document, findings)
    places = {name: place_at(document, ("data", name), key=True) for name in file.data}
    incomplete = any(not axis.ids for axis in matrix.axes)
    joined = {} if incomplete else tables.by_name
    joins = build_joins(joined, file.data, matrix.axes, findings, places=places)
    check_caps(checked, matrix)
    check_ad_files(checked, matrix)
    sizes = next((axis.sizes for axis in matrix.axes if axis.name == "size"), ())
    overlays = build_overlays(checked, sizes, template_names)
    check_checks(checked)
    check_variables(checked)
    check_store(checked)
    findings.raise_if_failed()
    return LoadedCampaign(
        campaign=campaign_from(
            file,
            shown=checked.readable.shown,
            sha256=_sha256(checked, templates, tables, overlays),
            profile=checked.profile,
            money=money_format(file, checked.profile),
            feeds=tables.snapshots,
            batch=checked.batch,
        ),
        profile=checked.profile,
        warnings=findings.all,
        checked=checked,
        matrix=matrix,
        joins=joins,
        overrides=overrides,
        variants=Variants(file, template_names, overlays, provider=checked.profile.name),
        templates=templates,
        slots=slots,
        path=template_names.get("output.path"),
    )


def _slots(file: CampaignFile, tables: Tables) -> Slots:
    """Return what the template process must know of the rows under each name that it sees."""
    sources = {name: name for name in tables.by_name}
    sources |= {f".{name}": name for name in tables.by_name}
    own_ids = []
    for name, part in axis_parts(file.matrix).items():
        if isinstance(part, FromPart) and part.source in tables.by_name:
            sources[name] = part.source
            if has_own_id(name, tables.by_name[part.source]):
                own_ids.append(name)
    return Slots(
        columns={slot: tables.by_name[source].columns for slot, source in sources.items()},
        decimals={
            slot: sign
            for slot, source in sources.items()
            if (sign := file.data[source].decimal) is not None
        },
        own_ids=tuple(own_ids),
    )


def _sha256(
    checked: CheckedFile,
    templates: TemplateSet,
    tables: Tables,
    overlays: Mapping[str, Overlay],
) -> str:
    """Return the digest of the resolved campaign, without comments and the order of keys."""
    facts: dict[str, object] = {
        "document": _sorted(checked.document),
        "provider": checked.profile.name,
        "templates": {name: source.text for name, source in templates.sources.items()},
        "feeds": tables.snapshots,
    }
    laid_over = {path: overlay_facts(one.parts) for path, one in overlays.items() if one.parts}
    if laid_over:  # the contents of logos, fonts and style files
        facts["overlays"] = laid_over
    return hashlib.sha256(pack(_sorted(facts)).encode()).hexdigest()


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _profile(
    name: str, profiles: Mapping[ProfileName, Profile], findings: Findings, *, at: Place
) -> Profile:
    profile = profiles.get(ProfileName(name))
    if profile is None:
        hint = did_you_mean(name, profiles) or f"; known: {listing(sorted(profiles), last='and')}"
        complaint = f"there is no provider {name}{hint}"
        findings.error(complaint, at=at, path="provider", code="unknown-provider")
        raise CampaignError(findings.all)
    return profile
