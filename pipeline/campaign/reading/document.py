"""Parsing a YAML text into located values.

Built from the events of PyYAML's C parser, never through its resolver or constructor: those turn
`16:9` into 969 and `no` into False. Every limit is checked on the event stream, before anything
is built.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import yaml

from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.reading.hints import DEEPEST, NESTED, explain_parser, quoted
from pipeline.campaign.reading.located import LocatedList, LocatedMap

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}|0", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", re.ASCII)

Scalar = str | bool | int | Decimal | None


def plain_scalar(text: str) -> Scalar:
    """Return the value of an unquoted word.

    This is YAML 1.2's core schema, with a stricter rule for numbers: a word that would be printed
    differently (`0012`, `1e3`, `0x1F`, `.5`, `+5`) stays text, like `1:1`, `no`, `on` and dates.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "-0123456789":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text) and str(Decimal(text)) == text:
            return Decimal(text)
    return text


MOST_VALUES = 250_000
"""Most values in one file, including those that aliases repeat."""

_CUT = re.compile(r"[ \t]+(#[^\s#].*)")
_COLOUR = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b", re.IGNORECASE)
_UNSEEN = re.compile("[\xa0\xad\u200b\u2060]")
_WRAPPED = re.compile("[\u201c\u201e\u2018\u201a].*[\u201c\u201d\u2019\u2018]", re.DOTALL)
_THOUSANDS = re.compile(r"[0-9]{3}", re.ASCII)
_ALONE = re.compile(r"\s*\}")
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_NO_KEY = object()
_BAD_KEY = object()
_NOWHERE = Place("")


def parse(text: str, *, file: str) -> tuple[object, Findings]:
    """Return the document in a YAML text, and the findings about it.

    Raises `CampaignError` with the findings so far if the rest of the text cannot be read.
    """
    findings = Findings()
    builder = _Builder(text, file, findings)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if not builder.accept(event):
                break
    except yaml.MarkedYAMLError as error:
        lines = text.splitlines()
        complaint, at = explain_parser(error, lines=lines, file=file)
        findings = findings.without_line(at)
        findings.error(complaint, at=at, code="yaml")
    except yaml.YAMLError as error:
        complaint = f"not readable as YAML: {str(error).splitlines()[0]}"
        findings.error(complaint, at=Place(file), code="yaml")
    if builder.broken or not builder.done:
        findings.raise_if_failed()
    return builder.root, findings


@dataclass(slots=True)
class _OpenCollection:
    """A mapping or list that is being filled."""

    value: LocatedMap | LocatedList
    place: Place
    start: int
    flow: bool
    anchor: str | None
    before: int
    """Number of values that had been counted when it opened."""
    key: object = _NO_KEY
    key_place: Place = _NOWHERE
    key_end: int = 0
    merges: list[tuple[object, Place]] = field(default_factory=list)
    alone: bool = False
    """True if it is one word in braces, which is no mapping."""


