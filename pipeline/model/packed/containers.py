"""Containers that keep their values compressed, and make a value anew whenever it is read.

A job takes a kilobyte as objects, and 40 bytes here. Reading one in order takes some microseconds.
"""

import marshal
import zlib
from array import array
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    ValuesView,
)
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, compress, islice
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")
Row = tuple[Any, ...]
"""The fields of a value: texts, numbers, `None`, and tuples of these."""

BLOCK = 64
"""Values that are compressed together."""
SHOWN = 5
"""Values that a container shows of itself."""
RECENT = 128
"""Blocks of a container that stay decompressed, for values that are read near each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFormat(Generic[Value]):
    """How values of one type become rows, and rows values again."""

    row_of: Callable[[Value], Row]
    value_of: Callable[[Row], Value]


class PackedSequence(Sequence[Value]):
    """A sequence of values that can grow; equal to any sequence of equal values."""

    def __init__(self, values: Iterable[Value], form: RowFormat[Value]) -> None:
        blocks: list[bytes] = []
        self._form = form
        self._blocks, self._last = blocks, list[Row]()
        self._block = lru_cache(maxsize=RECENT)(lambda number: _rows_in(blocks[number]))
        for value in values:
            self.append(value)

    def append(self, value: Value) -> None:
        """Add a value at the end."""
        self._last.append(self._form.row_of(value))
        if len(self._last) == BLOCK:
            # data of this process alone, never of a file
            self._blocks.append(zlib.compress(marshal.dumps(self._last), 1))
            self._last = []

    def __len__(self) -> int:
        return BLOCK * len(self._blocks) + len(self._last)

    @overload
    def __getitem__(self, index: int) -> Value: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Value]: ...

    def __getitem__(self, index: int | slice) -> Value | Sequence[Value]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        length = len(self)
        place = index + length if index < 0 else index
        if not 0 <= place < length:
            raise IndexError(index)
        return self._form.value_of(self.row(place))

    def __iter__(self) -> Iterator[Value]:
        return map(self._form.value_of, self.rows())

    def row(self, place: int) -> Row:
        """Return the row of one value, which costs less than the value; `place` starts at 0."""
        number, place = divmod(place, BLOCK)
        return (self._block(number) if number < len(self._blocks) else self._last)[place]

    def rows(self) -> Iterator[Row]:
        """Return the rows of all values."""
        return chain(chain.from_iterable(map(_rows_in, self._blocks)), self._last)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        if len(self) != len(other):
            return False
        if isinstance(other, PackedSequence) and other._form.value_of is self._form.value_of:
            blocks = zip(self._blocks, other._blocks, strict=True)
            return self._last == other._last and all(
                one == two or _rows_in(one) == _rows_in(two) for one, two in blocks
            )
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return _short_repr(self, self)


def _short_repr(container: object, values: Sequence[object]) -> str:
    """Return a text with the first values only: asyncio may ask for it at the end of a task."""
    more = "" if len(values) <= SHOWN else f", and {len(values) - SHOWN:,} more"
    return f"{type(container).__name__}({values[:SHOWN]!r}{more})"


def _rows_in(block: bytes) -> list[Row]:
    rows: list[Row] = marshal.loads(zlib.decompress(block))  # noqa: S302 - made above
    return rows


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield values in lists of this length; the last may be shorter."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


class JoinedSequence(Sequence[Value]):
    """Some sequences one after the other, without a copy of them."""

    def __init__(self, *parts: Sequence[Value]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @overload
    def __getitem__(self, index: int) -> Value: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Value]: ...

    def __getitem__(self, index: int | slice) -> Value | Sequence[Value]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if place >= 0:
            for part in self.parts:
                if place < len(part):
                    return part[place]
                place -= len(part)
        raise IndexError(index)

    def __iter__(self) -> Iterator[Value]:
        return chain.from_iterable(self.parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return _short_repr(self, self)


class HashIndex:
    """The places of hashes, numbered in the order in which they were added: 20 bytes for each."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._slots = _free_slots(8)
        """Hash table with free slots: the place of a hash and one more, or 0 if a slot is free."""

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, hashed: int) -> bool:
        return next(self.places(hashed), None) is not None

    def add(self, hashed: int) -> None:
        """Give a hash the next place; it may have others already."""
        self._hashes.append(hashed)
        if 2 * len(self._hashes) <= len(self._slots):
            self._enter(hashed, len(self._hashes))
            return
        self._slots = _free_slots(4 * len(self._slots))
        for place, known in enumerate(self._hashes, 1):
            self._enter(known, place)

    def _enter(self, hashed: int, place: int) -> None:
        slots, last = self._slots, len(self._slots) - 1
        slot = hashed & last
        while slots[slot]:
            slot = (slot + 1) & last
        slots[slot] = place

    def places(self, hashed: int) -> Iterator[int]:
        """Yield the places of a hash, the first one first."""
        hashes, slots, last = self._hashes, self._slots, len(self._slots) - 1
        slot = hashed & last
        while place := slots[slot]:
            if hashes[place - 1] == hashed:
                yield place - 1
            slot = (slot + 1) & last


