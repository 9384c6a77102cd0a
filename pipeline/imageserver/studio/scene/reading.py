"""Reading a prompt into a scene, by a deterministic grammar of words."""

import hashlib
import re
from typing import TypeVar

from pipeline.imageserver.painting.painter import PaintOrder
from pipeline.imageserver.studio.scene.coloring import (
    asked_backdrop,
    deepen_for_text,
    default_backdrop,
    in_take,
    palette,
    palette_of,
    readable_wall,
)
from pipeline.imageserver.studio.scene.icons import icon, named_icon
from pipeline.imageserver.studio.scene.parts import (
    DRAWN_PARTS,
    ICON_PARTS,
    LABEL_ROOM,
    ROUND_FROM_ABOVE,
)
from pipeline.imageserver.studio.scene.quotes import (
    CopyPlaces,
    QuotedText,
    assign_roles,
    find_quotes,
)
from pipeline.imageserver.studio.scene.scene import (
    Camera,
    Copy,
    Family,
    Glass,
    Layout,
    Light,
    Palette,
    Prop,
    Role,
    Scene,
    Style,
    Surface,
    Understanding,
)
from pipeline.imageserver.studio.scene.vocabulary import (
    BOARDS,
    BREWED,
    GLASSES,
    LIGHTS,
    POSTERS,
    PRESERVES,
    PROPS,
    STYLES,
    SURFACES,
    WARM,
)
from pipeline.imageserver.studio.words.languages import UNKNOWN, EnglishText, in_english
from pipeline.imageserver.studio.words.lexicon import MOST, NOT_NAMES, TOPPINGS
from pipeline.imageserver.studio.words.subject_reader import WALL, Subject
from pipeline.imageserver.studio.words.subjects import DENIED, find_subject

_BRAND = re.compile(
    r"\b(?:[Bb]ottles?|[Cc]ans?|[Jj]ars?|[Tt]ubes?|[Bb]ox(?:es)?|[Pp]ouch(?:es)?|[Bb]ags?|[Cc]ups?|"
    r"[Mm]ugs?|[Dd]roppers?|[Cc]andles?|[Pp]erfume|[Ss]erum|[Tt]ins?|[Pp]acks?|named|called|brand)"
    r"\s+(?:of\s+|for\s+)?(?:the\s+)?"
    r"((?:[A-Z][\w&'’-]*|No\.\s?\d+)(?:\s+(?:[A-Z0-9][\w&'’-]*|&|and(?=\s[A-Z]))){0,4})"
)
_OF = re.compile(r"\bof\s+((?:[A-Z][\w&'’-]*)(?:\s+(?:[A-Z0-9][\w&'’-]*|&|and(?=\s[A-Z]))){0,3})")
_CAPITAL = re.compile(r"\b[A-Z]")
_TITLE_CASE = 0.4
"""Share of capitalised words above which a prompt is in title case and names nothing."""
_MANY_QUOTES = 7
_OVER = (Role.HEADLINE, Role.SUB, Role.CAPTION)
"""Roles of copy that lies on the wall."""
_NUMBER = re.compile(r"(\d+)$")

GEMS = {
    "emerald": "#12a06a",
    "ruby": "#c8143c",
    "sapphire": "#1f4fd0",
    "amethyst": "#8a4fd0",
    "topaz": "#e8a52a",
    "pearl": "#f4ece2",
    "diamond": "#dff1fa",
}
"""The stones of rings, and their colours."""
_GLASSWARE = (Family.BOTTLE, Family.WINE, Family.DROPPER, Family.JAR, Family.CANDLE)
"""Products whose glass tells their colour, so that the prompt's other colours are the content's."""

T = TypeVar("T")


def seed_of(order: PaintOrder) -> int:
    """Return the scene's seed, from everything in the order but the quality."""
    told = (
        order.prompt,
        f"{order.ratio[0]}:{order.ratio[1]}",
        "transparent" if order.transparent else "opaque",
        str(order.index),
        order.variation,
        *(hashlib.sha256(image).hexdigest() for image in order.references),
    )
    return int.from_bytes(
        hashlib.sha256("\x1f".join(told).encode("utf-8", "replace")).digest()[:6], "big"
    )


