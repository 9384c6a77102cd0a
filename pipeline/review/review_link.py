"""The link to a campaign's review page, which is kept so that it survives a restart."""

import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.files.unreadable import read_file
from pipeline.model.names import Slug

NAME = "review-link.json"
_LARGEST_PORT = 65535


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewLink:
    """What the link to a page consists of, besides the host."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    port: int = 0
    """The port that the page had last; 0 if it was not served yet."""


def kept_link(output: Path, campaign: Slug) -> ReviewLink:
    """Return the link that the campaign's page had last; a new one if none is kept."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(read_file(output / campaign / NAME))
        token, port = kept["token"], kept["port"]
        if isinstance(token, str) and token and type(port) is int and 0 <= port <= _LARGEST_PORT:
            return ReviewLink(token=token, port=port)
    return ReviewLink()


def keep_link(output: Path, campaign: Slug, link: ReviewLink) -> None:
    """Keep the link in a file that only its owner can read.

    If it cannot be written, the page works as well, and has another link next time.
    """
    at = ConfinedPath(folders=(campaign,), name=NAME)
    with suppress(OSError):
        make_folders(output, at.folders)
        write_whole(output, at, f"{json.dumps(asdict(link))}\n".encode(), mode=0o600)
