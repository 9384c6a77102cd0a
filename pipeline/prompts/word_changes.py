"""The words that differ between two prompts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”|„[^“\n]*“|«[^»\n]*»')
_SMALL_GAP = 2
"""Equal tokens between two changes that are still told as one."""

Span = tuple[int, int]
SpanPair = tuple[Span, Span]
"""The same place in the earlier and in the later text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WordChange:
    """Some words of a prompt and what they became; one of the two may be empty."""

    before: str
    after: str
    name: str = ""
    """The value that contains them, such as `product.headline`; empty if it is not known."""

    def __str__(self) -> str:
        named = f"{self.name} " if self.name else ""
        if not self.before:
            return f"{named}{in_quotes(self.after)} added"
        if not self.after:
            return f"{named}{in_quotes(self.before)} removed"
        return f"{named}{in_quotes(self.before)} → {in_quotes(self.after)}"


def in_quotes(text: str) -> str:
    """Return a text in double quotes, on one line; one that is quoted already stays as it is."""
    text = " ".join(text.split())
    return text if _QUOTED.fullmatch(text) else f'"{text}"'


def changed_words(
    before: str, after: str, values: Mapping[str, str] | None = None
) -> tuple[WordChange, ...]:
    """Return what differs between two prompts, in order, as whole words.

    A change inside a quoted text is told with all of that text. `values` are what templates of the
    later prompt can use, by name: a change inside one of them gets its name and all of its text.
    """
    changes = []
    texts = (before, after)
    for spans in _changed_spans(before, after):
        name, wide = _named(texts, spans, values or {}) or ("", _with_quotes(texts, spans))
        old, new = (text[slice(*span)] for text, span in zip(texts, wide, strict=True))
        change = WordChange(before=old, after=new, name=name)
        if change not in changes:
            changes.append(change)
    return tuple(changes)


def _changed_spans(before: str, after: str) -> Iterator[SpanPair]:
    """Yield pairs of spans of characters that differ."""
    old, new = [*_TOKEN.finditer(before)], [*_TOKEN.finditer(after)]
    start = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start][0] == new[start][0]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end][0] == new[-1 - end][0]:
        end += 1
    middle = [one[0] for one in old[start : len(old) - end]]
    other = [one[0] for one in new[start : len(new) - end]]
    for (first, last), (from_, to) in _changed_runs(middle, other):
        yield _span(old, first + start, last + start), _span(new, from_ + start, to + start)


def _changed_runs(old: Sequence[str], new: Sequence[str]) -> Iterator[SpanPair]:
    """Yield pairs of spans of tokens that differ; those with a small gap between are one."""
    open_: SpanPair | None = None
    for tag, first, last, from_, to in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if open_ is not None and first - open_[0][1] <= _SMALL_GAP:
            open_ = ((open_[0][0], last), (open_[1][0], to))
            continue
        if open_ is not None:
            yield open_
        open_ = ((first, last), (from_, to))
    if open_ is not None:
        yield open_


def _span(tokens: Sequence[re.Match[str]], first: int, last: int) -> Span:
    """Return the characters of some tokens; for none, the place where they would be."""
    if first == last:
        place = tokens[first - 1].end() if first else 0
        return place, place
    return tokens[first].start(), tokens[last - 1].end()


def _with_quotes(texts: tuple[str, str], spans: SpanPair) -> SpanPair:
    """Return the spans of the quoted texts that contain a change, if both do."""
    old, new = (_around(text, span) for text, span in zip(texts, spans, strict=True))
    return (old, new) if old is not None and new is not None else spans


def _around(text: str, span: Span) -> Span | None:
    for quoted in _QUOTED.finditer(text):
        if quoted.start() < span[0] and span[1] < quoted.end():
            return quoted.span()
    return None


def _named(
    texts: tuple[str, str], spans: SpanPair, values: Mapping[str, str]
) -> tuple[str, SpanPair] | None:
    """Return the shortest value that contains a change: its name, and where it is in both texts."""
    before, after = texts
    old, new = spans
    found: list[tuple[int, str, SpanPair]] = []
    for name, value in values.items():
        for at in _places(value, after):
            end = at + len(value)
            if not at <= new[0] <= new[1] <= end:
                continue
            wide = (old[0] - (new[0] - at), old[1] + (end - new[1]))
            same = before[max(0, wide[0]) : old[0]] == after[at : new[0]]
            if same and before[old[1] : wide[1]] == after[new[1] : end]:
                found.append((len(value), name, (wide, (at, end))))
    return min(found)[1:] if found else None


def _places(value: str, text: str) -> Iterator[int]:
    """Yield every place of a value in a text."""
    at = text.find(value) if value.strip() else -1
    while at >= 0:
        yield at
        at = text.find(value, at + 1)