def take_of(order: PaintOrder) -> int:
    """Return the number of a take: the picture's in its request, plus that of its variation."""
    numbered = _NUMBER.search(order.variation)
    if numbered:
        return order.index + int(numbered.group(1)[-4:])
    digest = hashlib.sha256(order.variation.encode("utf-8", "replace")).digest()
    return order.index + (digest[0] if order.variation else 0)


def read_prompt(order: PaintOrder) -> Scene:
    """Return the scene that an order's prompt describes."""
    found, bare = find_quotes(order.prompt)
    english = in_english(bare)
    subject = find_subject(english)
    low = DENIED.sub(" ", english.text)
    unclaimed = _without_colors(low, subject)
    seed = seed_of(order)
    family = _family(subject, low, found)
    poster = family in (Family.BOARD, Family.WORDS) or re.search(POSTERS, low) is not None
    layout = Layout.POSTER if poster else Layout.PHOTO
    glass = first_match(GLASSES, low)
    own = _own_color(subject, family, glass)
    glyph = subject.icon if family is Family.GLYPH else ""
    asked = _asked_wall(subject, low)
    colors = _palette(own, unclaimed, asked, (seed, icon(glyph).tone if glyph else family.value))
    take = take_of(order)
    setting = unclaimed.replace(_without_colors(subject.described, subject).strip(), " ", 1)
    light = first_match(LIGHTS, setting) or Light.SOFT
    is_warm = re.search(WARM, low) is not None
    count = min(max(subject.count, 1), MOST)
    scoops = count if subject.gathered_by == "scoop" else 1
    count = 1 if subject.gathered_by == "scoop" else count
    flat = subject.camera is Camera.OVERHEAD and family in ROUND_FROM_ABOVE
    copy = _copy(found, family, layout, 0 if flat else count)
    props = _props(unclaimed, family, subject)
    icons = _icons(subject, family, props)
    return Scene(
        family=family,
        glyph=glyph,
        tint=own or _part_tint(glyph, subject) if glyph else "",
        name="" if family in (Family.GLYPH, Family.BOARD, Family.NOUN) else _name(bare, english),
        surface=first_match(SURFACES, setting) or Surface.MATTE,
        light=light,
        warm=is_warm,
        glass=glass or _usual_glass(family, low),
        props=props,
        palette=colors,
        backdrop=_wall(asked, copy, take)
        or in_take(_ground(family, light, colors, is_warm=is_warm), take, strength=1.6),
        copy=copy,
        layout=layout,
        style=first_match(STYLES, f"{order.prompt.lower()} {low}") or Style.CLEAN,
        transparent=order.transparent,
        ratio=order.ratio,
        seed=seed,
        count=count,
        scoops=scoops,
        take=take,
        camera=subject.camera,
        own=own,
        part_colors=_part_colors(subject, family),
        item_colors=_item_colors(subject, count),
        noun=subject.noun if family is Family.NOUN else "",
        icons=tuple(icons),
        icon_colors=tuple(icons.values()),
        understood=_understanding(subject, english, copy, (family, props)),
    )


def _without_colors(low: str, subject: Subject) -> str:
    """Return the text without the colours that belong to a noun, which name no flavour or prop."""
    claimed = [
        word for colors in subject.colors.values() for c in colors for word in c.name.split()
    ]
    for word in claimed:
        low = re.sub(rf"\b{re.escape(word)}\b", " ", low, count=1)
    return low


def _copy(found: list[QuotedText], family: Family, layout: Layout, count: int) -> tuple[Copy, ...]:
    """Return the copy in its roles; several products have a label each if there are as many.

    A count of 0 means that no product shows a label.
    """
    named = sum(quote.role is Role.LABEL for quote in found)
    room = LABEL_ROOM.get(family, 0) if count else 0
    room = max(room, count) if room and count > 1 and named == count else room
    places = CopyPlaces(layout=layout, board=family is Family.BOARD, labels=room)
    return assign_roles(_on_cover(found, family), places)


