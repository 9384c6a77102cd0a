"""Multipart bodies with images: read from their files while they are sent, and verified twice."""

import hashlib
import io
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import Rejected
from pipeline.model.providers.request import Reference
from pipeline.providers.masks import MaskPart, white_where_clear

_PIECE = 256 * 1024
_KINDS = {
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"RIFF": ("image/webp", "webp"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    head: bytes
    file: BinaryIO
    size: int
    reference: Reference


class EditForm:
    """A multipart body; its boundary comes from a key, so that the same request is the same body.

    The files are opened and hashed at once, and are read again, through the same descriptor, while
    they are sent. Close it in the end.
    """

    def __init__(
        self,
        fields: Mapping[str, str | int],
        references: Sequence[Reference],
        *,
        image_field: str,
        key: str,
        mask: MaskPart | None = None,
    ) -> None:
        """Open and verify the files; `Rejected` if one is missing, unreadable or has changed."""
        self._boundary = f"form-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        self._texts = b"".join(self._text(name, value) for name, value in fields.items())
        self._parts: list[_Part] = []
        try:
            for number, reference in enumerate(references, start=1):
                self._parts.append(self._part(image_field, f"image-{number}", reference))
            if mask is not None:
                self._parts.append(self._mask_part(mask))
        except BaseException:
            self.close()
            raise

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the body."""
        heads = sum(len(part.head) + part.size + len(b"\r\n") for part in self._parts)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(len(self._texts) + heads + len(self._end)),
        }

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body; `OSError` if a file changes while it is sent."""
        yield self._texts
        for part in self._parts:
            yield part.head
            digest = hashlib.sha256()
            for piece in _pieces(part.file):
                digest.update(piece)
                yield piece
            if digest.hexdigest() != part.reference.sha256:
                raise OSError(f"{part.reference.path} changed while it was sent")
            yield b"\r\n"
        yield self._end

    def close(self) -> None:
        """Close the files."""
        for part in self._parts:
            part.file.close()

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def _text(self, name: str, value: str | int) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        return f"{head}{value}\r\n".encode()

    def _mask_part(self, mask: MaskPart) -> _Part:
        if not mask.white_is_painted:
            return self._part(mask.field, "mask", mask.reference)
        content = white_where_clear(read_verified(mask.reference))
        sha256 = hashlib.sha256(content).hexdigest()
        return _Part(
            head=self._head(mask.field, "mask.png", "image/png"),
            file=io.BytesIO(content),
            size=len(content),
            reference=Reference(path=mask.reference.path, sha256=sha256),
        )

    def _head(self, field: str, name: str, media_type: str) -> bytes:
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n'
        ).encode()

    def _part(self, field: str, name: str, reference: Reference) -> _Part:
        file = _opened(reference)
        start = file.read(12)
        digest = hashlib.sha256()
        for piece in _pieces(file):
            digest.update(piece)
        kind = _kind(start)
        if kind is None or digest.hexdigest() != reference.sha256:
            file.close()
            raise Rejected(_changed(reference))
        media_type, ending = kind
        head = self._head(field, f"{name}.{ending}", media_type)
        size = os.fstat(file.fileno()).st_size
        return _Part(head=head, file=file, size=size, reference=reference)


def kind_of(content: bytes) -> str:
    """Return the media type of an image; `application/octet-stream` if it is none that is taken."""
    kind = _kind(content)
    return kind[0] if kind is not None else "application/octet-stream"


def _kind(start: bytes) -> tuple[str, str] | None:
    return next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), None)


def read_verified(reference: Reference) -> bytes:
    """Return the content of an image; `Rejected` if it is missing or has changed."""
    with _opened(reference) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != reference.sha256:
        raise Rejected(_changed(reference))
    return content


def _opened(reference: Reference) -> BinaryIO:
    try:
        descriptor = os.open(reference.path, os.O_RDONLY | os.O_CLOEXEC)
        return os.fdopen(descriptor, "rb")
    except OSError as error:
        name = Path(reference.path).name
        raise Rejected(
            f"the image {name} cannot be read ({error.strerror}); nothing was sent"
        ) from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _changed(reference: Reference) -> str:
    name = Path(reference.path).name
    return f"the image {name} has changed since it was planned; nothing was charged. Run it again"
