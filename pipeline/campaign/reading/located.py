"""Mappings and lists that keep the place of each value in the file."""

from collections.abc import Sequence

from pipeline.campaign.findings import Place


class LocatedMap(dict[str, object]):
    """A mapping with the place of every key and value."""

    __slots__ = ("key_places", "path", "place", "value_places")

    def __init__(self, place: Place, path: str = "") -> None:
        super().__init__()
        self.place = place
        self.path = path
        """Dotted path in the document: `matrix.size[2]`."""
        self.key_places: dict[str, Place] = {}
        self.value_places: dict[str, Place] = {}

    def put(self, key: str, value: object, *, at: Place, value_at: Place) -> None:
        """Set a key together with its places."""
        self[key] = value
        self.key_places[key] = at
        self.value_places[key] = value_at

    def take(self, key: str, source: "LocatedMap") -> None:
        """Copy a key with its value and places from another mapping."""
        self.put(key, source[key], at=source.key_places[key], value_at=source.value_places[key])


class LocatedList(list[object]):
    """A list with the place of every entry."""

    __slots__ = ("path", "place", "places")

    def __init__(self, place: Place, path: str = "") -> None:
        super().__init__()
        self.place = place
        self.path = path
        self.places: list[Place] = []

    def put(self, value: object, *, at: Place) -> None:
        """Append a value together with its place."""
        self.append(value)
        self.places.append(at)


Step = str | int


def place_at(document: LocatedMap, steps: Sequence[Step], *, key: bool = False) -> Place:
    """Return the place of the value (or the key) at a path, or of the nearest container.

    Steps that do not exist are skipped: validators add names of alternatives to paths.
    """
    here: object = document
    place = document.place
    for number, step in enumerate(steps):
        if isinstance(here, LocatedMap) and step in here and isinstance(step, str):
            last = number == len(steps) - 1
            place = (here.key_places if key and last else here.value_places)[step]
            here = here[step]
        elif isinstance(here, LocatedList) and isinstance(step, int) and step < len(here):
            place = here.places[step]
            here = here[step]
    return place


def has_value(document: LocatedMap, steps: Sequence[Step]) -> bool:
    """Return whether a document has a value at a path."""
    here: object = document
    for step in steps:
        if isinstance(here, LocatedMap) and isinstance(step, str) and step in here:
            here = here[step]
            continue
        if isinstance(here, LocatedList) and isinstance(step, int) and step < len(here):
            here = here[step]
            continue
        return False
    return True


def dotted(steps: Sequence[Step]) -> str:
    """Return `("matrix", "size", 2)` as `matrix.size[2]`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
