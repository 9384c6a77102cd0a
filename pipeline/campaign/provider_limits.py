"""Checking a campaign against the limits of its provider, before a cell is planned."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.grammar.delivery import PricePart
from pipeline.campaign.matrix.placements import placements_of_ratio
from pipeline.campaign.matrix.sizes import parse_ratio
from pipeline.campaign.reading.located import Step, dotted
from pipeline.campaign.resolved import Matrix
from pipeline.campaign.variants import stage_settings
from pipeline.model.adfiles.placement import Grade, Placement
from pipeline.model.campaign import Size
from pipeline.model.money import Amount, Unit
from pipeline.model.names import Stage
from pipeline.model.providers.profile import Caps, Profile, ProviderModel, Support, caps_in_common
from pipeline.model.providers.sizing import Ratios, nearest_ratio, wire_size
from pipeline.suggestions import did_you_mean, listing

_NANO = 1_000_000_000
"""Nano-dollars in a dollar."""

FILLED = 0.65
"""Least share of an ad file that an uncut image fills without a warning."""


def use_models(checked: CheckedFile) -> CheckedFile:
    """Return the file with the limits that hold for all the models it names; report unknown ones.

    Each stage may name a model of its own. Both count in the unit of the one provider.
    """
    profile, several = checked.profile, []
    for stage, steps, name in _named_models(checked):
        model = profile.image_model(name)
        if model is None or not model.name:
            at, path = checked.place(*steps), dotted(steps)
            complaint = _no_model(profile, name)
            checked.findings.error(complaint, at=at, path=path, code="unknown-model")
            continue
        several.append(model.caps)
        _check_qualities(checked, stage, model)
        _check_batch(checked, model)
    part = checked.file.providers.get(profile.name)
    if profile.dialects:
        dialect = str(part.dialect or "plain") if part is not None else "plain"
        several = [profile.dialects[dialect] for _ in several]
    if part is not None and part.tier is not None:
        _check_tier(checked, part.tier, several)
    if part is not None and part.price is not None:
        profile = _priced(checked, profile, part.price)
    if part is not None and part.edits:
        several = [replace(caps, references=Support.YES) for caps in several]
    if not several:
        return checked
    profile = replace(profile, caps=caps_in_common(several))
    return replace(checked, profile=profile.in_batch() if checked.batch else profile)


def _check_tier(checked: CheckedFile, tier: int, several: Sequence[Caps]) -> None:
    """Report a usage tier of a provider that has none."""
    name = checked.profile.name
    if several and not all(tier in caps.images_per_minute for caps in several):
        steps = ("providers", name, "tier")
        complaint = f"{name} has no usage tiers; run.images_per_minute sets a limit"
        checked.findings.error(complaint, at=checked.place(*steps), path=dotted(steps), code="tier")


def _check_batch(checked: CheckedFile, model: ProviderModel) -> None:
    """Report a model that takes no batches, if images are to be ordered in them."""
    if not checked.batch or model.caps.batch is Support.YES:
        return
    at = checked.place("run", "batch") if checked.file.run.batch else Place("--batch")
    if model.caps.batch is Support.PREVIEW:
        complaint = f"it is not known whether {model.name} takes batches; one may be refused whole"
        checked.findings.warning(complaint, at=at, path="run.batch", code="batch")
        return
    known = [one.name for one in checked.profile.models.values() if one.caps.batch is Support.YES]
    others = f"; batches are taken by {listing(known, last='and')}" if known else ""
    who = f"{model.name} of {checked.profile.name}" if known else checked.profile.name
    complaint = f"{who} takes no batches{others}"
    checked.findings.error(complaint, at=at, path="run.batch", code="batch")


def _priced(checked: CheckedFile, profile: Profile, price: PricePart) -> Profile:
    """Return the profile with the price in the file; report a price of the wrong kind."""
    right, wrong = "per_credit", "per_image"
    if profile.unit is Unit.DOLLARS:
        right, wrong = wrong, right
    steps = ("providers", profile.name, "price")
    if getattr(price, wrong) is not None or getattr(price, right) is None:
        complaint = f"needs {right}, since {profile.name} counts in {_UNITS[profile.unit][0]}"
        at, path = checked.place(*steps), dotted(steps)
        checked.findings.error(complaint, at=at, path=path, code="price")
        return profile
    if price.per_image is None:
        return profile
    return profile.priced(Amount(ceil(price.per_image * _NANO)))


def _named_models(checked: CheckedFile) -> Iterator[tuple[Stage, tuple[Step, ...], str]]:
    """Yield the model of each stage, and where it is named."""
    name = checked.profile.name
    for stage, settings in stage_settings(checked.file, provider=name).items():
        part = getattr(checked.file.stages, stage)
        named_here = bool(part.model)
        yield (
            stage,
            ("stages", stage, "model") if named_here else ("providers", name, "model"),
            settings.model,
        )


def _no_model(profile: Profile, name: str) -> str:
    if not name:
        return f"is missing: {profile.name} needs the name of a model"
    if name in profile.gone:
        return f"{name} {profile.gone[name]}"
    known = sorted({profile.model, *profile.models})
    hint = did_you_mean(name, known) or f"; known: {listing(known, last='and')}"
    return f"{profile.name} has no model {name}{hint}"


def _check_qualities(checked: CheckedFile, stage: Stage, model: ProviderModel) -> None:
    wanted: list[tuple[tuple[Step, ...], str | None]] = [
        (("stages", stage, "quality"), getattr(checked.file.stages, stage).quality)
    ]
    for number, override in enumerate(checked.file.overrides):
        change = override.set.stages and getattr(override.set.stages, stage)
        changed = ("overrides", number, "set", "stages", stage, "quality")
        wanted.append((changed, change.quality if change else None))
    for steps, quality in wanted:
        if quality is not None and quality not in model.caps.qualities:
            known = listing([*model.caps.qualities])
            complaint = f"{model.name} renders in {known}, not in {quality}"
            at, path = checked.place(*steps), dotted(steps)
            checked.findings.error(complaint, at=at, path=path, code="quality")


def check_caps(checked: CheckedFile, matrix: Matrix) -> None:
    """Report what this provider refuses (errors) or may refuse (warnings)."""
    models = {name: None for _, _, name in _named_models(checked)}
    known = [model for name in models if (model := checked.profile.image_model(name))]
    sizes = next((axis for axis in matrix.axes if axis.name == "size"), None)
    if sizes is not None:
        for position, size in enumerate(sizes.sizes):
            at = sizes.origin(position)[0]
            _check_size(size, at, checked.profile, checked.findings)
            if size.placement is not None:
                _check_placement(size, size.placement, at, checked)
            _check_pixels(size, at, known, checked)
    _check_backgrounds(checked)
    _check_references(checked)
    _check_masks(checked)
    _check_formats(checked)
    _check_budget(checked)


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
        if not isinstance(profile.caps.sizing, Ratios):
            near = nearest_ratio(profile.caps.sizing, size.ratio, profile.caps.ratios)
            complaint = f"{complaint}; the nearest is {near}"
        findings.error(complaint, at=at, path=path, code="size-ratio")
    elif size.ratio not in profile.caps.ratios and isinstance(profile.caps.sizing, Ratios):
        complaint = (
            f"{size.ratio} is not among the ratios that {profile.name} documents: {known}"
            f"{_of_shape(size)}"
        )
        findings.warning(complaint, at=at, path=path, code="size-ratio")


def _check_pixels(
    size: Size, at: Place, models: Sequence[ProviderModel], checked: CheckedFile
) -> None:
    """Report a size that some model cannot make, with the nearest one that it can."""
    caps = checked.profile.caps
    ratio = parse_ratio(size.ratio)
    if ratio is None or max(ratio, 1 / ratio) > caps.longest_ratio:
        return
    if caps.ratios_only and size.ratio not in caps.ratios:  # said already
        return
    for model in models:
        if wire_size(model.caps.sizing, size.ratio) is None:
            near = nearest_ratio(model.caps.sizing, size.ratio, model.caps.ratios)
            complaint = f"{model.name} cannot render {size.ratio}; the nearest it can is {near}"
            path = f"matrix.size: {size.id}"
            checked.findings.error(complaint, at=at, path=path, code="size-pixels")


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


def _settings_of(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], CampaignFile]]:
    """Yield the settings of the file, and those with each override alone, and where they stand."""
    yield (), checked.file
    for number, override in enumerate(checked.file.overrides):
        told = {
            name: value
            for name in ("references", "mask", "background", "output_format", "compression")
            if (value := getattr(override.set, name)) is not None
        }
        if told:
            yield ("overrides", number, "set"), checked.file.model_copy(update=told)


def _check_formats(checked: CheckedFile) -> None:
    """Report a kind of file, or its quality, that this provider does not make."""
    name, caps = checked.profile.name, checked.profile.caps
    for steps, found in _settings_of(checked):
        chosen, known = found.output_format, listing(caps.output_formats, last="and")
        complaints = {}
        if chosen is not None and not caps.output_formats:
            complaints["output_format"] = f"{name} has no choice of output formats"
        elif chosen is not None and chosen not in caps.output_formats:
            complaints["output_format"] = f"{name} makes {known}, not {chosen}"
        elif chosen == "jpeg" and found.background == "transparent":
            complaints["output_format"] = "a JPEG has no transparent background; use png or webp"
        if found.compression is not None and chosen in {None, "png"}:
            complaints["compression"] = "is for webp and jpeg: set output_format as well"
        for key, complaint in complaints.items():
            _report_key(checked, (*steps, key), complaint, code="output-format")


def _check_masks(checked: CheckedFile) -> None:
    """Report a mask without the image that it belongs to, or for a model that takes none."""
    profile, final = checked.profile, checked.file.stages.final
    refines = final is not None and final.mode == "refine"
    for steps, found in _settings_of(checked):
        if found.mask is None:
            continue
        where = (*steps, "mask")
        if not found.references:
            complaint = "needs references: it marks what of the first of them is painted anew"
            _report_key(checked, where, complaint, code="mask")
        if refines:
            complaint = "does not go with mode: refine, whose first image is the approved draft"
            _report_key(checked, where, complaint, code="mask")
        if profile.caps.mask is Support.NO:
            _report_key(checked, where, f"{profile.name} takes no mask", code="mask")
        elif profile.caps.mask is Support.PREVIEW:
            at, path = _written(checked, where)
            complaint = f"whether this server of {profile.name} takes a mask is not known"
            checked.findings.warning(complaint, at=at, path=path, code="mask")


def _report_key(
    checked: CheckedFile, steps: tuple[Step, ...], complaint: str, *, code: str
) -> None:
    at, path = _written(checked, steps)
    checked.findings.error(complaint, at=at, path=path, code=code)


def _written(checked: CheckedFile, steps: tuple[Step, ...]) -> tuple[Place, str]:
    """Return where a setting is written: at the top of the file, if not in the override itself."""
    if steps[:1] == ("overrides",):
        number, key = steps[1], str(steps[-1])
        here = checked.file.overrides[int(number)].set
        steps = steps if getattr(here, key) is not None else (key,)
    return checked.place(*steps), dotted(steps)


def _check_refined(checked: CheckedFile) -> None:
    """Report finals that would be edits of drafts that nobody approves."""
    draft = checked.file.stages.draft
    if draft is None or draft.review == "none":
        at = checked.place("stages", "final", "mode")
        complaint = "refine edits approved drafts, and this campaign approves none"
        checked.findings.error(complaint, at=at, path="stages.final.mode", code="references")


def _named_references(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], Sequence[str]]]:
    """Yield each list of reference images, and where it stands."""
    yield ("references",), checked.file.references
    for number, override in enumerate(checked.file.overrides):
        yield ("overrides", number, "set", "references"), override.set.references or ()


def _check_references(checked: CheckedFile) -> None:
    file, profile, findings = checked.file, checked.profile, checked.findings
    wanted = [steps for steps, named in _named_references(checked) if named]
    refines = file.stages.final is not None and file.stages.final.mode == "refine"
    if refines:
        wanted.append(("stages", "final", "mode"))
        _check_refined(checked)
    room = profile.caps.most_references - refines
    for steps, named in _named_references(checked):
        if len(named) > room:
            draft = " besides the draft" if refines else ""
            complaint = f"{profile.name} takes {room} images at most{draft}, not {len(named)}"
            at, path = checked.place(*steps), dotted(steps)
            findings.error(complaint, at=at, path=path, code="references")
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
