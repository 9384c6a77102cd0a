"""Checking a campaign against the limits of its provider, before a cell is planned."""

from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.matrix.placements import placements_of_ratio
from pipeline.campaign.matrix.sizes import parse_ratio
from pipeline.campaign.reading.located import Step, dotted
from pipeline.campaign.resolved import Matrix
from pipeline.model.campaign import Size
from pipeline.model.money import Unit
from pipeline.model.placement import Grade, Placement
from pipeline.model.provider import Profile, Support
from pipeline.suggestions import listing

FILLED = 0.65
"""Least share of an ad file that an uncut image fills without a warning."""


def check_caps(checked: CheckedFile, matrix: Matrix) -> None:
    """Report what this provider refuses (errors) or may refuse (warnings)."""
    sizes = next((axis for axis in matrix.axes if axis.name == "size"), None)
    if sizes is not None:
        for position, size in enumerate(sizes.sizes):
            at = sizes.origin(position)[0]
            _check_size(size, at, checked.profile, checked.findings)
            if size.placement is not None:
                _check_placement(size, size.placement, at, checked)
    _check_backgrounds(checked)
    _check_references(checked)
    _check_budget(checked)
    _note_unheeded(checked)


def _note_unheeded(checked: CheckedFile) -> None:
    """Warn of keys that are valid, but that this version does not act on yet."""
    file = checked.file
    written: list[tuple[Step, ...]] = []
    for name, provider in file.providers.items():
        written += [
            ("providers", name, setting)
            for setting in ("model", "edits")
            if setting in provider.model_fields_set
        ]
    for steps in written:
        at, path = checked.place(*steps, key=True), dotted(steps)
        complaint = "is valid, but this version does not act on it yet"
        checked.findings.warning(complaint, at=at, path=path, code="unheeded")


def _check_size(size: Size, at: Place, profile: Profile, findings: Findings) -> None:
    ratio = parse_ratio(size.ratio)
    path = f"matrix.size: {size.id}"
    if ratio is None:
        findings.error(f"{profile.name} has no ratio for it", at=at, path=path, code="size-ratio")
        return
    longest = max(ratio, 1 / ratio)
    known = listing(profile.caps.ratios, last="and")
    if longest > profile.caps.longest_ratio:
        most = f"{profile.caps.longest_ratio:g}:1"
        complaint = f"{size.ratio} is longer than {most}, the most that {profile.name} renders"
        findings.error(complaint, at=at, path=path, code="size-ratio")
    elif size.ratio not in profile.caps.ratios and profile.caps.ratios_only:
        complaint = f"{profile.name} renders only {known}, not {size.ratio}{_of_shape(size)}"
        findings.error(complaint, at=at, path=path, code="size-ratio")
    elif size.ratio not in profile.caps.ratios:
        complaint = (
            f"{size.ratio} is not among the ratios that {profile.name} documents: {known}"
            f"{_of_shape(size)}"
        )
        findings.warning(complaint, at=at, path=path, code="size-ratio")


def _of_shape(size: Size) -> str:
    """Return a hint at the placements of a bare ratio, which any provider's image is fitted to."""
    spoken = placements_of_ratio(size.ratio) if size.placement is None else ()
    return f"; {listing(spoken)} has this shape" if spoken else ""


def _check_placement(size: Size, placement: Placement, at: Place, checked: CheckedFile) -> None:
    findings = checked.findings
    marked = checked.file.provenance.label == "ai"
    path = f"matrix.size: {size.id}"
    if placement.grade is Grade.UNREAD:
        complaint = (
            "its requirements could not be read on the platform's pages; compare them before you "
            f"upload: {placement.source}"
        )
        findings.warning(complaint, at=at, path=path, code="placement-unread")
    if marked and not placement.text:
        complaint = f"{size.id} takes no text on the image, so that label: ai draws no mark on it"
        findings.warning(complaint, at=at, path=path, code="label")
    # with an overlay, the advice to leave the copy out of the image is taken already
    if size.kept < FILLED and not checked.file.adfiles.overlay:
        pixels = "×".join(map(str, placement.pixels))
        complaint = (
            f"a {size.ratio} image fills {size.kept:.0%} of {pixels}, and the rest is continued "
            "from its edges; prefer an image without copy for so narrow a strip, "
            "and lay the words over it with adfiles.overlay"
        )
        findings.warning(complaint, at=at, path=path, code="extension")


def _check_backgrounds(checked: CheckedFile) -> None:
    file, profile, findings = checked.file, checked.profile, checked.findings
    wanted: list[tuple[tuple[Step, ...], str | None]] = [(("background",), file.background)]
    for number, override in enumerate(file.overrides):
        wanted.append((("overrides", number, "set", "background"), override.set.background))
    for steps, background in wanted:
        if background != "transparent" or profile.caps.transparent is Support.YES:
            continue
        at, path = checked.place(*steps), dotted(steps)
        if profile.caps.transparent is Support.NO:
            complaint = f"{profile.name} renders no transparent background"
            findings.error(complaint, at=at, path=path, code="background")
        else:
            complaint = (
                f"a transparent background is in preview at {profile.name} and may be refused"
            )
            findings.warning(complaint, at=at, path=path, code="background")


def _check_references(checked: CheckedFile) -> None:
    file, profile, findings = checked.file, checked.profile, checked.findings
    wanted: list[tuple[Step, ...]] = [("references",)] if file.references else []
    wanted += [
        ("overrides", number, "set", "references")
        for number, override in enumerate(file.overrides)
        if override.set.references
    ]
    refines = file.stages.final is not None and file.stages.final.mode == "refine"
    if refines:
        wanted.append(("stages", "final", "mode"))
    for steps in wanted:
        at, path = checked.place(*steps), dotted(steps)
        if profile.caps.references is Support.NO:
            what = "edits no images" if steps[-1] == "mode" else "takes no reference images"
            findings.error(f"{profile.name} {what}", at=at, path=path, code="references")
        elif profile.caps.references is Support.PREVIEW:
            complaint = f"reference images are in preview at {profile.name} and may be refused"
            findings.warning(complaint, at=at, path=path, code="references")


_UNITS = {
    Unit.CREDITS: ("credits", "a number such as 600"),
    Unit.DOLLARS: ("dollars", "$12.50, for example"),
}
"""What a limit is in, and how to write it."""


def _check_budget(checked: CheckedFile) -> None:
    """Report limits in another unit than the account's; play money has no limits."""
    profile = checked.profile
    if profile.play_money:
        return
    right, example = _UNITS[profile.unit]
    for name, unit in checked.file.budget.units.items():
        if unit is not profile.unit:
            complaint = (
                f"is in {_UNITS[unit][0]}, and {profile.name} counts in {right}: write {example}"
            )
            at, path = checked.place("budget", name), dotted(("budget", name))
            checked.findings.error(complaint, at=at, path=path, code="budget-unit")
