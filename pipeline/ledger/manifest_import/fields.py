"""Reading parsed JSON that somebody else wrote: every complaint names its place."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pipeline.errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)
Default = TypeVar("Default", int, None)


class Fields:
    """One JSON object and where it stands; `UsageError` for what is not as it has to be."""

    def __init__(self, value: object, *, place: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"the run manifest is damaged: {place or 'it'} is no JSON object")
        self._values = value
        self._place = place

    def wrong(self, name: str, complaint: str) -> UsageError:
        """What to raise about one field."""
        value = str(self._values.get(name))[:80]
        return UsageError(f"the run manifest is damaged: {self._at(name)} {complaint}: {value}")

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        return self._values.get(name) is not None

    def names(self) -> Sequence[str]:
        """The fields, in order."""
        return list(self._values)

    def text(self, name: str) -> str:
        """A text; empty where it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "is no text")
        return value

    def needed(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if not value:
            raise self.wrong(name, "is missing")
        return value

    def moment(self, name: str) -> str:
        """A time in ISO 8601 with its zone; empty where it is missing or null."""
        value = self.text(name)
        if value:
            try:
                aware = datetime.fromisoformat(value).tzinfo is not None
            except ValueError:
                aware = False
            if not aware:
                raise self.wrong(name, "is no time with its zone")
        return value

    def number(self, name: str, *, default: Default) -> int | Default:
        """A whole number, or the default where it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "is no whole number")
        return value

    def count(self, name: str) -> int:
        """A whole number from 0; 0 where it is missing or null."""
        value = self.number(name, default=0)
        if not 0 <= value < 1 << 62:
            raise self.wrong(name, "is no count")
        return value

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        """One of a closed set of words."""
        value = self.needed(name)
        if value not in {choice.value for choice in choices}:
            raise self.wrong(name, f"is none of {', '.join(choices)}")
        return choices(value)

    def inner(self, name: str) -> "Fields":
        """A JSON object inside this one."""
        return Fields(self._values.get(name), place=self._at(name))

    def each(self, name: str) -> Iterator["Fields"]:
        """A list of JSON objects; none where it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, "is no list")
        for number, one in enumerate(value):
            yield Fields(one, place=f"{self._at(name)}[{number}]")

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