def _on_cover(found: list[QuotedText], family: Family) -> list[QuotedText]:
    """Return the quotes; a book's title goes on its cover if its author does."""
    if family is not Family.BOOK or not any(q.by_author for q in found):
        return found
    return [
        QuotedText(q.text, Role.LABEL) if q.role in (Role.HEADLINE, Role.LABEL) else q
        for q in found
    ]


def _family(subject: Subject, low: str, found: list[QuotedText]) -> Family:
    """Return what is to be drawn for a subject."""
    if subject.family is not None:
        return subject.family
    if subject.icon:
        return Family.GLYPH
    if re.search(BOARDS, low) and not subject.unknown:
        return Family.BOARD
    if len(found) >= _MANY_QUOTES or Role.MENU in {quote.role for quote in found}:
        return Family.BOARD
    return Family.NOUN if subject.unknown else Family.WORDS


def _palette(own: str, low: str, asked: str | None, else_by: tuple[int, str]) -> Palette:
    seed, tone = else_by
    return palette_of(own, low) if own else palette(low, asked, seed, tone)


def _own_color(subject: Subject, family: Family, glass: Glass | None) -> str:
    """Return the product's own colour; that of glass is told by the glass itself."""
    colors = subject.own_colors or subject.colors.get("bottle", [])
    if family is Family.CANDLE and not colors:
        return ""
    if not colors or (glass is not None and family in _GLASSWARE):
        return ""
    return colors[0].hex


def _asked_wall(subject: Subject, low: str) -> str | None:
    told = subject.color_of(WALL)
    return told.hex if told else asked_backdrop(low)


def _part_colors(subject: Subject, family: Family) -> tuple[tuple[str, str], ...]:
    """Return the colours of the parts that the product is drawn with."""
    drawn = DRAWN_PARTS.get(family, ())
    if family is Family.RING:
        return tuple(("gem", tone) for gem, tone in GEMS.items() if gem in subject.text)[:1]
    return tuple(
        (part, colors[0].hex) for part, colors in subject.colors.items() if part in drawn and colors
    )


def _part_tint(glyph: str, subject: Subject) -> str:
    """Return the colour of the part that an icon mainly shows: the wrapper, the frosting."""
    color = subject.color_of(*ICON_PARTS.get(glyph, ()))
    return color.hex if color else ""


def _item_colors(subject: Subject, count: int) -> tuple[str, ...]:
    colors = subject.own_colors
    return tuple(c.hex for c in colors) if count == len(colors) > 1 else ()


def _props(text: str, family: Family, subject: Subject) -> tuple[Prop, ...]:
    """Return the props that a text names; flowers in a vase or drawn whole scatter no petals."""
    for filled in (p for p in subject.props if " of " in p):  # it is in a cup, not on the table
        text = text.replace(filled.partition(" of ")[2], " ")
    found = tuple(prop for prop, pattern in PROPS if re.search(pattern, text))
    whole = any(_prop_of(p) is Prop.PETAL and named_icon(p) for p in subject.props)
    if family is Family.VASE or whole:
        return tuple(p for p in found if p is not Prop.PETAL)
    return found


def _icons(subject: Subject, family: Family, props: tuple[Prop, ...]) -> dict[str, str]:
    """Return the icons of what goes with the subject, each with its colour."""
    if family in (Family.BURGER, Family.PIZZA):
        subject.props[:] = [p for p in subject.props if p not in TOPPINGS]
    return {name: _icon_color(p, subject) for p in subject.props if (name := _prop_icon(p, props))}


def _prop_icon(noun: str, props: tuple[Prop, ...]) -> str:
    """Return the icon of a companion that has no drawing of its own."""
    return (
        "" if _prop_of(noun) in props else named_icon(noun) or named_icon(noun.partition(" of ")[0])
    )