def _free_slots(number: int) -> "array[int]":
    return array("I", bytes(array("I").itemsize * number))


Key = TypeVar("Key", bound=str)
Default = TypeVar("Default")


class PackedMapping(Mapping[Key, Value]):
    """Values by key, in the order in which they were given; the key is the first field of a row.

    No two may have the same key. Beside the values this takes some 20 bytes for each of them.
    """

    def __init__(self, values: Iterable[Value], form: RowFormat[Value]) -> None:
        index = HashIndex()

        def row_of(value: Value) -> Row:
            row = form.row_of(value)
            index.add(hash(row[0]))
            return row

        self._values = PackedSequence(values, RowFormat(row_of=row_of, value_of=form.value_of))
        self._value_of = form.value_of
        self._index = index

    def position(self, key: object) -> int | None:
        """Return the place of a key in the order of the values; `None` if it is absent."""
        found = self._find(key)
        return None if found is None else found[0]

    def _find(self, key: object) -> tuple[int, Row] | None:
        for place in self._index.places(hash(key)):
            row = self._values.row(place)
            if row[0] == key:
                return place, row
        return None

    def __getitem__(self, key: Key) -> Value:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return self._value_of(found[1])

    @overload
    def get(self, key: Key, /) -> Value | None: ...

    @overload
    def get(self, key: Key, /, default: Value | Default) -> Value | Default: ...

    def get(self, key: Key, /, default: Any = None) -> Any:
        """Return the value of a key, or the default."""
        found = self._find(key)
        return default if found is None else self._value_of(found[1])

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __iter__(self) -> Iterator[Key]:
        return (row[0] for row in self.rows())

    def rows(self) -> Iterator[Row]:
        """Return the rows of all values."""
        return self._values.rows()

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedMapping):
            return self._values == other._values
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def values(self) -> ValuesView[Value]:
        """Return the values in order; they are not looked up by their keys."""
        return _OrderedValues(self, self._values)

    def items(self) -> ItemsView[Key, Value]:
        """Return the keys and values in order; see `values`."""
        return _OrderedItems(self, self._values)

    def __repr__(self) -> str:
        return _short_repr(self, self._values)


class _OrderedValues(ValuesView[Value]):
    def __init__(self, mapping: Mapping[Any, Value], values: Sequence[Value]) -> None:
        super().__init__(mapping)
        self._values = values

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)


class _OrderedItems(ItemsView[Key, Value]):
    def __init__(self, mapping: Mapping[Key, Value], values: Sequence[Value]) -> None:
        super().__init__(mapping)
        self._keys, self._values = mapping, values

    def __iter__(self) -> Iterator[tuple[Key, Value]]:
        return zip(self._keys, self._values, strict=True)


class ColumnMapping(Mapping[Key, Value]):
    """One of a few values for some keys of a `PackedMapping`; the other keys are absent."""

    def __init__(self, keys: PackedMapping[Key, Any], values: Iterable[Value | None]) -> None:
        """`values` are in the order of the keys; `None`: the key is absent."""
        self._keys = keys
        numbers: dict[Value | None, int] = {None: 0}
        self._numbers = array("I", (numbers.setdefault(one, len(numbers)) for one in values))
        self._values = [one for one in numbers if one is not None]
        """The value with number 1 comes first; 0 stands for an absent key."""

    def __getitem__(self, key: Key) -> Value:
        place = self._keys.position(key)
        number = 0 if place is None else self._numbers[place]
        if not number:
            raise KeyError(key)
        return self._values[number - 1]

    def __iter__(self) -> Iterator[Key]:
        return compress(self._keys, self._numbers)

    def values(self) -> ValuesView[Value]:
        """Return the values in order; they are not looked up by their keys."""
        return _OrderedValues(
            self, [self._values[number - 1] for number in self._numbers if number]
        )

    def __len__(self) -> int:
        return len(self._numbers) - self._numbers.count(0)
