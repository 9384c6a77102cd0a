"""Which names stand in which templates: what a template does not name cannot change its words."""

from collections.abc import Iterable


class Vocabulary:
    """The names in templates, those in the files that they include counted in."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._includes: dict[str, frozenset[str]] = {}

    def add(self, template: str, *, names: Iterable[str], includes: Iterable[str]) -> None:
        """Note what stands in a template, and which others it includes."""
        self._names[template] = frozenset(names)
        self._includes[template] = frozenset(includes)

    def said(self, templates: Iterable[str]) -> frozenset[str]:
        """Every name that stands in templates, or in what they include."""
        names: set[str] = set()
        seen: set[str] = set()
        ahead = [*templates]
        while ahead:
            template = ahead.pop()
            if template not in seen:
                seen.add(template)
                names |= self._names.get(template, frozenset())
                ahead += self._includes.get(template, ())
        return frozenset(names)
