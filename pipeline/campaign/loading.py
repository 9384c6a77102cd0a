"""From a campaign file to a blueprint: everything checked that can be checked without a prompt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.campaign.campaign_value import campaign_from
from pipeline.campaign.checked_file import CheckedFile
from pipeline.campaign.expressions import check_names, gather_expressions, gather_templates
from pipeline.campaign.extends import read_whole
from pipeline.campaign.feeds.gathering import Tables, filter_tables, gather_tables
from pipeline.campaign.feeds.table import pack
from pipeline.campaign.files import ReadableFile, project_root
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import check
from pipeline.campaign.grammar.matrix import FromPart
from pipeline.campaign.matrix.assembling import assemble, override_rules
from pipeline.campaign.matrix.axes import AxisContext, axis_parts
from pipeline.campaign.matrix.joins import build_joins
from pipeline.campaign.matrix.placements import placements
from pipeline.campaign.places import Findings, Place
from pipeline.campaign.provider_limits import check_caps
from pipeline.campaign.reading.located import LocatedMap, place_at
from pipeline.campaign.resolved import CellRule, Join, Matrix, PromptCache
from pipeline.campaign.template_set import TemplateSet
from pipeline.campaign.variants import Variants
from pipeline.errors import CampaignError, Finding
from pipeline.model.campaign import Campaign
from pipeline.model.provider import Profile, ProfileName
from pipeline.suggestions import did_you_mean, listing
from pipeline.templates.template_process import TemplateProcess


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedCampaign:
    """Everything that planning needs: read once, never changed."""

    campaign: Campaign
    profile: Profile
    warnings: tuple[Finding, ...]
    opened: CheckedFile
    """The campaign file as it is written, for places."""
    matrix: Matrix
    joins: tuple[Join, ...]
    overrides: tuple[CellRule, ...]
    variants: Variants
    library: TemplateSet
    columns: Mapping[str, tuple[str, ...]]
    """Of values that are rows of a table: axis or table → its columns."""
    path: str | None
    """The name of the output path's template; `None` for the usual path."""
    shelf: PromptCache = field(default_factory=PromptCache, repr=False, compare=False)
    """What was written for it already."""


def load_campaign(
    file: Path, *, profiles: Mapping[ProfileName, Profile], provider: str | None = None
) -> LoadedCampaign:
    """Read a campaign file and its feeds; `CampaignError` with everything that is wrong.

    `provider` is used in place of the file's own.
    """
    with TemplateProcess() as template_process:
        reading = ReadableFile(path=file, shown=str(file))
        whole = read_whole(reading, root=project_root(file))
        campaign_file = check(whole.document, whole.findings)
        if campaign_file is None:
            raise CampaignError(whole.findings.all)
        at = Place("--provider") if provider else place_at(whole.document, ("provider",))
        opened = CheckedFile(
            reading=reading,
            document=whole.document,
            file=campaign_file,
            profile=_profile(provider or campaign_file.provider, profiles, whole.findings, at=at),
            findings=whole.findings,
            bases=whole.bases,
        )
        return _draw(opened, template_process)


def _draw(opened: CheckedFile, template_process: TemplateProcess) -> LoadedCampaign:
    file, document, findings = opened.file, opened.document, opened.findings
    check_names(opened)
    tables = gather_tables(opened)
    library = TemplateSet(root=project_root(opened.reading.path))
    templates = gather_templates(opened, library)
    gather_expressions(opened, library)
    columns = _columns(file, tables)
    longest = opened.profile.caps.longest_prompt
    broken = library.teach(template_process, findings, columns=columns, longest=longest)
    filter_tables(tables, opened, template_process, library, broken=broken)
    matrix_places = document["matrix"]
    declared = document.get("data")
    ground = AxisContext(
        tables=tables.by_name,
        declared=declared if isinstance(declared, LocatedMap) else (),
        caps=opened.profile.caps,
        placements=placements(),
        document=matrix_places if isinstance(matrix_places, LocatedMap) else document,
        findings=findings,
    )
    matrix = assemble(file.matrix, ground)
    overrides = override_rules(file.overrides, matrix.axes, document, findings)
    places = {name: place_at(document, ("data", name), key=True) for name in file.data}
    lost = any(not axis.ids for axis in matrix.axes)
    joined = {} if lost else tables.by_name
    joins = build_joins(joined, file.data, matrix.axes, findings, places=places)
    check_caps(opened, matrix)
    findings.settle()
    return LoadedCampaign(
        campaign=campaign_from(
            file,
            shown=opened.reading.shown,
            sha256=_sha256(opened, library, tables),
            provider=opened.profile.name,
            feeds=tables.snapshots,
        ),
        profile=opened.profile,
        warnings=findings.all,
        opened=opened,
        matrix=matrix,
        joins=joins,
        overrides=overrides,
        variants=Variants(file, templates),
        library=library,
        columns=columns,
        path=templates.get("output.path"),
    )


def _columns(file: CampaignFile, tables: Tables) -> dict[str, tuple[str, ...]]:
    """The columns of rows as the writing process meets them: by axis, by table, and bare."""
    columns: dict[str, tuple[str, ...]] = {}
    for name, table in tables.by_name.items():
        columns[name] = columns[f".{name}"] = table.columns
    for name, part in axis_parts(file.matrix).items():
        if isinstance(part, FromPart) and part.source in tables.by_name:
            columns[name] = tables.by_name[part.source].columns
    return columns


def _sha256(opened: CheckedFile, library: TemplateSet, tables: Tables) -> str:
    """Of all that the campaign means: comments and the order of keys do not count."""
    facts = {
        "document": _sorted(opened.document),
        "provider": opened.profile.name,
        "templates": {name: source.text for name, source in library.templates.items()},
        "feeds": tables.snapshots,
    }
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
