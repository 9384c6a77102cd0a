"""Reading the phrases of a prompt in turn: subject, contents, parts, companions, colours."""

from dataclasses import dataclass, field

from pipeline.imageserver.studio.scene.scene import Camera, Family
from pipeline.imageserver.studio.words import lexicon
from pipeline.imageserver.studio.words.color_words import NamedColor
from pipeline.imageserver.studio.words.noun_phrases import Phrase

WALL = "wall"
_BESIDE = frozenset(
    (
        *("beside", "next to", "near", "among", "amongst", "amid", "around", "between"),
        *("surrounded by", "leaning on"),
    )
)
_COMPANIONS = _BESIDE | {"with"}
_MARKS = frozenset(("", ",", ".", ":", ";", "¶", "(", ")", "!", "?", "—", "–"))
_MAIN = _MARKS | {"featuring", "showing"}
_GROUND = frozenset(
    ("on", "against", "over", "above", "under", "at", "in front of", "on top of", "behind", "from")
)
_AND = frozenset(("and", "or", "plus", "&"))
_TONES = ("shade",)
"""Parts of lamps that mean a colour after "in": "in a deep red shade"."""
_ARTICLES = frozenset(("a", "an", "the", "two", "three"))
_ELLIPSIS = frozenset(("one", "other", "another"))
_DRINKS = (Family.WINE, Family.BOTTLE, Family.CAN)
_KINDS_BY_COLOR = ("wine", "tea")
"""Contents whose colour is their kind: red wine, green tea."""


@dataclass(slots=True)
class Subject:
    """What a prompt is about, in English words."""

    text: str = ""
    """The whole text, in English."""
    noun: str = ""
    contents: str = ""
    family: Family | None = None
    icon: str = ""
    unknown: str = ""
    """The noun of a subject that the painter does not know."""
    count: int = 0
    camera: Camera = Camera.EYE_LEVEL
    colors: dict[str, list[NamedColor]] = field(default_factory=dict)
    """Colours by noun: the subject's own, its parts', its companions' and the wall's."""
    parts: set[str] = field(default_factory=set)
    props: list[str] = field(default_factory=list)
    plural: bool = False
    described: str = ""
    """The words of its own phrase, whose materials are the subject's and not the setting's."""
    gathered_by: str = ""
    """The unit that counts it: "scoop" in "three scoops of ice cream"."""

    @property
    def own_colors(self) -> list[NamedColor]:
        """The colours of the subject itself."""
        return self.colors.get(self.noun, [])

    def color_of(self, *parts: str) -> NamedColor | None:
        """Return the colour of the first of these parts that has one."""
        return next((self.colors[p][0] for p in parts if self.colors.get(p)), None)


