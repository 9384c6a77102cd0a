"""The record of what was uploaded to an object store, so that nothing is uploaded twice."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append, make_folders
from pipeline.files.unreadable import read_file
from pipeline.model.names import Slug
from pipeline.system_errors import not_written

UPLOADS = "uploads.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadedObject:
    """A file that is in the store, verified."""

    path: str
    """Below the output folder, and below the address of the store."""
    sha256: str
    bytes: int
    etag: str
    """The store's name of this version of the object."""
    generation: str = ""


class UploadRecord:
    """What was uploaded of a campaign to one store; a line each in `<campaign>/uploads.jsonl`.

    A line that a crash lost is no harm: the object is found in the store, and compared.
    """

    def __init__(self, output: Path, campaign: Slug, store: str) -> None:
        """Read what earlier runs uploaded to `store`; `LocalFault` if that fails."""
        self._output, self.store = output, store
        self._place = _place(campaign)
        self._files: dict[str, UploadedObject] = {}
        self._torn = False
        self._load()

    def __iter__(self) -> Iterator[UploadedObject]:
        return iter([*self._files.values()])

    def at(self, path: str) -> UploadedObject | None:
        """Return what was last uploaded under a path."""
        return self._files.get(path)

    def has(self, path: str, sha256: str) -> bool:
        """Return whether a file is in the store as it is now."""
        known = self._files.get(path)
        return known is not None and known.sha256 == sha256

    def add(self, file: UploadedObject) -> None:
        """Note an upload; `LocalFault` if the disk fails."""
        self._files[file.path] = file
        self._append(asdict(file))

    def remove(self, path: str) -> None:
        """Note that an object was removed from the store; `LocalFault` if the disk fails."""
        if self._files.pop(path, None) is not None:
            self._append({"path": path, "gone": True})

    def _append(self, fields: Mapping[str, object]) -> None:
        row = {"store": self.store, **fields}
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
        if self._torn:
            line, self._torn = "\n" + line, False
        try:
            make_folders(self._output, self._place.folders)
            append(self._output, self._place, line.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise not_written(self._place, error) from error

    def _load(self) -> None:
        text = _text_at(self._output, self._place)
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                row = json.loads(line)
                if row.pop("store") != self.store:
                    continue
                if row.get("gone"):
                    self._files.pop(row["path"], None)
                else:
                    self._files[row["path"]] = UploadedObject(**row)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue


def newest_store(output: Path, campaign: Slug) -> str:
    """Return the URL of the store to which a campaign was uploaded last; empty if to none."""
    for line in reversed(_text_at(output, _place(campaign)).splitlines()):
        try:
            return str(json.loads(line)["store"])
        except (ValueError, KeyError, TypeError):
            continue  # a crash cut it off
    return ""


def uploaded_campaigns(output: Path) -> list[Slug]:
    """Return the campaigns of an output folder that were uploaded."""
    return sorted(Slug(place.parent.name) for place in output.glob(f"*/{UPLOADS}"))


def _place(campaign: Slug) -> ConfinedPath:
    return ConfinedPath(folders=(campaign,), name=UPLOADS)


def _text_at(output: Path, place: ConfinedPath) -> str:
    try:
        return read_file(output / str(place)).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise LocalFault(f"cannot read {place}: {error.strerror}") from error
