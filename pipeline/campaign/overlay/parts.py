"""The parts of a campaign's overlays, with their looks, fonts and files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pipeline.campaign.findings import Place
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.grammar.overlay import OverlayEntry, OverlayStylePart, PlatePart
from pipeline.campaign.overlay.brand_files import BrandFiles
from pipeline.campaign.reading.located import Step, dotted
from pipeline.lettering.contrast import LEAST, contrast, luminance, parsed
from pipeline.model.adfiles.overlay import (
    Anchor,
    LogoPart,
    OverlayFont,
    OverlayKind,
    OverlayPart,
    Plate,
    PlateShape,
    TextPart,
)
from pipeline.model.campaign import Size
from pipeline.suggestions import listing

OVERLAY = ("adfiles", "overlay")
_CONTENTS = [kind.value for kind in OverlayKind]
_LOGO_KEYS = ("logo", "at", "width", "clear", "plate")
_MOST_PARTS = 40
_LOGO_WIDTH, _LOGO_CLEAR = 0.18, 0.04
_ACROSS = 1.6
"""Space beside a text, in spaces above it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlay:
    """The overlay of some cells: its parts without their texts, and the templates of those."""

    parts: tuple[OverlayPart, ...] = ()
    templates: tuple[str, ...] = ()
    """Name of the template of each text, in the order of the parts that have one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """What a text of some kind looks like unless the campaign says otherwise."""

    at: Anchor
    size: float
    weight: int
    width: float
    plate: Plate = field(default_factory=Plate)


_TAG = Plate(shape=PlateShape.PANEL, radius=0.28, padding=(0.36, 0.58))
_FACE = Plate(shape=PlateShape.PANEL, radius=0.7, padding=(0.72, 1.3))
_LOOKS = {
    OverlayKind.HEADLINE: _Look(at=Anchor.COPY, size=0.1, weight=760, width=0.8),
    OverlayKind.TEXT: _Look(at=Anchor.COPY, size=0.034, weight=550, width=0.7),
    OverlayKind.PRICE: _Look(at=Anchor.COPY, size=0.06, weight=780, width=0.5, plate=_TAG),
    OverlayKind.BUTTON: _Look(at=Anchor.COPY, size=0.031, weight=680, width=0.7, plate=_FACE),
    OverlayKind.LEGAL: _Look(at=Anchor.BOTTOM, size=0.016, weight=480, width=1.0),
}


def build_overlays(
    checked: CheckedFile, sizes: Sequence[Size], names: Mapping[str, str]
) -> Mapping[str, Overlay]:
    """Return every overlay of a file by its path; report mistakes in parts and files.

    `names` are the names of templates by path.
    """
    brand = BrandFiles(checked)
    builder = _OverlayBuilder(checked, brand, names)
    overlays: dict[str, Overlay] = {}
    for steps, entries in _written(checked):
        overlays[dotted(steps)] = builder.overlay(steps, entries)
    _check_placements(checked, sizes)
    return overlays


def overlay_of(overlays: Mapping[str, Overlay], overrides: Sequence[int]) -> Overlay:
    """Return the overlay that remains after these overrides, the last of which wins."""
    found = overlays.get(dotted(OVERLAY), Overlay())
    for number in overrides:
        found = overlays.get(dotted(("overrides", number, "set", *OVERLAY)), found)
    return found


def _written(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], Sequence[OverlayEntry]]]:
    yield OVERLAY, checked.file.adfiles.overlay
    for number, override in enumerate(checked.file.overrides):
        change = override.set.adfiles
        if change is not None and change.overlay is not None:
            yield ("overrides", number, "set", *OVERLAY), change.overlay


def overlay_templates(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Yield path and text of every template in the overlays of a file."""
    for steps, entries in _written(checked):
        for number, entry in enumerate(entries):
            for kind in _CONTENTS[1:]:
                text = getattr(entry, kind)
                if text is not None:
                    yield (*steps, number, kind), text