def drawn_as(noun: str, props: tuple[Prop, ...]) -> Prop | str:
    """Return the prop or the icon that shows a companion; empty if nothing does."""
    kind = _prop_of(noun)
    return kind if kind is not None and kind in props else _prop_icon(noun, props)


def _icon_color(noun: str, subject: Subject) -> str:
    color = subject.color_of(noun)
    return color.hex if color else ""


def _prop_of(noun: str) -> Prop | None:
    return next((prop for prop, pattern in PROPS if re.search(pattern, f"{noun}s {noun}")), None)


def _understanding(
    subject: Subject,
    english: EnglishText,
    copy: tuple[Copy, ...],
    drawn: tuple[Family, tuple[Prop, ...]],
) -> Understanding:
    """Return the statement of what was understood, and of what is not shown."""
    family, props = drawn
    missed: list[str] = []
    if english.language == UNKNOWN and not subject.noun:
        missed.append("subject not known: the prompt is in a language that the painter cannot read")
    elif family is Family.NOUN:
        missed.append(f"subject not known: {subject.unknown}")
    elif not subject.noun and not copy:
        missed.append("no subject found")
    missed += [
        f"not shown: {noun}" for noun in dict.fromkeys(subject.props) if not drawn_as(noun, props)
    ]
    drawn_parts = DRAWN_PARTS.get(family, ()) + ICON_PARTS.get(subject.icon, ())
    missed += [f"not shown: {part}" for part in sorted(subject.parts) if part not in drawn_parts]
    if subject.count > MOST:
        missed.append(f"not shown: {subject.count - MOST} of {subject.count}")
    return Understanding(
        subject=subject.noun,
        contents=subject.contents,
        count=max(1, subject.count),
        camera=subject.camera,
        colors=tuple(
            (noun, tuple(c.name for c in colors)) for noun, colors in subject.colors.items()
        ),
        props=tuple(dict.fromkeys(subject.props)),
        words=copy,
        language=english.language,
        missed=tuple(missed),
    )


def _wall(asked: str | None, copy: tuple[Copy, ...], take: int) -> str | None:
    """Return the requested wall, deep enough for pale text if copy lies on it."""
    if not asked:
        return None
    under_copy = any(c.role in _OVER for c in copy)
    return in_take(deepen_for_text(asked) if under_copy else asked, take)


def _ground(family: Family, light: Light, colors: Palette, *, is_warm: bool) -> str:
    """Return the default backdrop: the brand's colour for words alone, else one for the light."""
    if family is Family.WORDS and light in (Light.SOFT, Light.BRIGHT):
        return readable_wall(colors.main)
    return default_backdrop(light, colors, is_warm=is_warm)


def first_match(table: tuple[tuple[T, str], ...], text: str) -> T | None:
    """Return the first key of a table whose pattern the text contains."""
    return next((key for key, pattern in table if re.search(pattern, text)), None)


def _usual_glass(family: Family, low: str) -> Glass:
    if family is Family.JAR:
        return Glass.CLEAR if re.search(PRESERVES, low) else Glass.FROSTED
    if family is Family.BOTTLE and re.search(BREWED, low):
        return Glass.AMBER
    return {Family.DROPPER: Glass.AMBER, Family.WINE: Glass.GREEN}.get(family, Glass.CLEAR)


def _name(bare: str, english: EnglishText) -> str:
    """Return the capitalised name after the container; words in title case name nothing."""
    words = [w for w in bare.split() if w[0].isalpha()]
    capitals = sum(w[0].isupper() for w in words)
    if english.language != "en" or capitals > max(2, len(words) * _TITLE_CASE):
        return ""
    brand = _BRAND.search(bare) or _OF.search(bare)
    if brand is None:
        return ""
    name = brand.group(1)
    return "" if NOT_NAMES & set(name.lower().replace(".", "").split()) else name
