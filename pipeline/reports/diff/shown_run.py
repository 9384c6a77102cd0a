"""Reading a run manifest for a comparison, of every version and image by image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePath

from pipeline.errors import UsageError
from pipeline.files.unreadable import raise_machine_fault
from pipeline.ledger.manifest_import.fields import Fields
from pipeline.ledger.manifest_import.importing import SCHEMAS
from pipeline.model.job import JobKey
from pipeline.model.money import FREE, Amount, MoneyFormat, Spent, Unit
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.outcome import Status
from pipeline.model.providers.request import RenderRequest
from pipeline.model.run import RunId
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.output.run_folders import manifest_parts

Place = tuple[CellName, Stage, int]
"""Cell, stage and take: where an image belongs, in whatever round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownImage:
    """One image as a run manifest shows it."""

    job: JobKey
    cell: CellName
    axes: tuple[tuple[str, str], ...]
    stage: Stage
    round: int
    take: int
    status: Status
    file: str = ""
    """Relative to the output folder; empty if there is none. A newer image may have this name."""
    sha256: str = ""
    width: int = 0
    height: int = 0
    prompt: str
    model: str
    size: str
    quality: str
    background: str
    output_format: str = ""
    """Empty for the usual one."""
    references: tuple[tuple[str, str], ...] | None
    """Name and sha256 of each; the name of an approved draft is empty. `None`: not recorded."""
    overlay: tuple[str, ...] | None
    """The words laid over its ad files; `None`: not recorded."""
    amount: Amount = FREE
    in_doubt: Amount = FREE
    shared_with: JobKey | None = None
    derived_from: JobKey | None
    runs: tuple[RunId, ...] = ()
    """The run of each attempt; empty if it was not requested, or if that is not recorded."""
    ad_files: Mapping[str, str] = field(default_factory=dict)
    """`placement` or `placement.format` → the recipe of the file."""

    @property
    def place(self) -> Place:
        """Where it belongs in the campaign."""
        return self.cell, self.stage, self.take


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRun:
    """One run manifest."""

    file: Path
    id: RunId
    number: int
    """Its place among the runs of the ledger; 0 if it is not recorded."""
    campaign: Slug
    provider: str
    account: Account
    started: str
    exit_code: int | None
    campaign_sha256: str
    feeds: Mapping[str, str]
    tags: Mapping[str, str]
    money: MoneyFormat
    spent: Spent
    """By the campaign on this account, when the manifest was written."""
    images: Mapping[Place, ShownImage]
    verdicts: Mapping[tuple[CellName, Stage], Verdict]
    """The newest of each cell and stage, whether it still holds or not."""
    run_sums: Mapping[RunId, tuple[Account, Spent]]
    """What each run had bought by then; empty if it is not recorded."""


def references_of(request: RenderRequest) -> tuple[tuple[str, str], ...]:
    """Return the references of a request as a run manifest has them."""
    sent = (*request.references, *([request.mask] if request.mask else []))
    return tuple((PurePath(one.path).name, one.sha256) for one in sent)


def read_run(file: Path) -> ShownRun:
    """Read a run manifest; `UsageError` if the file is none, or damaged."""
    try:
        return _read(file)
    except OSError as error:
        raise_machine_fault(error, file)
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not a run manifest: it is not readable as JSON") from error


def _read(file: Path) -> ShownRun:
    head, rows = manifest_parts(file)
    fields = Fields(head, place="")
    if fields.text("schema") not in SCHEMAS:
        raise UsageError(f"{file} is not a run manifest")
    run = fields.inner("run")
    unit = run.one_of("unit", Unit) if run.has("unit") else Unit.CREDITS
    images: dict[Place, ShownImage] = {}
    verdicts: dict[tuple[CellName, Stage], Verdict] = {}
    for one in fields.each("earlier_verdicts"):
        given = _verdict(one)
        verdicts[given.cell, given.stage] = given
    for row in rows:
        image = _image(Fields(row, place="images"), unit)
        images[image.place] = image
        if row.get("verdict"):
            shown = _verdict(Fields(row["verdict"], place="images.verdict"), image)
            verdicts[image.cell, image.stage] = shown
    return _run(file, fields, images=images, verdicts=verdicts, unit=unit)


