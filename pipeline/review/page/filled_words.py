"""Which words of a prompt were filled in: the page underlines them."""

import re
from collections.abc import Iterator, Mapping

SHORTEST = 2
"""Shorter values would be found everywhere."""

_MOST = 200
"""Values looked for in one prompt."""

Span = tuple[str, str]
"""Text, and the dotted name of the value it came from; empty for the template's own words."""


def filled_spans(prompt: str, values: Mapping[str, object]) -> list[Span]:
    """Cut a prompt where values of its cell stand in it; joined, the texts are the prompt."""
    names: dict[str, str] = {}
    for name, text in _leaves(values, ""):
        if len(text) >= SHORTEST and text in prompt:
            names.setdefault(text, name)
    known = sorted(names, key=len, reverse=True)[:_MOST]
    if not known:
        return [(prompt, "")]
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in known))
    found: list[Span] = []
    at = 0
    for match in pattern.finditer(prompt):
        if match.start() > at:
            found.append((prompt[at : match.start()], ""))
        found.append((match[0], names[match[0]]))
        at = match.end()
    if at < len(prompt):
        found.append((prompt[at:], ""))
    return found


def _leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, f"{name}.{key}" if name else str(key))
        case bool() | None:
            return
        case str() | int():
            yield name, str(value).strip()
        case _:
            return
