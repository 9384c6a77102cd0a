"""Quoted text in a prompt: it is copy, and the words around it name its role."""

import re
from dataclasses import dataclass
from unicodedata import category

from pipeline.imageserver.studio.scene.scene import Copy, Layout, Role
from pipeline.imageserver.studio.scene.vocabulary import ROLES

QUOTED = re.compile(
    r'"([^"\n]{1,4000})"|“([^”]{1,4000})”|„([^“”]{1,4000})[“”]|«([^»]{1,4000})»|「([^」]{1,1000})」'
    r"|『([^』]{1,1000})』|\u2018([^\u2019\n]{2,200})\u2019|(?<!\w)'([^'\n]{2,200})'(?!\w)"
)
PRICE = re.compile(
    r"\s*(?:from |ab |only |now )?(?:[$€£¥₹]|USD|EUR)?\s?\d[\d.,]*\s?(?:[$€£¥₹]|USD|EUR)?\s*",
    re.IGNORECASE,
)
_INVISIBLE = frozenset("\u00ad\u200b\u2060\ufeff")
_BEFORE, _AFTER = 60, 30
_ANY_CLOSE = re.compile(r"[\"“”»」』]")
_ANY_OPEN = re.compile(r"[\"“„«「『]")
_LABEL_AFTER = re.compile(
    r"\s*(?:on|printed on|across)?\s*(?:the|its)?\s*(?:front\s)?(?:label|logo)"
)


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A quoted text, and its role if the words around it name one."""

    text: str
    role: Role | None


def find_quotes(prompt: str) -> tuple[list[QuotedText], str]:
    """Return all quoted texts in order, and the prompt without them."""
    found: list[QuotedText] = []
    bare: list[str] = []
    end = 0
    for match in QUOTED.finditer(prompt):
        text = " ".join(visible(next(g for g in match.groups() if g)).split())
        bare.append(prompt[end : match.start()])
        end = match.end()
        if text:
            found.append(QuotedText(text, _role(prompt, match, text)))
    bare.append(prompt[end:])
    return found, " ".join(bare)


def visible(text: str) -> str:
    """Return the text without invisible characters: controls, soft hyphens, lone surrogates."""
    return "".join(
        c for c in text if c.isspace() or (c not in _INVISIBLE and category(c) not in ("Cc", "Cs"))
    )


def _role(prompt: str, match: re.Match[str], text: str) -> Role | None:
    before = _ANY_CLOSE.split(prompt[max(0, match.start() - _BEFORE) : match.start()].lower())[-1]
    after = _ANY_OPEN.split(prompt[match.end() : match.end() + _AFTER].lower())[0]
    if PRICE.fullmatch(text):
        return Role.PRICE
    if _LABEL_AFTER.match(after):
        return Role.LABEL
    hits = [
        (hit.end(), -order, role)
        for order, (role, pattern) in enumerate(ROLES)
        for hit in re.finditer(pattern, before)
    ]
    return max(hits)[2] if hits else None


def assign_roles(found: list[QuotedText], layout: Layout, *, board: bool) -> tuple[Copy, ...]:
    """Give every quote its named role, or else the first role that is free."""
    taken: set[Role | None] = {q.role for q in found}
    copy: list[Copy] = []
    overlay = (Role.HEADLINE, Role.SUB, Role.CTA)
    for quote in found:
        after_overlay = bool(copy) and copy[-1].role in overlay and not board
        role = quote.role or (Role.SUB if after_overlay else _free(taken, layout, board=board))
        if role is Role.MENU and not board:
            role = Role.SUB if Role.HEADLINE in taken else Role.HEADLINE
        taken.add(role)
        copy.append(Copy(text=quote.text, role=role))
    return tuple(copy)


def _free(taken: set[Role | None], layout: Layout, *, board: bool) -> Role:
    if board and Role.MENU in taken:
        return Role.MENU
    if Role.HEADLINE not in taken and (layout is Layout.POSTER or board):
        return Role.HEADLINE
    if board:
        return Role.MENU
    if Role.LABEL not in taken and layout is Layout.PHOTO:
        return Role.LABEL
    return Role.SUB
