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
        return f"PackedSequence({[*self]!r})"


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
        return f"JoinedSequence({', '.join(map(repr, self.parts))})"


Key = TypeVar("Key", bound=str)
Default = TypeVar("Default")


class PackedMapping(Mapping[Key, Value]):
    """Values by key, in the order in which they were given; the key is the first field of a row.

    If several have the same key, the first is found. Beside the values this takes some 20 bytes
    for each of them.
    """

    def __init__(self, values: Iterable[Value], form: RowFormat[Value]) -> None:
        hashes = array("q")

        def row_of(value: Value) -> Row:
            row = form.row_of(value)
            hashes.append(hash(row[0]))
            return row

        self._values = PackedSequence(values, RowFormat(row_of=row_of, value_of=form.value_of))
        self._value_of = form.value_of
        self._hashes, self._slots = hashes, _slots_of(hashes)

    def position(self, key: object) -> int | None:
        """Return the place of a key in the order of the values; `None` if it is absent."""
        found = self._find(key)
        return None if found is None else found[0]

    def _find(self, key: object) -> tuple[int, Row] | None:
        hashed, hashes, slots = hash(key), self._hashes, self._slots
        last = len(slots) - 1
        slot = hashed & last
        while place := slots[slot]:
            if hashes[place - 1] == hashed:
                row = self._values.row(place - 1)
                if row[0] == key:
                    return place - 1, row
            slot = (slot + 1) & last
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
        return (row[0] for row in self._values.rows())

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
        return f"PackedMapping({self._values!r})"


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


def _slots_of(hashes: Sequence[int]) -> "array[int]":
    """Return a hash table with free slots: one more than the place of a hash, or 0 if free."""
    size = 8
    while size < 2 * len(hashes):
        size *= 2
    slots = array("I", bytes(array("I").itemsize * size))
    for place, hashed in enumerate(hashes, 1):
        slot = hashed & (size - 1)
        while slots[slot]:
            slot = (slot + 1) & (size - 1)
        slots[slot] = place
    return slots


class ColumnMapping(Mapping[Key, Value]):
    """One of a few values for some keys of a `PackedMapping`; the other keys are absent."""

    def __init__(self, keys: PackedMapping[Key, Any], values: Iterable[Value | None]) -> None:
        """`values` are in the order of the keys; `None`: the key is absent."""
        self._keys = keys
        numbers: dict[Value | None, int] = {None: 0}
        self._numbers = array("I", (numbers.setdefault(one, len(numbers)) for one in values))
        self._values = [*numbers]

    def __getitem__(self, key: Key) -> Value:
        place = self._keys.position(key)
        value = None if place is None else self._values[self._numbers[place]]
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[Key]:
        return compress(self._keys, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers) - self._numbers.count(0)
