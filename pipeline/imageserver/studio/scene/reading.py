"""From prompt to scene: a deterministic grammar of keywords. No network, no weights, no clock."""

import hashlib
import re
from typing import TypeVar

from pipeline.imageserver.painting.painter import PaintOrder
from pipeline.imageserver.studio.scene.coloring import (
    asked_backdrop,
    default_backdrop,
    painted,
    palette,
    richer,
    steady,
    worn,
)
from pipeline.imageserver.studio.scene.icons import find_icon, icon, spoken
from pipeline.imageserver.studio.scene.quotes import QuotedText, assigned, quotes
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
    NOT_A_NAME,
    POSTERS,
    PRESERVES,
    PROPS,
    REFINED,
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
"""Copy that lies on the wall itself."""
_NAME_WORDS = 2

T = TypeVar("T")


def seed_of(order: PaintOrder) -> int:
    """The scene's seed: words, ratio, background, index and variation, but never the quality."""
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


def read(order: PaintOrder) -> Scene:
    """The scene that an order's words describe."""
    found, bare = quotes(order.prompt)
    low = _DENIED.sub(" ", bare.lower())
    seed = seed_of(order)
    family, glyph, phrase = subject(low, found)
    is_board = family is Family.BOARD
    poster = family in (Family.BOARD, Family.WORDS) or re.search(POSTERS, low) is not None
    layout = Layout.POSTER if poster else Layout.PHOTO
    asked = asked_backdrop(low)
    paint = worn(phrase)
    own = icon(glyph).tone if glyph else family.value
    colors = painted(paint, low) if paint else palette(low, asked, seed, own)
    light = first(LIGHTS, low) or Light.SOFT
    is_warm = re.search(WARM, low) is not None
    copy = assigned(found, layout, board=is_board)
    return Scene(
        family=family,
        glyph=glyph,
        tint=paint if glyph else "",
        name=_name(bare, low, has_copy=bool(copy), family=family),
        surface=first(SURFACES, low) or Surface.MATTE,
        light=light,
        warm=is_warm,
        glass=first(GLASSES, low) or _usual_glass(family, low),
        props=tuple(prop for prop, pattern in PROPS if re.search(pattern, low)),
        palette=colors,
        backdrop=_wall(asked, copy) or _ground(family, light, colors, is_warm=is_warm),
        copy=copy,
        layout=layout,
        style=first(STYLES, order.prompt.lower()) or Style.CLEAN,
        transparent=order.transparent,
        ratio=order.ratio,
        seed=seed,
        count=next((n for n, pattern in _COUNTS if re.search(pattern, low)), 1),
    )


def _wall(asked: str | None, copy: tuple[Copy, ...]) -> str | None:
    """The wall that was asked for, deep enough for pale type where copy lies over it."""
    return richer(asked) if asked and any(c.role in _OVER for c in copy) else asked


def _ground(family: Family, light: Light, colors: Palette, *, is_warm: bool) -> str:
    """Words alone stand on the brand's colour; a product on a ground for its light."""
    if family is Family.WORDS and light in (Light.SOFT, Light.BRIGHT):
        return steady(colors.main)
    return default_backdrop(light, colors, is_warm=is_warm)


def first(table: tuple[tuple[T, str], ...], text: str) -> T | None:
    """The first row of a table whose pattern the text has."""
    return next((key for key, pattern in table if re.search(pattern, text)), None)


def earliest(table: tuple[tuple[Family, str], ...], text: str) -> Family | None:
    """The family mentioned first: a subject is named before what surrounds it."""
    hits = [
        (hit.start(), order, family)
        for order, (family, pattern) in enumerate(table)
        if (hit := re.search(pattern, text))
    ]
    return min(hits)[2] if hits else None


def subject(low: str, found: list[QuotedText]) -> tuple[Family, str, str]:
    """The product's family, its icon where it has no family, and the phrase that names it.

    Phrases are looked at in turn; in each, a container tells more than its contents do.
    """
    phrases = _PHRASE.split(_SETTING.sub(" ", low))
    for phrase in phrases:
        if (family := _family(phrase)) is not None:
            return family, "", phrase
        if re.search(BOARDS, phrase):
            return Family.BOARD, "", phrase
        if glyph := find_icon(phrase):
            return Family.GLYPH, glyph, phrase
        if (family := earliest(CONTAINERS, spoken(phrase))) is not None:
            return family, "", phrase
    roles = {quote.role for quote in found}
    if len(found) >= _MANY_QUOTES or Role.MENU in roles:
        return Family.BOARD, "", ""
    wordy = re.search(POSTERS, low) and found
    return (Family.WORDS if wordy else Family.BOX), "", ""


def _family(phrase: str) -> Family | None:
    container = earliest(CONTAINERS, phrase)
    if container is None:
        return earliest(CONTENTS, phrase)
    for finer in REFINED.get(container, ()):
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
    """A brand in capitals after the container; without any copy, the words for the product."""
    if brand := _BRAND.search(bare) or _OF.search(bare):
        return brand.group(1)
    if has_copy or family in (Family.GLYPH, Family.BOARD):
        return ""
    named = _SUBJECT.search(low)
    words = [w for w in (named.group(1) if named else "").split() if w not in NOT_A_NAME]
    return " ".join(words[-_NAME_WORDS:]).title()
