"""The matrix and its tables: the axes to multiply, and the exceptions."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from pipeline.campaign.grammar.base import Part, Text

OnMissing = Literal["error", "skip", "empty"]


class TablePart(Part):
    """A named table, read from a file or a URL."""

    source: Text = Field(
        description="A csv, tsv, xlsx, json, jsonl or yaml file, an https URL of one, or the link "
        "of a Google Sheet; a URL may hold {{ env.NAME }}."
    )
    key: Text | list[Text] | None = Field(
        None, description="The column, or columns, that identify a row."
    )
    where: Text | None = Field(
        None,
        description="A Jinja expression over the columns; rows where it is false are left out. "
        "A column whose name has a blank is row['In stock?'].",
    )
    on_missing: OnMissing = Field(
        "error",
        description="For a cell without a row: an error, skip it, or a row of empty texts.",
    )
    sheet: Text | None = Field(
        None, description="The sheet of an xlsx file; the first visible one unless set."
    )
    header: int = Field(
        1,
        ge=1,
        le=1000,
        description="The row of a csv, tsv or xlsx file with the names of the columns; rows above "
        "it are left out.",
    )
    delimiter: Annotated[Text, Field(min_length=1, max_length=1)] | None = Field(
        None, description="The character between cells of a csv file; detected unless set."
    )
    decimal: Literal[",", "."] | None = Field(
        None, description="The decimal sign in its texts, for the filters number, float and int."
    )


class FromPart(Part):
    """An axis whose values are the rows of a table."""

    source: Text = Field(alias="from", description="A table's name.")


def _value_kind(value: object) -> str | None:
    if isinstance(value, dict):
        return "mapping"
    return None if value is None or isinstance(value, list | bool) else "word"


AxisValue = Annotated[
    Annotated[Text, Tag("word")] | Annotated[dict[str, Any], Tag("mapping")],
    Discriminator(
        _value_kind,
        custom_error_type="axis-value",
        custom_error_message="must be a word, or a mapping with an id",
    ),
]


def _axis_kind(value: object) -> str | None:
    if isinstance(value, list):
        return "list"
    return "from" if isinstance(value, dict | FromPart) else None


Axis = Annotated[
    Annotated[list[AxisValue], Tag("list"), Field(min_length=1)] | Annotated[FromPart, Tag("from")],
    Discriminator(
        _axis_kind,
        custom_error_type="axis",
        custom_error_message="must be a list of values, or {from: table}",
    ),
]


def _pattern_kind(value: object) -> str | None:
    if isinstance(value, list):
        return "list"
    return _value_kind(value)


Pattern = Annotated[
    Annotated[Text, Tag("word")]
    | Annotated[list[Text], Tag("list")]
    | Annotated[dict[str, Text | list[Text]], Tag("mapping")],
    Discriminator(
        _pattern_kind,
        custom_error_type="pattern",
        custom_error_message="must be a glob, a list of globs, or a mapping of columns to globs",
    ),
]
"""The values of an axis to which a rule applies."""


class SamplePart(Part):
    """A stable random choice among an axis's values."""

    n: int = Field(ge=1, description="How many values each combination of the other axes keeps.")
    seed: int = Field(0, description="Another seed gives another choice.")


def _further_axes(schema: dict[str, Any]) -> None:
    """Allow any other key in the schema, as an axis like `size`."""
    size = schema["properties"]["size"]
    schema["additionalProperties"] = {**size, "description": "An axis: a list, or {from: table}."}


class MatrixPart(Part):
    """Axes, multiplied; then excluded from, then added to."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_further_axes)
    __pydantic_extra__: dict[str, Axis]

    size: Axis = Field(
        description="Ratios (4:3), pixels (970x250), placement names, or mappings with px or ratio."
    )
    exclude: list[dict[str, Pattern]] = Field(
        default_factory=list,
        description="Cells to leave out: axis → globs, if: expression, or both.",
    )
    include: list[dict[str, AxisValue]] = Field(
        default_factory=list, description="Cells to add after exclude; each names every axis."
    )
    zip: list[list[Text]] = Field(
        default_factory=list,
        description="Groups of axes that advance together instead of being multiplied.",
    )
    sample: dict[str, SamplePart] = Field(
        default_factory=dict, description="Keep a stable random subset of an axis per combination."
    )
