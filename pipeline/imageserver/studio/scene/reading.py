"""Reading a prompt into a scene, by a deterministic grammar of keywords."""

import hashlib
import re
from typing import TypeVar

from pipeline.imageserver.painting.painter import PaintOrder
from pipeline.imageserver.studio.scene.coloring import (
    asked_backdrop,
    deepen_for_text,
    default_backdrop,
    palette,
    palette_of,
    product_color,
    readable_wall,
)
from pipeline.imageserver.studio.scene.icons import emoji_names, find_icon, icon
from pipeline.imageserver.studio.scene.quotes import QuotedText, assign_roles, find_quotes
from pipeline.imageserver.studio.scene.scene import (
    Copy,
    Family,
    Glass,
    Layout,
    Light,
    Palette,
    Role,
    Scene,
    Style,
    Surface,
)
from pipeline.imageserver.studio.scene.vocabulary import (
    BOARDS,
    BREWED,
    CONTAINERS,
    CONTENTS,
    GLASSES,
    LIGHTS,
    MORE_SPECIFIC,
    NOT_A_NAME,
    POSTERS,
    PRESERVES,
    PROPS,
    STYLES,
    SURFACES,
    WARM,
)

_DENIED = re.compile(r"\b(?:no|without|not)\s+(?:any\s+)?[a-z-]+(?:\s+or\s+[a-z-]+)?")
_PHRASE = re.compile(
    r"[.,:;()\n]|(?<!bottle )(?<!bottles )\bof\b|\b(?:on|with|in|at|for|from|by|beside|next to|"
    r"against|under|over|above|and|behind|featuring|showing|surrounded|inside|near)\b"
)
_SETTING = re.compile(r"[a-z-]+(?:[\s-]+[a-z]+)?[\s-]+(?:background|backdrop|wall|sky)\b")
_BRAND = re.compile(
    r"\b(?:bottles?|cans?|jars?|tubes?|box(?:es)?|pouch(?:es)?|bags?|cups?|mugs?|droppers?|candles?|"
    r"perfume|serum|tins?|packs?|dropper bottle|named|called|brand)\s+(?:of\s+|for\s+)?(?:the\s+)?"
    r"((?:[A-Z][\w&'’-]*|No\.\s?\d+)(?:\s+(?:[A-Z0-9][\w&'’-]*|&|and(?=\s[A-Z]))){0,4})"
)
_OF = re.compile(r"\bof\s+((?:[A-Z][\w&'’-]*)(?:\s+(?:[A-Z0-9][\w&'’-]*|&|and(?=\s[A-Z]))){0,3})")
_SUBJECT = re.compile(
    r"(?:of|showing|featuring|for|with)\s+(?:an?|the)\s+([a-z\- ]{3,60}?)"
    r"(?=\s+(?:on|with|in|at|beside|next|against|under|standing|and|over|above|for|of|\.)|[,.;:]|$)"
)
_COUNTS = (
    (3, r"\b(?:three|trio of|3|set of three|range of|line-?up of)\s+(?:[a-z]+\s+){0,3}?\w+s\b"),
    (2, r"\b(?:two|pair of|2)\s+(?:[a-z]+\s+){0,3}?\w+s\b"),
)
_MANY_QUOTES = 7
_OVER = (Role.HEADLINE, Role.SUB)
"""Roles of copy that lies on the wall."""
_NAME_WORDS = 2

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


def read_prompt(order: PaintOrder) -> Scene:
    """Return the scene that an order's prompt describes."""
    found, bare = find_quotes(order.prompt)
    low = _DENIED.sub(" ", bare.lower())
    seed = seed_of(order)
    family, glyph, phrase = subject(low, found)
    is_board = family is Family.BOARD
    poster = family in (Family.BOARD, Family.WORDS) or re.search(POSTERS, low) is not None
    layout = Layout.POSTER if poster else Layout.PHOTO
    asked = asked_backdrop(low)
    color = product_color(phrase)
    own = icon(glyph).tone if glyph else family.value
    colors = palette_of(color, low) if color else palette(low, asked, seed, own)
    light = first_match(LIGHTS, low) or Light.SOFT
    is_warm = re.search(WARM, low) is not None
    copy = assign_roles(found, layout, board=is_board)
    return Scene(
        family=family,
        glyph=glyph,
        tint=color if glyph else "",
        name=_name(bare, low, has_copy=bool(copy), family=family),
        surface=first_match(SURFACES, low) or Surface.MATTE,
        light=light,
        warm=is_warm,
        glass=first_match(GLASSES, low) or _usual_glass(family, low),
        props=tuple(prop for prop, pattern in PROPS if re.search(pattern, low)),
        palette=colors,
        backdrop=_wall(asked, copy) or _ground(family, light, colors, is_warm=is_warm),
        copy=copy,
        layout=layout,
        style=first_match(STYLES, order.prompt.lower()) or Style.CLEAN,
        transparent=order.transparent,
        ratio=order.ratio,
        seed=seed,
        count=next((n for n, pattern in _COUNTS if re.search(pattern, low)), 1),
    )


