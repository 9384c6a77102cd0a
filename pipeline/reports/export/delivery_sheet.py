"""The contact sheet of an export: every ad file, with its safe zone and what was extended.

It is one HTML file without scripts or further files, that opens from disk and prints; many ad files
are divided into several pages. The same export always gives the same bytes.
"""

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from pipeline.images.base import ImageStore
from pipeline.images.reading import read_file
from pipeline.model.adfiles.placement import Sides
from pipeline.reports.export.assets import Asset
from pipeline.reports.export.package import ExportFile, file_of
from pipeline.theme.page_files import palette

A_PAGE = 240
"""Most ad files on one page."""
_LONGEST, _QUALITY = 360, 74
_WIDE, _HIGH = 230.0, 210.0
"""Room for a picture, in CSS pixels."""
_NOTHING = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetMarks:
    """What is drawn over an ad file."""

    title: str
    """The placement, as people call it."""
    subject: str
    """The axes besides the size; ad files of one subject stand together."""
    safe: Sides
    """Shares (top, right, bottom, left) that the platform covers."""
    picture: Sides
    """Where the image lies in the ad file, in shares of it; what is outside was extended."""
    padded: bool
    """True if a plain colour is outside, instead of continued edges."""
    flags: Sequence[str]
    """What a person approved, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _SheetBox:
    """A box over a picture, in percent of it."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _SheetFile:
    asset: Asset
    marks: SheetMarks
    src: str
    width: int
    height: int
    weight: str
    kind: str
    safe: _SheetBox | None
    beyond: Sequence[_SheetBox]


Thumb = Callable[[Asset], bytes]
"""Returns a small picture of an ad file, as WebP."""


def thumbs_in(images: ImageStore, campaign: str, paths: dict[str, str]) -> Thumb:
    """Return a function that makes the thumb of an ad file once; `paths` are by asset id."""

    def thumb(asset: Asset) -> bytes:
        kept = f"{campaign}/thumbs/{asset.sha256[:16]}-delivery.webp"
        try:
            return read_file(images, kept)
        except FileNotFoundError:
            pass
        with Image.open(io.BytesIO(read_file(images, paths[asset.asset_id]))) as image:
            image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
            out = io.BytesIO()
            mode = "RGBA" if image.has_transparency_data else "RGB"
            image.convert(mode).save(out, "WEBP", quality=_QUALITY, method=4)
        images.write(kept, out.getvalue())
        return out.getvalue()

    return thumb


def delivery_sheet(
    campaign: str, assets: Sequence[Asset], marks: Sequence[SheetMarks], thumb: Thumb
) -> list[ExportFile]:
    """Return `sheet.html`, and `sheet-2.html` and so on for many ad files; none without any."""
    shown = [_shown(asset, mark, thumb) for asset, mark in zip(assets, marks, strict=True)]
    subjects: dict[str, list[_SheetFile]] = {}
    for one in shown:
        subjects.setdefault(one.marks.subject, []).append(one)
    pages = list(_pages(subjects.items()))
    links = [
        f"sheet{f'-{number}' if number > 1 else ''}.html" for number in range(1, len(pages) + 1)
    ]
    template = _TEMPLATES.get_template("delivery.html")
    totals = (
        ("Ad files", f"{len(assets):,}"),
        ("Placements", f"{len({one.placement for one in assets}):,}"),
        ("Weight", _weight(sum(one.bytes for one in assets))),
    )
    return [
        file_of(
            link,
            template.render(
                campaign=campaign,
                totals=totals,
                groups=page,
                links=links,
                page=number,
                palette=palette(),
            ).encode(),
        )
        for number, (link, page) in enumerate(zip(links, pages, strict=True), start=1)
    ]


def _pages(
    groups: Iterable[tuple[str, list[_SheetFile]]],
) -> Iterable[list[tuple[str, list[_SheetFile]]]]:
    """Yield groups, as many as have room on a page; a large group has several pages."""
    page: list[tuple[str, list[_SheetFile]]] = []
    room = A_PAGE
    for subject, files in groups:
        for start in range(0, len(files), A_PAGE):
            some = files[start : start + A_PAGE]
            if page and len(some) > room:
                yield page
                page, room = [], A_PAGE
            page.append((subject, some))
            room -= len(some)
    if page:
        yield page


def _shown(asset: Asset, marks: SheetMarks, thumb: Thumb) -> _SheetFile:
    scale = min(1.0, _WIDE / asset.width, _HIGH / asset.height)
    top, right, bottom, left = marks.safe
    return _SheetFile(
        asset=asset,
        marks=marks,
        src="data:image/webp;base64," + base64.b64encode(thumb(asset)).decode(),
        width=max(1, round(asset.width * scale)),
        height=max(1, round(asset.height * scale)),
        weight=_weight(asset.bytes),
        kind=asset.mime.partition("/")[2].replace("jpeg", "jpg").upper(),
        safe=_box(left, top, 1 - left - right, 1 - top - bottom) if any(marks.safe) else None,
        beyond=[*_beyond(marks.picture)],
    )


def _beyond(picture: Sides) -> Iterable[_SheetBox]:
    """Yield the parts of an ad file that are outside its image."""
    x, y, width, height = picture
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(1.0, x + width), min(1.0, y + height)
    parts = (
        (0.0, 0.0, 1.0, top),
        (0.0, bottom, 1.0, 1 - bottom),
        (0.0, top, left, bottom - top),
        (right, top, 1 - right, bottom - top),
    )
    return (_box(*part) for part in parts if min(part[2], part[3]) > _NOTHING)


def _box(left: float, top: float, width: float, height: float) -> _SheetBox:
    return _SheetBox(
        left=round(left * 100, 2),
        top=round(top * 100, 2),
        width=round(width * 100, 2),
        height=round(height * 100, 2),
    )


def _weight(size: int) -> str:
    kilo = 1000
    return f"{size / kilo / kilo:.1f} MB" if size >= kilo * kilo else f"{round(size / kilo):,} kB"


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.reports.export"), autoescape=True, undefined=StrictUndefined
)
