"""The ad files that a campaign asks for: names, formats and fit, checked before planning."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.grammar.delivery import AdFilesChange
from pipeline.campaign.matrix.sizes import size_id
from pipeline.campaign.resolved import Matrix
from pipeline.model.adfiles.placement import AdFileSettings, Fit, FitSettings, ImageFormat
from pipeline.suggestions import did_you_mean, listing

DEFAULT = "default"
"""The key of `formats` for all sizes that are not named."""
OWN_VARIABLES = ("campaign", "cell", "placement", "width", "height")
"""Variables of file names besides the axes, each of which gives the id of its value."""
LONGEST = 150
"""Most characters of a file name, without its ending."""

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)(?:\.id)?\s*\}\}", re.ASCII)
_BRACES = re.compile(r"\{\{.*?\}\}|\{\{|\}\}|\{%|%\}")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def ad_file_settings(file: CampaignFile) -> AdFileSettings:
    """Return the settings of a campaign's ad files."""
    part = file.adfiles
    formats = {
        key if key == DEFAULT else size_id(key): tuple(ImageFormat(one) for one in words)
        for key, words in part.formats.items()
    }
    return AdFileSettings(
        name=part.name or AdFileSettings().name,
        formats=formats,
        brand_colors=tuple(part.brand.colors),
        asked="adfiles" in file.model_fields_set,
    )


def fit_settings(file: CampaignFile, changes: Iterable[AdFilesChange]) -> FitSettings:
    """Return how images are fitted: the settings of the file, changed by overrides in order."""
    fit, background = file.adfiles.fit, file.adfiles.background
    keep: list[list[float]] = []
    focus: list[float] | None = None
    zoom: float | None = None
    for change in changes:
        fit = change.fit or fit
        background = change.background or background
        if change.keep is not None:
            keep = [[float(side) for side in box] for box in change.keep]
        if change.focus is not None:
            focus = [float(share) for share in change.focus]
        if change.zoom is not None:
            zoom = float(change.zoom)
    return FitSettings(
        fit=Fit(fit),
        keep=tuple((x, y, width, height) for x, y, width, height in keep),
        focus=None if focus is None else (focus[0], focus[1]),
        zoom=zoom,
        background=background or "",
    )


def check_ad_files(checked: CheckedFile, matrix: Matrix) -> None:
    """Report mistakes in the key `adfiles`, given the sizes and axes of the campaign."""
    _check_name(checked, [axis.name for axis in matrix.axes])
    sizes = next((axis.sizes for axis in matrix.axes if axis.name == "size"), [])
    by_id = {size.id: size for size in sizes}
    for key, words in checked.file.adfiles.formats.items():
        size = by_id.get(size_id(key))
        path = f"adfiles.formats.{key}"
        if size is None and key != DEFAULT and by_id:
            checked.findings.error(
                f"there is no size {key}{did_you_mean(key, [*by_id, DEFAULT])}",
                at=checked.place("adfiles", "formats", key, key=True),
                path=path,
                code="unknown-size",
            )
        if size is None or size.placement is None or not size.placement.formats:
            continue
        refused = [one for one in words if one not in size.placement.formats]
        if refused:
            takes = listing(size.placement.formats, last="and")
            checked.findings.error(
                f"{key} takes {takes}, not {listing(refused)}",
                at=checked.place("adfiles", "formats", key),
                path=path,
                code="ad-format",
            )


def check_checks(checked: CheckedFile) -> None:
    """Report checks that have nothing to compare with."""
    asked = checked.file.checks
    stages = checked.file.stages
    at, path = checked.place("checks", "palette", key=True), "checks.palette"
    if asked.palette is not None and not ad_file_settings(checked.file).brand_colors:
        complaint = "needs the colours of the brand: adfiles: {brand: {colors: [...]}}"
        checked.findings.error(complaint, at=at, path=path, code="check-needs")
    if asked.drift is not None and (stages.draft is None or stages.final is None):
        at = checked.place("checks", "drift", key=True)
        complaint = "compares finals with their drafts; the campaign needs both stages"
        checked.findings.error(complaint, at=at, path="checks.drift", code="check-needs")


def _check_name(checked: CheckedFile, axes: Iterable[str]) -> None:
    pattern, known = checked.file.adfiles.name, [*OWN_VARIABLES, *axes]
    if pattern is None:
        return
    wrong = [found[0] for found in _VARIABLE.finditer(pattern) if found[1] not in known]
    wrong += _BRACES.findall(_VARIABLE.sub("", pattern))
    if not wrong:
        return
    at = checked.place("adfiles", "name")
    complaint = f"{wrong[0]} cannot be filled in; a name may have {{{{ x }}}} of: {listing(known)}"
    checked.findings.error(complaint, at=at, path="adfiles.name", code="ad-name")


def ad_file_name(pattern: str, values: Mapping[str, str]) -> str:
    """Return a name in ASCII without ending; slashes and spaces become `-`."""
    written = _VARIABLE.sub(lambda found: values[found[1]], pattern)
    plain = "".join(map(_ascii, unicodedata.normalize("NFKD", written)))
    name = _UNFIT.sub("-", plain).strip("-._") or "ad"
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: LONGEST - 9].rstrip('-._')}-{digest[:8]}"


def _ascii(letter: str) -> str:
    """Return the ASCII form of a letter: without accents; other scripts become numbers."""
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    return _LIKE.get(letter, f"{ord(letter):x}" if letter.isalnum() else "-")


_LIKE = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
