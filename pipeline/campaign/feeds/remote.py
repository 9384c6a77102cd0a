"""Feeds by URL: their links, the kind of file that they give, and who fetches them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from pipeline.errors import FeedNotFetched
from pipeline.model.names import Slug

_URL = re.compile(r"https?://", re.IGNORECASE)
_SHEET = re.compile(r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/(e/)?([\w-]+)(/[^?#]*)?")
_GID = re.compile(r"[?#&]gid=(\d+)")

WORKBOOK = ".xlsx"
_DELIMITED = (".csv", ".tsv")
_STRUCTURED = (".json", ".jsonl", ".yaml", ".yml")
_MEDIA_TYPES = {
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}
_OTHER_KINDS: Mapping[bytes, str] = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFeed:
    """A feed as a campaign file names it."""

    source: str
    """The URL as written; each `{{ env.NAME }}` is filled in only when it is fetched."""
    sheet: str | None = None
    """The sheet that is wanted, if it is a workbook."""


class FeedFiles(Protocol):
    """Gives the files of feeds that are named by URL."""

    def files_of(
        self, feeds: Sequence[RemoteFeed], *, campaign: Slug, hosts: Sequence[str]
    ) -> Mapping[RemoteFeed, Path | FeedNotFetched]:
        """Return a file for each feed, or why there is none.

        `hosts` are those that the campaign allows although they are private. The ending of a
        file's name is the kind of its content.
        """
        ...


class NoFeedFiles:
    """`FeedFiles` of a caller that fetches nothing."""

    def files_of(
        self, feeds: Sequence[RemoteFeed], *, campaign: Slug, hosts: Sequence[str]
    ) -> Mapping[RemoteFeed, Path | FeedNotFetched]:
        """Refuse every feed."""
        return {feed: FeedNotFetched("is a URL, and nothing is fetched here") for feed in feeds}


NO_FEED_FILES: FeedFiles = NoFeedFiles()


def is_url(source: str) -> bool:
    """Return whether a feed is named by URL."""
    return _URL.match(source) is not None


def further_name(feed: RemoteFeed) -> str:
    """Return the name of a second file that the same link gave for another sheet."""
    return f"{feed.source} ({feed.sheet or 'first sheet'})"


def download_url(url: str, *, sheet: str | None) -> str:
    """Return the URL of the file behind a link.

    The link of a Google Sheet, as a browser shows it, leads to a page; its export is a CSV file of
    one sheet, or a workbook if a sheet is named.
    """
    link = _SHEET.match(url)
    if link is None:
        return url
    published, document, page = link.groups()
    if page and page.strip("/").partition("/")[0] in ("export", "gviz", "pub"):
        return url
    kind = "csv" if sheet is None else "xlsx"
    gid = _GID.search(url)
    place = f"&gid={gid[1]}" if gid and sheet is None else ""
    if published:
        single = f"{place}&single=true" if place else ""
        return f"https://docs.google.com/spreadsheets/d/e/{document}/pub?output={kind}{single}"
    return f"https://docs.google.com/spreadsheets/d/{document}/export?format={kind}{place}"


def ending_of(start: bytes, *, url: str, media_type: str, file_name: str) -> str:
    """Return the kind of a fetched file as the ending of a name, such as `.csv`.

    The content decides whether it is a workbook or text; the names and the type that the host
    gives decide which text. Raises `FeedNotFetched` for content that is no table.
    """
    if start.startswith(b"PK\x03\x04"):
        return WORKBOOK
    for mark, kind in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise FeedNotFetched(f"gives {kind}, not a table")
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    asked = [*query.get("format", ()), *query.get("output", ())]
    names = [file_name, parts.path, *(f"x.{kind}" for kind in asked)]
    endings = [PurePosixPath(name).suffix.lower() for name in names]
    endings.append(_MEDIA_TYPES.get(media_type, ""))
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_structured = text.startswith((b"{", b"["))
    kinds = _STRUCTURED if is_structured else (*_DELIMITED, *_STRUCTURED)
    known = [ending for ending in endings if ending in kinds]
    return known[0] if known else ".json" if is_structured else ".csv"
