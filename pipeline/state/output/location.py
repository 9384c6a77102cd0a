"""The output folder that is meant if none is given: one for a project, from wherever it is used.

Relative to the current folder it would be another one in every folder, and all would be bought
again in each. Nothing heavy is imported: every command needs this.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger.place import ledger_file_exists

DEFAULT = Path("output")
_MARKS = (".git", "pyproject.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputLocation:
    """An output folder, and how it was found."""

    folder: Path
    """Absolute."""
    elsewhere: bool
    """True if it is not where its name leads from the current folder."""


def locate_output(
    name: Path, *, file: Path | None = None, here: Path | None = None
) -> OutputLocation:
    """Return the output folder with this name in the project, which may be absolute.

    The project is the nearest folder upwards that has `.git`, `pyproject.toml` or a ledger under
    this name: of the current folder (`here`), else of the folder of `file`. If there is none, the
    name is relative to the current folder.
    """
    here = Path.cwd() if here is None else here
    if name.is_absolute():
        return OutputLocation(folder=name, elsewhere=False)
    starts = [here] if file is None else [here, _folder_of(file, here)]
    projects = (_anchor_of(start, name) for start in starts)
    project = next((found for found in projects if found is not None), here)
    return OutputLocation(
        folder=project / name, elsewhere=not _is_same(project / name, here / name)
    )


def outputs_around(output: Path, *, name: Path, places: Iterable[Path]) -> list[Path]:
    """Return other folders with a ledger near an output folder, `places` and the folders above.

    Near are those that a command in one of these folders could mean: `output`, `name`, the folder
    itself, and what lies beside `output` or directly in a place.
    """
    starts = [place for place in places if place.is_dir()]
    above = {folder: None for start in starts for folder in (start, *start.parents)}
    names = [DEFAULT, *([] if name.is_absolute() else [name]), Path()]
    near = [folder / one for folder in above for one in names]
    near += [inner for folder in (output.parent, *starts) for inner in _folders_in(folder)]
    resolved = {place.resolve(): None for place in near if ledger_file_exists(place)}
    resolved.pop(output.resolve(), None)
    return list(resolved)


def project_of(folder: Path) -> Path | None:
    """Return the nearest folder upwards that has `.git` or `pyproject.toml`."""
    for one in (folder, *folder.parents):
        if any((one / mark).exists() for mark in _MARKS):
            return one
    return None


def _anchor_of(start: Path, name: Path) -> Path | None:
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS) or ledger_file_exists(folder / name):
            return folder
        if ledger_file_exists(folder) and folder.name == name.name:
            return folder.parent
    return None


def _folder_of(file: Path, here: Path) -> Path:
    place = here / file
    with suppress(OSError, RuntimeError):
        place = place.resolve()
    return place if place.is_dir() else place.parent


def _folders_in(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(inner for inner in folder.iterdir() if inner.is_dir())


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def folders_of_use(file: Path, *, here: Path | None = None) -> Sequence[Path]:
    """Return the folders from which a campaign file is likely to be used: the current, its own."""
    here = Path.cwd() if here is None else here
    return here, _folder_of(file, here)
