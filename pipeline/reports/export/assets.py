"""The files of an export, and the tables that describe them."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from pipeline.model.adfiles.placement import ImageFormat
from pipeline.reports.table_cells import inert

SCHEMA = "campaign-pipeline/export/1"
MANIFEST = "manifest.json"
ASSETS, GOOGLE, REMOVED = "assets.csv", "google-ads-editor.csv", "removed.csv"

MIME = {
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.AVIF: "image/avif",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One ad file that is delivered; the fields are the columns of `assets.csv`."""

    asset_id: str
    """The recipe's id: another picture, size or text is another asset."""
    file: str
    """Path in the export."""
    url: str
    """The provider's URL of the original; it may expire."""
    sha256: str
    bytes: int
    mime: str
    width: int
    height: int
    placement: str
    cell: str
    axes: str
    """`product=citrus; size=leaderboard`."""
    headline: str
    """The headlines of the overlay and the texts that the prompt quotes, separated by ` | `."""
    alt_text: str
    mode: str
    kept: float
    extended: float
    checks: str
    """`ok`, or the flags that a person approved."""
    source_type: str
    original: str
    """Path of the original in the export."""
    credits: int
    """Credits of the original for its first ad file, 0 for the others: the sum is correct."""
    cost: str
    """The same in a currency; empty for credits without a price; dollars are told here alone."""
    stored_at: str = ""
    """URL of the file in an object store; empty if it is in none."""
    public_url: str = ""
    """Its public URL; empty if the campaign names none."""


COLUMNS = tuple(Asset.__dataclass_fields__)

REMOVED_COLUMNS = ("asset_id", "file", "placement", "sha256", "reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedAsset:
    """An ad file of an earlier export that has to be taken down."""

    asset_id: str
    file: str
    placement: str
    sha256: str
    reason: str
    """`superseded` by another file for the same cell and placement, or `gone`."""


def assets_table(assets: Sequence[Asset]) -> bytes:
    """Return `assets.csv`: a row for each ad file."""
    return _table(COLUMNS, ([asdict(one)[name] for name in COLUMNS] for one in assets))


def google_table(assets: Sequence[Asset], *, campaign: str, groups: Mapping[str, str]) -> bytes:
    """Return a table for Google Ads Editor, with its English headers.

    `groups` is the ad group of each cell. An import does not change columns that are missing here.
    """
    rows = ([campaign, groups[one.cell], one.file] for one in assets)
    return _table(("Campaign", "Ad group", "Image"), rows)


def removed_table(removed: Sequence[RemovedAsset]) -> bytes:
    """Return `removed.csv`: what has to be taken down."""
    rows = ([asdict(one)[name] for name in REMOVED_COLUMNS] for one in removed)
    return _table(REMOVED_COLUMNS, rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(inert(row) for row in rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def export_manifest(
    campaign: str,
    *,
    assets: Sequence[Asset],
    removed: Sequence[RemovedAsset],
    missing: Mapping[str, str],
    files: Mapping[str, str],
) -> bytes:
    """Return the manifest of the export; it has no time, so that equal exports are equal bytes.

    `files` is the sha256 of every other file of the export, by path.
    """
    content = {
        "schema": SCHEMA,
        "campaign": campaign,
        "assets": [asdict(one) for one in assets],
        "missing": dict(missing),
        "removed": [asdict(one) for one in removed],
        "files": dict(sorted(files.items())),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierExport:
    """The files that an earlier export wrote to the same place."""

    files: Mapping[str, str]
    """sha256 of each file that it wrote, by path."""
    assets: Sequence[Mapping[str, object]]
    removed: Sequence[RemovedAsset]


NOTHING_EARLIER = EarlierExport(files={}, assets=(), removed=())


def read_earlier(content: bytes | None) -> EarlierExport:
    """Return what the manifest of an earlier export lists; nothing if missing or foreign."""
    try:
        fields = json.loads(content or b"")
        if fields["schema"] != SCHEMA:
            return NOTHING_EARLIER
        return EarlierExport(
            files={str(path): str(sha256) for path, sha256 in fields["files"].items()},
            assets=[dict(one) for one in fields["assets"]],
            removed=[
                RemovedAsset(**{name: str(one[name]) for name in REMOVED_COLUMNS})
                for one in fields["removed"]
            ],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOTHING_EARLIER


def removed_since(earlier: EarlierExport, assets: Sequence[Asset]) -> list[RemovedAsset]:
    """Return what earlier exports delivered and this one does not, the oldest first."""
    here = {one.asset_id for one in assets}
    places = {(one.cell, one.placement) for one in assets}
    gone = [
        RemovedAsset(
            asset_id=str(one.get("asset_id")),
            file=str(one.get("file")),
            placement=str(one.get("placement")),
            sha256=str(one.get("sha256")),
            reason=("superseded" if (one.get("cell"), one.get("placement")) in places else "gone"),
        )
        for one in earlier.assets
    ]
    known = {one.asset_id: one for one in [*earlier.removed, *gone]}
    return [one for one in known.values() if one.asset_id not in here]