def _run(
    file: Path,
    fields: Fields,
    *,
    images: Mapping[Place, ShownImage],
    verdicts: Mapping[tuple[CellName, Stage], Verdict],
    unit: Unit,
) -> ShownRun:
    run, totals = fields.inner("run"), fields.inner("totals")
    price = run.inner("price") if run.has("price") else None
    sums = totals.inner(unit.field)
    tags = totals.inner("by").inner("tag").names() if totals.inner("by").has("tag") else ()
    return ShownRun(
        file=file,
        id=RunId(run.required("id")),
        number=run.count("number"),
        campaign=Slug(run.required("campaign")),
        provider=run.text("provider"),
        account=Account(run.required("account")),
        started=run.moment("started"),
        exit_code=run.number("exit_code", default=None),
        campaign_sha256=run.text("campaign_sha256"),
        feeds=_texts(run.inner("feeds")) if run.has("feeds") else {},
        tags={name: value for name, _, value in (tag.partition("=") for tag in tags)},
        money=MoneyFormat(
            unit=unit,
            currency=price.text("currency") if price else "",
            per_credit=Decimal(price.required("per_credit")) if price else None,
        ),
        spent=_spent(sums),
        images=images,
        verdicts=verdicts,
        run_sums={
            RunId(one.required("id")): (Account(one.required("account")), _spent(one))
            for one in fields.each("runs")
        },
    )


def _spent(fields: Fields) -> Spent:
    return Spent(
        confirmed=Amount(fields.count("confirmed")), in_doubt=Amount(fields.count("in_doubt"))
    )


def _texts(fields: Fields) -> dict[str, str]:
    return {name: fields.text(name) for name in fields.names()}


def _image(fields: Fields, unit: Unit) -> ShownImage:
    axes = _texts(fields.inner("axes"))
    sent = [*fields.each("references"), *([fields.inner("mask")] if fields.has("mask") else [])]
    references = [(one.text("name"), one.text("sha256")) for one in sent]
    return ShownImage(
        job=JobKey(fields.required("job")),
        cell=CellName(fields.required("cell")),
        axes=tuple(axes.items()),
        stage=fields.one_of("stage", Stage),
        round=fields.count("round"),
        take=fields.count("take"),
        status=fields.one_of("status", Status),
        file=fields.text("file"),
        sha256=fields.text("sha256"),
        width=fields.count("width"),
        height=fields.count("height"),
        prompt=fields.text("prompt"),
        model=fields.text("model"),
        size=fields.text("size"),
        quality=fields.text("quality"),
        background=fields.text("background"),
        output_format=fields.text("output_format"),
        references=tuple(references) if fields.has("references") else None,
        overlay=tuple(fields.texts("overlay")) if fields.has("overlay") else None,
        amount=Amount(fields.count(unit.field)),
        in_doubt=Amount(fields.count("in_doubt")),
        shared_with=JobKey(fields.text("shared_with")) if fields.has("shared_with") else None,
        derived_from=JobKey(fields.text("derived_from")) if fields.has("derived_from") else None,
        runs=tuple(RunId(run) for run in fields.texts("runs")),
        ad_files=_ad_files(fields),
    )


def _ad_files(fields: Fields) -> dict[str, str]:
    """Return the recipe of each ad file; several formats of a placement are told apart."""
    rows = [*fields.each("adfiles")]
    names = [one.text("placement") for one in rows]
    return {
        f"{name}.{one.text('format')}" if names.count(name) > 1 else name: one.text("recipe")
        for name, one in zip(names, rows, strict=True)
    }


def _verdict(fields: Fields, image: ShownImage | None = None) -> Verdict:
    """Return a verdict; the one of an image says neither its cell nor its job."""
    return Verdict(
        cell=image.cell if image else CellName(fields.required("cell")),
        stage=image.stage if image else fields.one_of("stage", Stage),
        decision=fields.one_of("decision", Decision),
        round=fields.count("round"),
        take=fields.count("take"),
        job=image.job if image else JobKey(fields.text("job")),
        sha256=fields.text("sha256"),
        by=fields.text("by"),
        at=fields.text("at"),
        note=fields.text("note"),
    )
