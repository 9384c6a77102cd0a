"""The campaign file's keys. These models validate, and the JSON Schema is generated from them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.campaign.grammar.base import Part, Text
from pipeline.campaign.grammar.delivery import (
    AdFilesChange,
    AdFilesPart,
    ChecksPart,
    Notice,
    OutputPart,
    ProvenancePart,
    ProviderPart,
)
from pipeline.campaign.grammar.matrix import MatrixPart, Pattern, TablePart
from pipeline.campaign.grammar.stages import BudgetPart, QualityWord, RunPart, StagesPart, Takes
from pipeline.campaign.naming import LONGEST_NAME, NAME, name_problem

BackgroundWord = Literal["opaque", "transparent"]
FormatWord = Literal["png", "webp", "jpeg"]
Compression = Annotated[int, Field(ge=0, le=100)]


def _name(value: object) -> str:
    problem = name_problem(value)
    if problem is not None:
        raise PydanticCustomError(problem.code, problem.complaint)
    return str(value)


Name = Annotated[
    str,
    BeforeValidator(_name),
    WithJsonSchema({"type": ["string", "integer"], "pattern": NAME, "maxLength": LONGEST_NAME}),
]


class StageChange(Part):
    """What an override may change in a stage."""

    quality: QualityWord | None = Field(None, description="Price tier.")
    takes: Takes | None = Field(None, description="Images per cell.")


class StagesChange(Part):
    """What an override may change in the stages."""

    draft: StageChange | None = Field(None, description="Changes to drafts.")
    final: StageChange | None = Field(None, description="Changes to finals.")


class SettingsChange(Part):
    """What an override may set."""

    vars: dict[str, Any] = Field(default_factory=dict, description="Merged over the file's vars.")
    prompt: Text | None = Field(None, description="Another template.")
    text: dict[str, Text] = Field(default_factory=dict, description="Merged over the file's text.")
    references: list[Text] | None = Field(
        None, description="Other reference images; needs a provider that takes some."
    )
    mask: Text | None = Field(None, description="Another mask.")
    background: BackgroundWord | None = Field(None, description="Another background.")
    output_format: FormatWord | None = Field(None, description="Another kind of file.")
    compression: Compression | None = Field(None, description="Another quality of the file.")
    stages: StagesChange | None = Field(None, description="Another quality or number of takes.")
    adfiles: AdFilesChange | None = Field(None, description="Another fit of ad files.")


class OverridePart(Part):
    """An exception for some cells."""

    match: dict[str, Pattern] = Field(min_length=1, description="axis → globs; all must fit.")
    set: SettingsChange = Field(description="The settings of those cells.")


class CampaignFile(Part):
    """A campaign: products × sizes × any other axis, one prompt, and how it is rendered."""

    campaign: Name = Field(description="The campaign's name: a-z, 0-9 and -.")
    extends: Text | list[Text] | None = Field(
        None, description="Files to build on: maps merge, lists replace, +key appends."
    )
    tags: dict[str, Text] = Field(
        default_factory=dict, description="Labels for accounting, e.g. client and cost centre."
    )
    vars: dict[str, Any] = Field(
        default_factory=dict, description="Values for templates, used without a prefix."
    )
    data: dict[str, TablePart] = Field(default_factory=dict, description="Named tables.")
    feed_hosts: list[Text] = Field(
        default_factory=list,
        description="Hosts from which feeds may be fetched although they are private, or use http.",
    )
    matrix: MatrixPart = Field(description="The axes.")
    prompt: Text = Field(description="A Jinja template, or the name of a .j2 file.")
    text: dict[str, Text] = Field(
        default_factory=dict, description="Texts that must be in the prompt, in quotes."
    )
    references: list[Text] = Field(
        default_factory=list,
        description="Images that go with each request, if the provider takes some.",
    )
    mask: Text | None = Field(
        None,
        description="A PNG of the first reference's size: what is transparent in it is painted "
        "anew.",
    )
    background: BackgroundWord = Field("opaque", description="Opaque, or an alpha channel.")
    output_format: FormatWord | None = Field(
        None, description="Kind of file to ask for, if the provider has a choice; png by default."
    )
    compression: Compression | None = Field(
        None, description="Quality of a webp or jpeg file, 0 to 100."
    )
    overrides: list[OverridePart] = Field(
        default_factory=list, description="Exceptions, in order; later wins."
    )
    stages: StagesPart = Field(
        default_factory=lambda: StagesPart.model_validate({"draft": {}, "final": {}}),
        description="What is rendered; only the stages named run.",
    )
    budget: BudgetPart = Field(
        default_factory=lambda: BudgetPart.model_validate({}),
        description="Hard limits in credits, or in dollars if the provider counts in dollars.",
    )
    provider: Text = Field("embedded", description="The provider that renders.")
    providers: dict[str, ProviderPart] = Field(
        default_factory=dict, description="Settings of providers, by name."
    )
    run: RunPart = Field(
        default_factory=lambda: RunPart.model_validate({}),
        description="Speed of a run, and when it stops.",
    )
    output: OutputPart = Field(
        default_factory=lambda: OutputPart.model_validate({}), description="Paths of images."
    )
    adfiles: AdFilesPart = Field(
        default_factory=lambda: AdFilesPart.model_validate({}),
        description="Ad files of the finals; made where sizes are placements.",
    )
    checks: ChecksPart = Field(
        default_factory=lambda: ChecksPart.model_validate({}),
        description="Checks of images and ad files: flag, fail, or {reroll: N} for a new take.",
    )
    provenance: ProvenancePart = Field(
        default_factory=lambda: ProvenancePart.model_validate({}),
        description="Labels in ad files that say how an image was made.",
    )
    notify: list[Notice] = Field(default_factory=list, description="Who is told how a run ended.")