class _Builder:
    """Builds located values from YAML events."""

    def __init__(self, text: str, file: str, findings: Findings) -> None:
        self.text = text
        self.file = file
        self.findings = findings
        self.root: object = None
        self.done = False
        self.broken = False
        self._stack: list[_OpenCollection] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = 0
        self._documents = 0

    def accept(self, event: yaml.Event) -> bool:
        """Process one event; return false if reading must stop."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop("a second document starts here; one file holds one", event)
            case yaml.StreamEndEvent():
                self.done = True
        return not self.broken

    def _at(self, event: yaml.Event, indent: int = 0) -> Place:
        mark = _start(event)
        return Place(self.file, mark.line + 1, mark.column + 1, indent)

    def _error(self, complaint: str, at: Place) -> None:
        self.findings.error(complaint, at=at, code="yaml", path=self._path())

    def _stop(self, complaint: str, event: yaml.Event) -> None:
        self.findings.error(complaint, at=self._at(event), code="yaml-limit")
        self.broken = True

    def _path(self) -> str:
        return self._child_path(self._stack[-1]) if self._stack else ""

    def _child_path(self, top: _OpenCollection) -> str:
        if isinstance(top.value, LocatedList):
            return f"{top.value.path}[{len(top.value)}]"
        if not isinstance(top.key, str):
            return top.value.path
        return f"{top.value.path}.{top.key}" if top.value.path else top.key

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(1, event)
        top = self._stack[-1] if self._stack else None
        at = self._at(event, indent=1 if event.style == "|" else 0)
        if event.tag not in _TEXT_TAGS:
            self._tag(event.tag, at, event.value)
        if top is not None and isinstance(top.value, LocatedMap) and top.key is _NO_KEY:
            self._key(top, event, at)
            return
        if event.style or event.tag is not None:
            value: object = event.value
        else:
            value = plain_scalar(event.value)
            self._look_around(top, event, at)
        self._remember(event.anchor, value, 1)
        self._attach(value, at)

    def _key(self, top: _OpenCollection, event: yaml.ScalarEvent, at: Place) -> None:
        self._remember(event.anchor, event.value, 1)
        unseen = None if event.style else _UNSEEN.search(event.value)
        if unseen:
            code = f"U+{ord(unseen[0]):04X}"
            self._error(f"a key begins here that holds {code}, which is invisible; retype it", at)
            top.key = _BAD_KEY
            return
        top.key, top.key_place, top.key_end = event.value, at, _end(event)
        if not isinstance(top.value, LocatedMap) or event.value not in top.value:
            return
        first = top.value.key_places[event.value].line
        self._error(f"the key {event.value} appears here a second time (first on line {first})", at)
        top.key = _BAD_KEY

    def _look_around(self, top: _OpenCollection | None, event: yaml.ScalarEvent, at: Place) -> None:
        """Report text that YAML cuts off, at a comment or at a comma in a flow mapping."""
        end = _end(event)
        cut = _CUT.match(self.text, end)
        if cut and not event.value:
            self._error(f"nothing is left: # starts a comment; write {quoted(cut[1])}", at)
        elif cut:
            complaint = f'the text ends before "{cut[1]}": # starts a comment; quote the whole'
            note = self.findings.error if _COLOUR.match(cut[1]) else self.findings.warning
            note(complaint, at=at, code="comment", path=self._path())
        elif not event.value and event.anchor is not None:
            word = quoted(f"&{event.anchor}")
            self._error(f"a text that starts with & must be quoted: {word}", at)
        elif _WRAPPED.fullmatch(event.value):
            complaint = "these quotes are part of the text; YAML's quotes are straight"
            self.findings.warning(complaint, at=at, code="quotes", path=self._path())
        elif not event.value and top is not None and top.flow and top.key is not _NO_KEY:
            self._missing_value(top, at)

    def _missing_value(self, top: _OpenCollection, at: Place) -> None:
        key, opener = top.key, self.text[top.start - 1 : top.start + 2]
        if not isinstance(key, str) or opener[1:2] == "?" or "{{" in opener:
            return
        if opener[1:2] == "{" and not top.value and _ALONE.match(self.text, top.key_end):
            top.alone = True
            return
        if self.text.startswith(":", top.key_end):
            self._error(f"{key} has no value", at)
        elif ":" in key:
            name, _, value = key.partition(":")
            hint = f"write {name}: {value} with a space after the colon"
            self._error(f"{key} has no value; {hint}", top.key_place)
        else:
            self._error(f"{key} has no value; {_comma_hint(top, key)}", top.key_place)
            top.key = _BAD_KEY

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(1, event)
        if len(self._stack) >= DEEPEST:
            self._stop(NESTED, event)
            return
        at, path = self._at(event), self._path()
        if event.tag is not None:
            self._tag(event.tag, at)
        mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(
            _OpenCollection(
                value=LocatedMap(at, path) if mapping else LocatedList(at, path),
                place=at,
                start=_start(event).offset,
                flow=bool(event.flow_style),
                anchor=event.anchor,
                before=self._values,
            )
        )
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)

    def _close(self, event: yaml.Event) -> None:
        top = self._stack.pop()
        if isinstance(top.value, LocatedMap):
            self._merge(top.value, top)
        written = self.text[top.start : _end(event)]
        value: object = top.value
        if top.flow and written.startswith("{{") and written.endswith("}}"):
            value = written
            self._error(f"a template must be quoted: {quoted(written)}", top.place)
        elif top.alone:
            value = written.strip("{} ").replace("|", "-")
            self._error(_alone_hint(written), top.place)
        elif top.flow and written.startswith("?"):
            value = written
            self._error(f"a text that starts with ? must be quoted: {quoted(written)}", top.place)
        self._remember(top.anchor, value, self._values - top.before + 1)
        self._attach(value, top.place)

    def _alias(self, event: yaml.AliasEvent) -> None:
        at = self._at(event)
        known = self._anchors.get(event.anchor or "")
        if known is None:
            written = self.text[_start(event).offset : _end(event)]
            open_anchors = {one.anchor for one in self._stack}
            if event.anchor in open_anchors:
                self._stop(f"{written} repeats the value that contains it", event)
                return
            self._error(f"a text that starts with * must be quoted: {quoted(written)}", at)
            known = (written, 1)
        value, weight = known
        self._count(weight, event)
        self._attach(value, at)

    def _attach(self, value: object, at: Place) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, LocatedList):
            top.value.put(value, at=at)
        elif top.key is _NO_KEY:
            if isinstance(value, str):
                top.key, top.key_place = value, at
            else:
                if not self.text.startswith("{{", top.start):
                    self._error("a key must be plain text", at)
                top.key = _BAD_KEY
        else:
            if top.key == "<<":
                top.merges.append((value, at))
            elif isinstance(top.key, str):
                top.value.put(top.key, value, at=top.key_place, value_at=at)
            top.key = _NO_KEY

    def _merge(self, into: LocatedMap, top: _OpenCollection) -> None:
        for value, at in top.merges:
            for source in value if isinstance(value, LocatedList) else [value]:
                if not isinstance(source, LocatedMap):
                    self._error("<< needs a mapping, or a list of mappings", at)
                    continue
                for key in source:
                    if key not in into:
                        into.take(key, source)

    def _remember(self, anchor: str | None, value: object, weight: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, weight)

    def _count(self, values: int, event: yaml.Event) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            self._stop(f"holds more than {MOST_VALUES} values, aliases counted in full", event)

    def _tag(self, tag: str, at: Place, text: str = "") -> None:
        if text and tag.startswith("!"):
            word = quoted(f"{tag} {text}")
            self._error(f"a text that starts with ! must be quoted: {word}", at)
            return
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self._error(f"the tag {shown} is not allowed; write the value plainly", at)


def _alone_hint(written: str) -> str:
    """Return the fix for words in braces, which other tools take for a choice."""
    words = [word.strip() for word in written.strip("{}").split("|")]
    if len(words) > 1:
        return f"{written} is read as a mapping; a choice is a list: [{', '.join(words)}]"
    return f"{written} is read as a mapping; a text in braces must be quoted: {quoted(written)}"


def _comma_hint(top: _OpenCollection, key: str) -> str:
    """Return the fix for a comma that cut a text or a number in two."""
    before = next(reversed(top.value), None) if isinstance(top.value, LocatedMap) else None
    if before is None or not isinstance(top.value, LocatedMap):
        return "a text that holds a comma must be quoted"
    value = top.value[before]
    if isinstance(value, int) and _THOUSANDS.fullmatch(key):
        return f"a number is written without commas: {before}: {value}{key}"
    return f"a text that holds a comma must be quoted: {before}: {quoted(f'{value}, {key}')}"


class _Mark(NamedTuple):
    line: int
    column: int
    offset: int


def _start(event: yaml.Event) -> _Mark:
    mark = event.start_mark
    return _Mark(0, 0, 0) if mark is None else _Mark(mark.line, mark.column, mark.index)


def _end(event: yaml.Event) -> int:
    return 0 if event.end_mark is None else event.end_mark.index
