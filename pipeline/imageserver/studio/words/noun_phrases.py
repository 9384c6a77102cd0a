"""Noun phrases: the pieces of a prompt between prepositions, with their heads and colours."""

import re
from dataclasses import dataclass, field

from pipeline.imageserver.studio.scene.icons import named_icon
from pipeline.imageserver.studio.words import lexicon
from pipeline.imageserver.studio.words.color_words import NamedColor, color_at, is_color

_JOINT = re.compile(
    r"(?:\s|^)(next to|close to|in front of|on top of|surrounded by|made of|topped with|"
    r"filled with|covered in|leaning on|of|with|on|in|at|for|from|by|beside|against|under|over|"
    r"above|below|beneath|and|or|plus|behind|featuring|showing|holding|inside|into|onto|near|"
    r"among|amongst|amid|around|between|without|to|as|like|through|across|via|than|that|which|who|"
    r"while|where|nobody|is|are)(?=\s|$)|([.,:;()!?\n¶&—–]+)"
)
_BEFORE_OF = frozenset(("with", "on", "in", "beside", "next to", "among", "against"))
"""Joints after which "of" is a mere article, as in French: "avec des fraises"."""
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_NUMBER = re.compile(r"\d{1,2}")
_LONGEST = 3
_ONE = frozenset(("a", "an", "one"))
"""Words after which a noun is no plural: "a thermos"."""
_PARTICIPLE = re.compile(r"(?:ing|ed|ly)$")


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of a phrase: its name in the singular, and its place among the words."""

    name: str
    start: int
    end: int
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """One piece of a prompt: the joint before it, its head, its other nouns, colours, count."""

    joint: str
    words: tuple[str, ...]
    head: Noun | None = None
    known: bool = False
    """True if the head is a noun that the painter knows."""
    others: tuple[Noun, ...] = ()
    colors: tuple[NamedColor, ...] = ()
    count: int = 0
    """The number named in the phrase; 0 if none is."""
    icon: str = field(default="")
    """The icon of the head, if it is neither a container nor drawn by hand."""
    announces: bool = False
    """True if its words announce quoted copy."""

    @property
    def name(self) -> str:
        """The head's name; empty if there is none."""
        return self.head.name if self.head else ""


def phrases(text: str, *, noun_first: bool) -> list[Phrase]:
    """Return the phrases of a lower-case English text."""
    found: list[Phrase] = []
    joint, end = "", 0
    for hit in _JOINT.finditer(text):
        between = text[end : hit.start()]
        _add(found, joint, between, noun_first=noun_first)
        follows = hit.group(1) == "of" and joint in _BEFORE_OF and not _WORD.search(between)
        joint = joint if follows else hit.group(1) or hit.group(2).strip()[:1] or "."
        end = hit.end()
        if found and not _WORD.search(text[: hit.start()]):
            joint = ""
    _add(found, joint, text[end:], noun_first=noun_first)
    return found


def _add(found: list[Phrase], joint: str, text: str, *, noun_first: bool) -> None:
    if joint in ("that", "which", "who", "nobody", "while", "where", "without"):
        return
    words = tuple(w.replace("’", "'") for w in _WORD.findall(text))
    if words:
        found.append(_phrase(joint, words, noun_first=noun_first))
    elif joint == ":" and found:
        return


def singular(word: str) -> str:
    """Return the singular of an English noun."""
    if word in lexicon.SAME_IN_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties", "pies"
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    if word.endswith("oes"):
        return word[:-2] if word not in ("shoes", "toes") else word[:-1]
    if word.endswith("ves") and word[:-3] + "f" in ("leaf", "loaf", "knif", "shelf", "scarf"):
        return {"knif": "knife"}.get(word[:-3] + "f", word[:-3] + "f")
    return word.removesuffix("s")


def _known(name: str) -> bool:
    return any(
        name in table
        for table in (
            lexicon.CONTAINERS,
            lexicon.CONTENTS,
            lexicon.THINGS,
            lexicon.PARTS,
            lexicon.UNITS,
            lexicon.GENRES,
            lexicon.WALLS,
            lexicon.BAGGED,
            lexicon.SERVED,
            lexicon.UNDRAWN,
        )
    )


def _noun_at(words: tuple[str, ...], at: int) -> Noun | None:
    """Return the longest known noun that begins at a word."""
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        whole = words[at : at + length]
        last = singular(whole[-1])
        for form in (last, whole[-1], whole[-1].removesuffix("es")):
            name = " ".join((*whole[:-1], form))
            if _known(name) or (named_icon(name) and name not in lexicon.NO_ICONS):
                return Noun(name, at, at + length, plural=form != whole[-1])
    return None