def _wall(asked: str | None, copy: tuple[Copy, ...]) -> str | None:
    """Return the requested wall, deep enough for pale text if copy lies on it."""
    return deepen_for_text(asked) if asked and any(c.role in _OVER for c in copy) else asked


def _ground(family: Family, light: Light, colors: Palette, *, is_warm: bool) -> str:
    """Return the default backdrop: the brand's colour for words alone, else one for the light."""
    if family is Family.WORDS and light in (Light.SOFT, Light.BRIGHT):
        return readable_wall(colors.main)
    return default_backdrop(light, colors, is_warm=is_warm)


def first_match(table: tuple[tuple[T, str], ...], text: str) -> T | None:
    """Return the first key of a table whose pattern the text contains."""
    return next((key for key, pattern in table if re.search(pattern, text)), None)


def first_mentioned(table: tuple[tuple[Family, str], ...], text: str) -> Family | None:
    """Return the family mentioned first, since a subject is named before its surroundings."""
    hits = [
        (hit.start(), order, family)
        for order, (family, pattern) in enumerate(table)
        if (hit := re.search(pattern, text))
    ]
    return min(hits)[2] if hits else None


def subject(low: str, found: list[QuotedText]) -> tuple[Family, str, str]:
    """Return the product's family, its icon if it has no family, and the phrase that names it.

    Phrases are read in turn; in each, a container counts more than its contents.
    """
    phrases = _PHRASE.split(_SETTING.sub(" ", low))
    for phrase in phrases:
        if (family := _family(phrase)) is not None:
            return family, "", phrase
        if re.search(BOARDS, phrase):
            return Family.BOARD, "", phrase
        if glyph := find_icon(phrase):
            return Family.GLYPH, glyph, phrase
        if (family := first_mentioned(CONTAINERS, emoji_names(phrase))) is not None:
            return family, "", phrase
    roles = {quote.role for quote in found}
    if len(found) >= _MANY_QUOTES or Role.MENU in roles:
        return Family.BOARD, "", ""
    wordy = re.search(POSTERS, low) and found
    return (Family.WORDS if wordy else Family.BOX), "", ""


def _family(phrase: str) -> Family | None:
    container = first_mentioned(CONTAINERS, phrase)
    if container is None:
        return first_mentioned(CONTENTS, phrase)
    for finer in MORE_SPECIFIC.get(container, ()):
        tables = (*CONTAINERS, *CONTENTS)
        if any(re.search(p, phrase) for family, p in tables if family is finer):
            return finer
    return container


def _usual_glass(family: Family, low: str) -> Glass:
    if family is Family.JAR:
        return Glass.CLEAR if re.search(PRESERVES, low) else Glass.FROSTED
    if family is Family.BOTTLE and re.search(BREWED, low):
        return Glass.AMBER
    return {Family.DROPPER: Glass.AMBER, Family.WINE: Glass.GREEN}.get(family, Glass.CLEAR)


def _name(bare: str, low: str, *, has_copy: bool, family: Family) -> str:
    """Return the brand after the container, or without any copy the words for the product."""
    if brand := _BRAND.search(bare) or _OF.search(bare):
        return brand.group(1)
    if has_copy or family in (Family.GLYPH, Family.BOARD):
        return ""
    named = _SUBJECT.search(low)
    words = [w for w in (named.group(1) if named else "").split() if w not in NOT_A_NAME]
    return " ".join(words[-_NAME_WORDS:]).title()