class SubjectReader:
    """Reads the phrases of one prompt in turn."""

    def __init__(self, subject: Subject, found: list[Phrase], *, noun_first: bool) -> None:
        self._subject = subject
        self._phrases = found
        self._noun_first = noun_first
        self._last = ""
        """The noun that a following colour belongs to."""
        self._pending: list[NamedColor] = []
        """Colours before their noun, as in "white, grey and navy shirts"."""
        self._weak = ""
        """An unknown noun that a poster is for, taken if nothing better follows."""
        self._place = ""
        """A piece of furniture or a place, which is the subject if nothing else is named."""
        self._joint = ""
        self._genre = self._announced = False

    def read(self) -> None:
        """Fill in the subject."""
        for phrase in self._phrases:
            if phrase.joint not in _AND:
                self._joint = phrase.joint
            self._take(phrase)
            self._announced = phrase.announces
        subject = self._subject
        subject.unknown = subject.unknown or ("" if subject.noun else self._weak or self._place)
        subject.noun = subject.noun or subject.unknown
        if self._pending and subject.noun and not subject.own_colors:
            self._add_colors(subject.noun, self._pending)

    def _add_colors(self, noun: str, colors: list[NamedColor]) -> None:
        if noun and colors:
            self._subject.colors.setdefault(noun, []).extend(colors)

    def _take(self, phrase: Phrase) -> None:
        name, colors = phrase.name, list(phrase.colors)
        gathers = phrase.head is None or name in lexicon.UNITS
        flavour = next((c.name for c in colors if c.name in lexicon.FLAVOURS), "")
        if _names_wall(phrase):
            self._last = WALL
            self._add_colors(WALL, colors[:1])
        elif gathers and flavour and self._subject.noun and self._goes_with():
            self._subject.props.append(flavour)
            self._last = flavour
        elif phrase.head is None:
            self._take_colors(phrase, colors)
        elif name in lexicon.GENRES:
            self._genre, self._last = True, ""
        elif self._joint == "of" and self._take_contents(phrase, colors):
            pass
        elif name in _TONES and self._joint == "in" and colors and self._subject.noun:
            self._add_colors(self._subject.noun, colors)
        elif self._subject.noun and name in lexicon.PARTS and self._joint != "of":
            self._take_part(lexicon.PARTS[name], colors)
        elif self._opens(phrase):
            self._take_subject(phrase, colors)
        elif self._subject.noun and self._joint == "in" and name in lexicon.VESSELS:
            self._take_vessel(phrase, colors)
        else:
            self._take_companion(phrase, colors)

    def _goes_with(self) -> bool:
        """Return whether a phrase names something beside the subject."""
        of_another = self._joint == "of" and self._last not in ("", self._subject.noun)
        return self._joint in _COMPANIONS or of_another

    def _take_colors(self, phrase: Phrase, colors: list[NamedColor]) -> None:
        """Take a phrase of colours alone: "in black", "one gold", "on pale blue"."""
        subject, joint = self._subject, self._joint
        if joint in _MAIN or joint == "of":
            place = next((w for w in reversed(phrase.words) if w in lexicon.PLACES), "")
            self._place = self._place or place
        if phrase.announces:
            self._last = ""
        elif not colors:
            if phrase.count and (not subject.noun or self._last == subject.noun):
                subject.count = subject.count or phrase.count
        elif joint in ("in", "of") and self._last:
            self._add_colors(self._last, colors)
        elif set(phrase.words) & _ELLIPSIS and subject.noun:
            self._add_colors(subject.noun, colors)
        elif not set(phrase.words) & lexicon.SCENERY:
            self._take_loose_colors(colors)

    def _take_loose_colors(self, colors: list[NamedColor]) -> None:
        subject, joint = self._subject, self._joint
        if not subject.noun:
            if joint in _MAIN | {"of", "with"}:
                self._pending += colors
        elif joint in _GROUND:
            self._add_colors(WALL, colors[:1])
        elif joint in _MAIN and not subject.own_colors:
            self._add_colors(subject.noun, colors)

    def _take_contents(self, phrase: Phrase, colors: list[NamedColor]) -> bool:
        """Take what follows "of"; returns False if it is a noun of its own."""
        subject, name = self._subject, phrase.name
        if not subject.noun or self._last not in (subject.noun, ""):
            return False
        if phrase.joint in _AND and subject.contents:  # "a glass of juice and a croissant"
            self._joint = "with"
            return False
        if subject.noun == "glasses" and name in lexicon.CONTENTS:
            subject.noun, subject.icon = "glass", ""
            subject.colors.pop("glasses", None)
        if subject.noun in lexicon.UNITS | lexicon.SERVED:
            count, had = subject.count, subject.colors.pop(subject.noun, [])
            subject.gathered_by, subject.noun = subject.noun, ""
            self._pending += had
            self._set_subject(phrase, colors)
            subject.count = count or subject.count
            return True
        if subject.noun in lexicon.CONTAINERS or subject.noun in lexicon.BAGGED:
            self._set_contents(name)
            if name in _KINDS_BY_COLOR and colors:
                subject.contents = f"{colors[0].name} {name}"
            else:
                self._add_colors(subject.noun if self._noun_first else name, colors)
            return True
        if subject.family is not None or subject.icon or subject.unknown:
            self._add_colors(subject.noun, colors)
            return True
        return False

    def _set_contents(self, name: str) -> None:
        subject = self._subject
        subject.contents = name
        if subject.noun in lexicon.BAGGED:
            subject.family = Family.POUCH
            return
        container = lexicon.CONTAINERS[subject.noun]
        inside = lexicon.CONTENTS.get(name) or lexicon.THINGS.get(name)
        finer = inside in lexicon.FINER.get(container, ())
        subject.family = inside if finer else container

    def _take_part(self, part: str, colors: list[NamedColor]) -> None:
        self._subject.parts.add(part)
        self._last = part
        self._add_colors(part, colors)

    def _opens(self, phrase: Phrase) -> bool:
        """Return whether a phrase may name the subject."""
        subject = self._subject
        gathers = subject.noun in lexicon.UNITS | lexicon.SERVED and subject.family is None
        if subject.noun and not (gathers and phrase.known and self._joint in _MAIN):
            return False
        if not phrase.known and set(phrase.words) & lexicon.ROLE_WORDS:
            return False
        drawn = phrase.name in lexicon.THINGS or phrase.name in lexicon.CONTAINERS
        shown_on = self._joint == "on" and (self._genre or self._announced) and drawn
        return shown_on or self._joint in _MAIN or self._joint in ("of", "with", "for", "in")

    def _take_subject(self, phrase: Phrase, colors: list[NamedColor]) -> None:
        name = phrase.name
        if phrase.known:
            self._set_subject(phrase, colors)
        elif self._joint in ("for", "of", "in") and self._genre:
            self._weak = self._weak or name
        elif _is_subject(name) and not self._subject.unknown:
            self._set_subject(phrase, colors)

    def _take_vessel(self, phrase: Phrase, colors: list[NamedColor]) -> None:
        """Take what the subject stands in; "in smoky glass" is a material."""
        subject, name = self._subject, phrase.name
        if name == "glass" and not set(phrase.words) & _ARTICLES:
            self._add_colors(subject.noun, colors)
            return
        if subject.noun in lexicon.CONTENTS and name in lexicon.CONTAINERS and not subject.contents:
            own = subject.colors.pop(subject.noun, [])
            contents = subject.noun
            self._set_held_by(name)
            self._add_colors(contents, own)
            self._add_colors(name, colors)
            return
        self._take_part(name, colors)

    def _take_companion(self, phrase: Phrase, colors: list[NamedColor]) -> None:
        """Take what goes with the subject."""
        subject, name = self._subject, phrase.name
        gathered = self._last in lexicon.UNITS
        filled = self._joint == "of" and self._last in lexicon.CONTAINERS
        if filled and self._last in subject.props and name in lexicon.CONTENTS:
            subject.props[subject.props.index(self._last)] = f"{self._last} of {name}"
            self._last = name
            return
        self._last = name
        if not subject.noun or name in lexicon.UNITS:
            return
        if name == "glasses" and subject.family in _DRINKS:
            self._last = name = "wine glass" if subject.family is Family.WINE else "glass"
        beside = self._joint in _COMPANIONS or (self._joint == "of" and gathered)
        if phrase.known:
            shown = beside or self._joint in _MAIN
        else:
            words = set(phrase.words)
            plain = not words & (lexicon.ROLE_WORDS | lexicon.SCENERY)
            plural = phrase.head is not None and phrase.head.plural
            listed = beside or gathered or phrase.joint == "and" or (plural and phrase.joint == ",")
            shown = listed and _is_subject(name) and plain
        if name == subject.noun:
            subject.count = subject.count or phrase.count
            self._gather_by(phrase)
        if shown and name != subject.noun:
            subject.props.append(name)
        if (phrase.known or shown) and name != subject.noun:
            self._add_colors(name, colors)

    def _set_subject(self, phrase: Phrase, colors: list[NamedColor]) -> None:
        subject, name = self._subject, phrase.name
        subject.noun = self._last = name
        subject.described = " ".join(phrase.words)
        subject.plural = phrase.head.plural if phrase.head else False
        subject.count = subject.count or phrase.count
        self._add_colors(name, [*self._pending, *colors])
        self._pending = []
        listed = len(subject.own_colors)
        if listed > 1 and subject.plural and not subject.count:
            subject.count = listed
        self._gather_by(phrase)
        if phrase.known:
            self._set_kind(phrase)
        else:
            subject.unknown = name

    def _gather_by(self, phrase: Phrase) -> None:
        """Remember the unit in a phrase like "three scoops ice cream", without an "of"."""
        unit = next((n.name for n in phrase.others if n.name in lexicon.UNITS), "")
        self._subject.gathered_by = self._subject.gathered_by or unit

    def _set_kind(self, phrase: Phrase) -> None:
        """Set what is to be drawn for a known noun, with the other nouns of its phrase."""
        subject, name = self._subject, phrase.name
        others = [n.name for n in reversed(phrase.others)]
        inside = next((n for n in others if n in lexicon.CONTENTS), "")
        if name in lexicon.BAGGED:
            subject.family = Family.HANDBAG
            if inside:
                self._set_contents(inside)
        elif name in lexicon.CONTAINERS:
            subject.family = lexicon.CONTAINERS[name]
            if inside := inside or next((n for n in others if n in lexicon.THINGS), ""):
                self._set_contents(inside)
        elif name in lexicon.CONTENTS:
            subject.family = lexicon.CONTENTS[name]
            self._set_held_by(next((n for n in others if n in lexicon.CONTAINERS), ""))
        elif name in lexicon.THINGS:
            subject.family = lexicon.THINGS[name]
        else:
            subject.icon = phrase.icon
            subject.family = lexicon.THINGS.get(phrase.icon.replace("-", " "))
            subject.unknown = "" if phrase.icon or name in lexicon.UNITS | lexicon.SERVED else name

    def _set_held_by(self, vessel: str) -> None:
        """Make the container the subject where it is named in the contents' phrase."""
        if not vessel:
            return
        subject = self._subject
        contents, subject.noun, self._last = subject.noun, vessel, vessel
        if colors := subject.colors.pop(contents, []):
            subject.colors[vessel] = colors
        self._set_contents(contents)


def _names_wall(phrase: Phrase) -> bool:
    if phrase.name in lexicon.WALLS:
        return True
    return not phrase.known and bool(set(phrase.words) & lexicon.WALLS)


def _is_subject(name: str) -> bool:
    if name in lexicon.UNDRAWN:
        return True
    last = name.rsplit(maxsplit=1)[-1]
    if last in lexicon.FURNITURE and last != name:
        return True
    return last not in lexicon.SCENERY and last not in lexicon.ROLE_WORDS and len(last) > 1
