"""Quoted text in a prompt: it is copy, and the words around it name its role."""

import re
from dataclasses import dataclass
from unicodedata import category

from pipeline.imageserver.studio.scene.scene import Copy, Layout, Role
from pipeline.imageserver.studio.scene.vocabulary import ROLES
from pipeline.imageserver.studio.words.languages import in_english, translated

QUOTED = re.compile(
    r'"([^"\n]{1,4000})"|“([^”]{1,4000})”|„([^“”]{1,4000})[“”]|«([^»]{1,4000})»|「([^」]{1,1000})」'
    r"|『([^』]{1,1000})』|\u2018([^\u2019\n]{2,200})\u2019|(?<!\w)'([^'\n]{2,200})'(?!\w)"
)
_SIGNS = "".join(one for one in map(chr, range(0x24, 0xFFE7)) if category(one) == "Sc")
_MONEY = (
    rf"R\$|[{re.escape(_SIGNS)}]|USD|EUR|GBP|CHF|PLN|SEK|NOK|DKK|CZK|HUF|RON|TRY|JPY|CNY|INR|AUD|"
    r"CAD|zł|kr|Kč|Ft|lei|лв|руб|円|元|원"  # noqa: RUF001
)
PRICE = re.compile(
    rf"\s*(?:from |ab |only |now |dès |desde |a )?(?:{_MONEY})?\s?\d(?:[\d.,’']|\s(?=\d))*[-–]?"
    rf"\s?(?:{_MONEY})?\s*",
    re.IGNORECASE,
)
_INVISIBLE = frozenset("\u00ad\u200b\u2060\ufeff")
_BEFORE, _AFTER = 60, 30
_ANY_CLOSE = re.compile(r"[\"“”»」』]")
_ANY_OPEN = re.compile(r"[\"“„«「『]")
_LABEL_AFTER = re.compile(
    r"\s*(?:is )?(?:written |printed )?(?:on|across|as)\s+(?:the|its|a)?\s*(?:front\s)?"
    r"(?:label|logo|bottle|can|jar|box|tube|pouch|bag|mug|cup|cover)"
)


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A quoted text, and its role if the words around it name one."""

    text: str
    role: Role | None
    by_author: bool = False
    """True if it is announced as an author's name."""


def find_quotes(prompt: str) -> tuple[list[QuotedText], str]:
    """Return all quoted texts in order, and the prompt with the mark ¶ in the place of each."""
    matches = list(QUOTED.finditer(prompt))
    language = in_english(without_quotes(prompt)).language
    found: list[QuotedText] = []
    for match in matches:
        text = " ".join(visible(next(g for g in match.groups() if g)).split())
        if text:
            before = found[-1].role if found else None
            role = _role(prompt, match, text, (language, before))
            found.append(QuotedText(text, role, by_author=_names_author(prompt, match)))
    return found, without_quotes(prompt)


def without_quotes(prompt: str) -> str:
    """Return the prompt with the mark ¶ in the place of each quoted text."""
    return QUOTED.sub(" ¶ ", prompt)


def visible(text: str) -> str:
    """Return the text without invisible characters: controls, soft hyphens, lone surrogates."""
    return "".join(
        c for c in text if c.isspace() or (c not in _INVISIBLE and category(c) not in ("Cc", "Cs"))
    )


def _role(
    prompt: str, match: re.Match[str], text: str, known: tuple[str, Role | None]
) -> Role | None:
    """Return the role that the words round a quote name; those of a list share their role."""
    language, previous = known
    raw = _ANY_CLOSE.split(prompt[max(0, match.start() - _BEFORE) : match.start()])[-1]
    before = translated(raw, language)
    after = translated(_ANY_OPEN.split(prompt[match.end() : match.end() + _AFTER])[0], language)
    if PRICE.fullmatch(text):
        return Role.PRICE
    hits = [
        (hit.end(), -order, role)
        for order, (role, pattern) in enumerate(ROLES)
        for hit in re.finditer(pattern, before)
    ]
    if _LABEL_AFTER.match(after) and not any(before[end:].strip() == "" for end, _, _ in hits):
        return Role.LABEL
    if hits:
        return max(hits)[2]
    listed = previous in (Role.LABEL, Role.MENU) and _LIST.fullmatch(before)
    return previous if listed else None


def _names_author(prompt: str, match: re.Match[str]) -> bool:
    before = _ANY_CLOSE.split(prompt[max(0, match.start() - _BEFORE) : match.start()])[-1]
    return re.search(r"\b(?:author|by)\b", before.lower()) is not None


_LIST = re.compile(r"[\s,;&/]*(?:and|or|plus)?\s*")
"""What stands between the quotes of one list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyPlaces:
    """The places that a scene has for copy."""

    layout: Layout
    board: bool = False
    """True if all copy is written on a board."""
    labels: int = 0
    """Number of texts that its products have room for."""


def assign_roles(found: list[QuotedText], places: CopyPlaces) -> tuple[Copy, ...]:
    """Give every quote its named role, or else the first role that is free."""
    taken: set[Role | None] = {q.role for q in found}
    copy: list[Copy] = []
    overlay = (Role.HEADLINE, Role.SUB, Role.CTA)
    for quote in found:
        after_overlay = bool(copy) and copy[-1].role in overlay and not places.board
        role = quote.role or (Role.SUB if after_overlay else _free(taken, places))
        if role is Role.MENU and not places.board:
            role = Role.SUB if Role.HEADLINE in taken else Role.HEADLINE
        taken.add(role)
        copy.append(Copy(text=quote.text, role=role))
    return _with_places(copy, places)


def _with_places(copy: list[Copy], places: CopyPlaces) -> tuple[Copy, ...]:
    """Return the copy, with a caption for every label that no product has room for."""
    labels = ctas = 0
    done: list[Copy] = []
    for one in copy:
        role = one.role
        labels += role is Role.LABEL
        ctas += role is Role.CTA
        if places.board:
            extra = role is Role.CAPTION or (role is Role.CTA and ctas > 1)
            role = Role.SUB if extra else role
        elif role is Role.LABEL and labels > places.labels:
            role = Role.CAPTION
        done.append(Copy(text=one.text, role=role))
    return tuple(done)


def _free(taken: set[Role | None], places: CopyPlaces) -> Role:
    if places.board and Role.MENU in taken:
        return Role.MENU
    if Role.HEADLINE not in taken and (places.layout is Layout.POSTER or places.board):
        return Role.HEADLINE
    if places.board:
        return Role.MENU
    if Role.LABEL not in taken and places.layout is Layout.PHOTO:
        return Role.LABEL if places.labels else Role.HEADLINE
    return Role.SUB
