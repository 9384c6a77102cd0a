"""Addresses of object stores: `s3://bucket/prefix`, `gs://`, `az://`, `file://` or a folder."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from pipeline.errors import UsageError

S3, GOOGLE, AZURE, SHARED_FOLDER = "s3", "gs", "az", "file"
SCHEMES = (S3, GOOGLE, AZURE, SHARED_FOLDER)
FORMS = "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", re.ASCII)
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.ASCII | re.IGNORECASE)
_UNFIT = re.compile(r"[\x00-\x1f\x7f\\?#*{}\[\]|<>\"^`~]")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreAddress:
    """A bucket or a folder, and the prefix below which everything lies; holds no secret."""

    scheme: str
    bucket: str
    """Empty for a folder."""
    prefix: str
    """Without slashes at its ends; for a folder, its absolute path without the first slash."""

    @property
    def url(self) -> str:
        """The address as it was written, without a slash at its end."""
        return f"{self.scheme}://" + "/".join(part for part in self._parts if part is not None)

    @property
    def _parts(self) -> tuple[str | None, ...]:
        return self.bucket, self.prefix or None

    def at(self, path: str) -> str:
        """Return the URL of an object, by its path below the address."""
        return f"{self.url}/{path}"

    def path_in(self, other: "StoreAddress") -> str | None:
        """Return the path of this address below another one; `None` if it is elsewhere."""
        if self.url == other.url:
            return ""
        inside = self.url.removeprefix(f"{other.url}/")
        return inside if inside != self.url else None


def is_store_url(text: str) -> bool:
    """Return whether a destination is an object store, and no path of this machine."""
    found = _URL.match(text)
    return found is not None and found[1].lower() in SCHEMES


def store_address(text: str) -> StoreAddress:
    """Return the address that a text names; `UsageError` says what is wrong.

    A URL with a user, a password or a query is refused, and not repeated in the message:
    credentials come from the environment.
    """
    found = _URL.match(text)
    if found is None:
        if not text.startswith("/"):
            raise UsageError(f"{text!r} is no address of a store: write {FORMS}, or /folder")
        return _folder(text)
    scheme, rest = found[1].lower(), text[found.end() :]
    if "@" in rest.partition("/")[0] or "?" in rest:
        raise UsageError(
            f"a {scheme}:// address holds no credentials and no query: write {FORMS}; "
            "credentials come from the environment"
        )
    if scheme not in SCHEMES:
        raise UsageError(f"{scheme}:// is no store that is known here: write {FORMS}")
    if scheme == SHARED_FOLDER:
        if not rest.startswith("/"):
            raise UsageError(f"{text!r} needs the folder's absolute path: file:///folder")
        return _folder(rest)
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{bucket!r} is no name of a bucket: write {FORMS}")
    return StoreAddress(scheme=scheme, bucket=bucket, prefix=_prefix(prefix))


def _folder(path: str) -> StoreAddress:
    return StoreAddress(scheme=SHARED_FOLDER, bucket="", prefix=_prefix(path[1:]))


def _prefix(text: str) -> str:
    parts = text.removesuffix("/").split("/")
    if parts == [""]:
        return ""
    if any(part in ("", ".", "..") or _UNFIT.search(part) for part in parts):
        raise UsageError(f"{text!r} is no plain path below a bucket: no //, .. or odd characters")
    return "/".join(parts)


_PATH = re.compile(r"\{\{\s*path\s*\}\}")
_BRACES = re.compile(r"\{\{.*?\}\}|\{\{|\}\}|\{%|%\}")
_VARIABLE = re.compile(r"\{\{\s*env\.[A-Za-z_][A-Za-z0-9_]*\s*\}\}", re.ASCII)


def public_url_problem(template: str) -> str:
    """Return what is wrong with a template of public URLs; empty if nothing is."""
    if not _PATH.search(template):
        return "must contain {{ path }}, the path of the file below output.store"
    bare = _VARIABLE.sub("", _PATH.sub("", template))
    if found := _BRACES.search(bare):
        return f"{found[0]} is not filled in; only {{{{ path }}}} and {{{{ env.NAME }}}} are"
    if not template.startswith(("https://", "http://", "{{")):
        return "must begin with https:// or http://"
    return ""


def public_url(template: str, path: str) -> str:
    """Return the public URL of an object by its path below the store; empty without a template."""
    return _PATH.sub(lambda _: quote(path), template) if template else ""


MIME = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def mime_of(path: str) -> str:
    """Return the media type that an object gets by the ending of its path."""
    return MIME.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")
