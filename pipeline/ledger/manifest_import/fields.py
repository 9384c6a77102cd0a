"""Reading parsed JSON from another program, with errors that name their place."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pipeline.errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)
Default = TypeVar("Default", int, None)


class Fields:
    """One JSON object and its place; reading a wrong value raises `UsageError`."""

    def __init__(self, value: object, *, place: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"the run manifest is damaged: {place or 'it'} is not a JSON object")
        self._values = value
        self._place = place

    def error(self, name: str, complaint: str) -> UsageError:
        """Return the error to raise about one field."""
        value = str(self._values.get(name))[:80]
        return UsageError(f"the run manifest is damaged: {self._at(name)} {complaint}: {value}")

    def has(self, name: str) -> bool:
        """Return whether a field is there and not null."""
        return self._values.get(name) is not None

    def names(self) -> Sequence[str]:
        """Return the names of the fields, in order."""
        return list(self._values)

    def text(self, name: str) -> str:
        """Return a text; empty if it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(name, "is no text")
        return value

    def required(self, name: str) -> str:
        """Return a text that must not be empty."""
        value = self.text(name)
        if not value:
            raise self.error(name, "is missing")
        return value

    def moment(self, name: str) -> str:
        """Return a time in ISO 8601 with its zone; empty if it is missing or null."""
        value = self.text(name)
        if value:
            try:
                aware = datetime.fromisoformat(value).tzinfo is not None
            except ValueError:
                aware = False
            if not aware:
                raise self.error(name, "is not a time with a time zone")
        return value

    def number(self, name: str, *, default: Default) -> int | Default:
        """Return a whole number, or the default if it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(name, "is not a whole number")
        return value

    def count(self, name: str) -> int:
        """Return a whole number from 0; 0 if it is missing or null."""
        value = self.number(name, default=0)
        if not 0 <= value < 1 << 62:
            raise self.error(name, "is no count")
        return value

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        """Return one of a closed set of words."""
        value = self.required(name)
        if value not in {choice.value for choice in choices}:
            raise self.error(name, f"is none of {', '.join(choices)}")
        return choices(value)

    def inner(self, name: str) -> "Fields":
        """Return a JSON object inside this one."""
        return Fields(self._values.get(name), place=self._at(name))

    def each(self, name: str) -> Iterator["Fields"]:
        """Yield the JSON objects of a list; none if it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.error(name, "is no list")
        yield from fields_of(value, place=self._at(name))

    def texts(self, name: str, *, null: bool = False) -> list[str]:
        """Return a list of texts; empty if it is missing or null.

        With `null`, a null among them is an empty text.
        """
        value = self._values.get(name)
        if value is None:
            return []
        if null and isinstance(value, list):
            value = ["" if one is None else one for one in value]
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.error(name, "is no list of texts")
        return value

    def counts(self, name: str) -> list[int]:
        """Return a list of whole numbers from 0; empty if it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
            raise self.error(name, "is no list of counts")
        return value

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name


def fields_of(values: Iterable[object], *, place: str) -> Iterator[Fields]:
    """Yield the JSON objects of a list at this place."""
    for number, one in enumerate(values):
        yield Fields(one, place=f"{place}[{number}]")