def _check_placements(checked: CheckedFile, sizes: Sequence[Size]) -> None:
    """Warn of placements that accept no text, over which nothing is laid."""
    if not checked.file.adfiles.overlay:
        return
    without = [size.id for size in sizes if size.placement is not None and not size.placement.text]
    if without:
        which = listing(without, last="and")
        complaint = f"{which} may show no copy or logo, so nothing is laid over its ad files"
        at = checked.place(*OVERLAY, key=True)
        checked.findings.warning(complaint, at=at, path=dotted(OVERLAY), code="overlay")


class _OverlayBuilder:
    """Builds the parts of overlays."""

    def __init__(self, checked: CheckedFile, brand: BrandFiles, names: Mapping[str, str]) -> None:
        self._checked = checked
        self._brand = brand
        self._names = names
        part = checked.file.adfiles.brand
        colors = [_six_digits(color) for color in part.colors]
        self._colors = {
            OverlayKind.BUTTON: colors[0] if colors else "",
            OverlayKind.PRICE: colors[1] if len(colors) > 1 else "",
        }
        steps = ("adfiles", "brand", "fonts")
        self._fonts = [
            self._brand.font(named, at=checked.place(*steps, number), path=dotted((*steps, number)))
            for number, named in enumerate(part.fonts)
        ]

    def overlay(self, steps: tuple[Step, ...], entries: Sequence[OverlayEntry]) -> Overlay:
        parts: list[OverlayPart] = []
        templates: list[str] = []
        if len(entries) > _MOST_PARTS:
            self._complain(f"has more than {_MOST_PARTS} parts", steps)
        for number, entry in enumerate(entries[:_MOST_PARTS]):
            place = (*steps, number)
            kind = self._kind(entry, place)
            if kind is None:
                continue
            if kind is OverlayKind.LOGO:
                logo = self._logo(entry, place)
                parts += [logo] if logo is not None else []
                continue
            parts.append(self._text(kind, entry, place))
            templates.append(self._names[dotted((*place, kind.value))])
        return Overlay(parts=tuple(parts), templates=tuple(templates))

    def _kind(self, entry: OverlayEntry, steps: tuple[Step, ...]) -> OverlayKind | None:
        """Return what an entry is; `None` after reporting that it is nothing, or two things."""
        given = [word for word in _CONTENTS if getattr(entry, word) is not None]
        if len(given) != 1:
            both = f"names {listing(given, last='and')}; " if given else "names nothing to show; "
            self._complain(f"{both}a part has one of {listing(_CONTENTS)}", steps)
            return None
        kind = OverlayKind(given[0])
        if kind is not OverlayKind.LOGO and not str(getattr(entry, kind)).strip():
            self._complain("is empty", (*steps, kind.value))
            return None
        unfit = [
            key
            for key in OverlayEntry.model_fields
            if getattr(entry, key) is not None
            and ((key not in _LOGO_KEYS) if kind is OverlayKind.LOGO else key == "clear")
        ]
        for key in unfit:
            takes = listing(_LOGO_KEYS[1:], last="and")
            whose = f"a logo takes {takes}" if kind is OverlayKind.LOGO else "it is for logos"
            self._complain(f"does not act on a {kind}; {whose}", (*steps, key))
        return kind

    def _logo(self, entry: OverlayEntry, steps: tuple[Step, ...]) -> LogoPart | None:
        at, path = self._checked.place(*steps, "logo"), dotted((*steps, "logo"))
        file = self._brand.logo(entry.logo or "", at=at, path=path)
        if file is None:
            return None
        return LogoPart(
            at=Anchor(entry.at or Anchor.TOP_LEFT),
            file=file,
            width=_share(entry.width, _LOGO_WIDTH),
            clear=_share(entry.clear, _LOGO_CLEAR),
            plate=_plate(entry.plate, Plate(shape=PlateShape.NONE)),
        )

    def _text(self, kind: OverlayKind, entry: OverlayEntry, steps: tuple[Step, ...]) -> TextPart:
        look = _LOOKS[kind]
        style = OverlayStylePart.model_validate({})
        inside = self._checked.place(*steps)
        if entry.style is not None:
            style, inside = self._brand.style(
                entry.style,
                at=self._checked.place(*steps, "style"),
                path=dotted((*steps, "style")),
            )
        plate = replace(look.plate, color=self._colors.get(kind, ""))
        plate = _plate(entry.plate, _plate(style.plate, plate))
        color = _six_digits(entry.color or style.color or "")
        self._check_contrast(kind, color, plate, steps)
        return TextPart(
            kind=kind,
            at=Anchor(entry.at or look.at),
            text="",
            fonts=self._fonts_of(entry, style, steps, inside),
            weight=entry.weight or style.weight or look.weight,
            size=_share(entry.size, _share(style.size, look.size)),
            width=_share(entry.width, _share(style.width, look.width)),
            color=color,
            plate=plate,
        )

    def _check_contrast(
        self, kind: OverlayKind, color: str, plate: Plate, steps: tuple[Step, ...]
    ) -> None:
        """Report colours of words and of their plate that nobody could tell apart."""
        if not color or not plate.color or plate.shape not in (PlateShape.PANEL, PlateShape.BAND):
            return
        reached = contrast(luminance(parsed(color)), luminance(parsed(plate.color)))
        if reached < LEAST:
            complaint = (
                f"the {kind} in {color} on {plate.color} has a contrast of {reached:.1f}, and "
                f"{LEAST} is the least; choose another colour, or leave color out"
            )
            self._complain(complaint, steps)

    def _fonts_of(
        self,
        entry: OverlayEntry,
        style: OverlayStylePart,
        steps: tuple[Step, ...],
        inside: Place,
    ) -> tuple[OverlayFont, ...]:
        if entry.font is not None:
            where = self._checked.place(*steps, "font")
            path = dotted((*steps, "font"))
            files = [self._brand.font(one, at=where, path=path) for one in entry.font]
        elif style.font is not None:
            files = [self._brand.font(one, at=inside, path="font") for one in style.font]
        else:
            files = self._fonts
        found = [file for file in files if file is not None]
        weight = entry.weight or style.weight
        variable = [self._brand.is_variable(file) for file in found]
        if entry.weight is not None and found and not any(variable):
            which = listing([file.shown for file in found], last="and")
            self._complain(f"does not act: {which} has one weight", (*steps, "weight"))
        chosen = weight or _LOOKS[OverlayKind(self._kind_word(entry))].weight
        return tuple(
            OverlayFont(file=file, weight=chosen if many else None)
            for file, many in zip(found, variable, strict=True)
        )

    @staticmethod
    def _kind_word(entry: OverlayEntry) -> str:
        return next(word for word in _CONTENTS if getattr(entry, word) is not None)

    def _complain(self, complaint: str, steps: tuple[Step, ...]) -> None:
        at = self._checked.place(*steps)
        self._checked.findings.error(complaint, at=at, path=dotted(steps), code="overlay")


def _share(value: Decimal | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)


def _plate(part: PlatePart | None, otherwise: Plate) -> Plate:
    """Return a plate as far as it is written, the rest as it would be otherwise."""
    if part is None:
        return otherwise
    shape = otherwise.shape
    if part.shape is not None:
        shape = PlateShape(part.shape)
    elif part.color is not None and shape in (PlateShape.AUTO, PlateShape.NONE):
        shape = PlateShape.PANEL
    padding = otherwise.padding
    if part.padding is not None:
        padding = (float(part.padding), float(part.padding) * _ACROSS)
    return Plate(
        shape=shape,
        color=_six_digits(part.color) if part.color else otherwise.color,
        opacity=float(part.opacity) if part.opacity is not None else otherwise.opacity,
        radius=_share(part.radius, otherwise.radius),
        padding=padding,
    )


def _six_digits(color: str) -> str:
    """Return a colour as six lower-case digits; an empty text stays empty."""
    digits = color.removeprefix("#").lower()
    short = 3
    return f"#{''.join(2 * d for d in digits)}" if len(digits) == short else color.lower()