def _phrase(joint: str, words: tuple[str, ...], *, noun_first: bool) -> Phrase:
    nouns: list[Noun] = []
    colors: list[NamedColor] = []
    unknown: list[int] = []
    count, at, announces = 0, 0, False
    listed = list(words)
    while at < len(words):
        word = words[at]
        color = color_at(listed, at, noun_first=noun_first)
        noun = _noun_at(words, at)
        if color and (longer := _longer_noun(words, at, color[1])):
            color, noun = None, longer
        opens = noun_first and not nouns and not colors
        if color and not (noun and (opens or _flavours(words, noun, color[1]))):
            colors.append(color[0])
            at += color[1]
        elif noun:
            nouns.append(noun)
            count = count or lexicon.COUNTS.get(noun.name, 0)
            at = noun.end
        else:
            count = count or (0 if at and word.isdigit() else _count(word))
            announces = announces or word in lexicon.ROLE_WORDS
            if not _describes(word):
                unknown.append(at)
            at += 1
    return _with_head(
        Phrase(joint, words, colors=tuple(colors), count=count, announces=announces),
        nouns,
        unknown,
        noun_first=noun_first,
    )


def _longer_noun(words: tuple[str, ...], at: int, color_words: int) -> Noun | None:
    """Return a noun that begins within a colour's words and ends behind them: "chocolate bar"."""
    end = at + color_words
    found = (_noun_at(words, start) for start in range(at, end))
    return next((noun for noun in found if noun and noun.end > end), None)


def _count(word: str) -> int:
    if _NUMBER.fullmatch(word):
        return int(word)
    return lexicon.COUNTS.get(word, 0)


def _flavours(words: tuple[str, ...], noun: Noun, color_words: int) -> bool:
    """Return whether a colour's word is here a noun or names the flavour of what follows it."""
    if noun.end - noun.start > color_words:
        return True
    after = _noun_at(words, noun.end) if noun.end < len(words) else None
    if after is None:
        return False
    holds = after.name in lexicon.CONTAINERS and noun.name in lexicon.CONTENTS
    return holds or (after.name in lexicon.CONTENTS and after.name not in lexicon.UNFLAVOURED)


def _describes(word: str) -> bool:
    if word in lexicon.ADJECTIVES or word in lexicon.ROLE_WORDS or word in lexicon.SCENERY:
        return True
    if word in lexicon.COUNTS or any(c.isdigit() for c in word) or is_color(word):
        return True
    return word not in lexicon.NOT_PARTICIPLES and _PARTICIPLE.search(word) is not None


def _with_head(
    phrase: Phrase, nouns: list[Noun], unknown: list[int], *, noun_first: bool
) -> Phrase:
    """Return the phrase with its head: the last noun, or the first where nouns come first."""
    words = phrase.words
    head: Noun | None
    if nouns and nouns[-1].name in lexicon.UNDRAWN:
        return _replaced(phrase, nouns[-1], ())
    if noun_first:
        first_unknown = unknown[0] if unknown else len(words)
        head = nouns[0] if nouns and nouns[0].start <= first_unknown else None
        if head is None and unknown:
            return _replaced(phrase, Noun(words[unknown[0]], unknown[0], unknown[0] + 1), ())
    else:
        last_unknown = unknown[-1] if unknown else -1
        head = nouns[-1] if nouns and nouns[-1].end > last_unknown else None
        if head is None and unknown:
            last = _with_furniture(words, last_unknown)
            return _replaced(phrase, _compound(words, last, unknown, nouns), tuple(nouns))
        if head is None and _names_furniture(words):
            return _replaced(phrase, Noun(" ".join(words[-2:]), len(words) - 2, len(words)), ())
    if head is None:
        return phrase
    others = tuple(n for n in nouns if n is not head)
    return _replaced(phrase, head, others, known=True)


def _replaced(
    phrase: Phrase, head: Noun, others: tuple[Noun, ...], *, known: bool = False
) -> Phrase:
    is_thing = not any(
        head.name in table
        for table in (lexicon.CONTAINERS, lexicon.CONTENTS, lexicon.THINGS, lexicon.BAGGED)
    )
    return Phrase(
        phrase.joint,
        phrase.words,
        head=head,
        known=known,
        others=others,
        colors=phrase.colors,
        count=phrase.count,
        icon=named_icon(head.name) if known and is_thing else "",
        announces=phrase.announces,
    )


def _compound(words: tuple[str, ...], last: int, unknown: list[int], nouns: list[Noun]) -> Noun:
    """Return an unknown noun with the words that belong to its name: "washing machine"."""
    start = last
    while start > 0:
        before = words[start - 1]
        in_noun = any(n.start <= start - 1 < n.end for n in nouns)
        gerund = before.endswith("ing") and start == last
        if not (start - 1 in unknown or in_noun or gerund) or is_color(before):
            break
        start -= 1
    single = not _ONE.isdisjoint(words[:start])
    name = " ".join(
        (*words[max(start, last - 2) : last], words[last] if single else singular(words[last]))
    )
    return Noun(name, start, last + 1, plural=singular(words[last]) != words[last])


def _names_furniture(words: tuple[str, ...]) -> bool:
    """Return whether a phrase ends in a thing named for its use: "ironing board"."""
    return len(words) > 1 and words[-1] in lexicon.FURNITURE and words[-2].endswith("ing")


def _with_furniture(words: tuple[str, ...], last: int) -> int:
    """Return the place of a compound's head: "board" in "chess board", else the unknown noun."""
    after = last + 1
    ends = after == len(words) - 1 and singular(words[after]) in lexicon.FURNITURE
    return after if ends else last
