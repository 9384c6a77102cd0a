"""Snapshots of fetched feeds: each file that a URL gave, by its digest, and when it came."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.model.names import Slug
from pipeline.state.output.folder import write_file

SCHEMA = "campaign-pipeline/feeds/1"
INDEX = "index.json"
_DIGEST = 64
_PIECE = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSnapshot:
    """The newest file that a URL gave."""

    source: str
    """The URL as the campaign file has it, with `{{ env.NAME }}`."""
    url: str
    """The first half of the SHA-256 of the URL that was fetched, which may hold a secret."""
    sha256: str
    file: str
    """The file's name in the folder of snapshots."""
    fetched: str
    """When its content was received, as ISO 8601."""
    checked: str
    """When the host last gave it, or said that it is unchanged."""
    etag: str = ""
    last_modified: str = ""


def url_digest(url: str) -> str:
    """Return the name of a URL in the index."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[: _DIGEST // 2]


def index_path(output: Path, campaign: Slug) -> Path:
    """Return the file that lists the newest snapshot of each URL."""
    return output / _folder(campaign) / INDEX


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSnapshots:
    """The snapshots of one campaign in an output folder."""

    output: Path
    campaign: Slug

    def path(self, name: str) -> Path:
        """Return the place of a snapshot."""
        return self.output / _folder(self.campaign) / name

    def newest(self) -> dict[str, FeedSnapshot]:
        """Return the newest snapshot of each URL by `url_digest`; none if the index is damaged."""
        try:
            content = json.loads(index_path(self.output, self.campaign).read_bytes())
            known = [FeedSnapshot(**row) for row in content["feeds"]]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return {one.url: one for one in known}

    def enter(self, snapshots: Iterable[FeedSnapshot]) -> None:
        """Enter snapshots into the index as the newest ones; `LocalFault` if the disk fails.

        If two commands do this at once, one entry is lost, and its feed is fetched again.
        """
        known = self.newest() | {one.url: one for one in snapshots}
        rows = [asdict(known[url]) for url in sorted(known)]
        text = json.dumps({"schema": SCHEMA, "feeds": rows}, ensure_ascii=False, indent=1)
        place = _folder(self.campaign) / INDEX
        write_file(self.output, place, text.encode("utf-8", "surrogatepass"))

    def keep(self, sha256: str, ending: str, content: IO[bytes]) -> Path:
        """Write the content of a feed, and return its file; `LocalFault` if the disk fails."""
        name = f"{sha256}{ending}"
        if self.intact(sha256, name=name) is None:
            write_file(self.output, _folder(self.campaign) / name, _pieces(content))
        return self.path(name)

    def intact(self, sha256: str, *, name: str = "") -> Path | None:
        """Return the snapshot with this digest, if its content still has it; `None` otherwise."""
        places = [self.path(name)] if name else sorted(self.path("").glob(f"{sha256}.*"))
        for place in places:
            with suppress(OSError), place.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() == sha256:
                    return place
        return None


def _folder(campaign: Slug) -> PurePosixPath:
    return PurePosixPath(campaign) / "feeds"


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        yield piece
