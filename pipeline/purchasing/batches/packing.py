"""Dividing jobs into orders: of one model and endpoint, and of a size that can be collected."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.model.job import Job
from pipeline.model.providers.request import RenderRequest
from pipeline.model.providers.sizing import sides_of

MEBIBYTE = 1024 * 1024
_BYTES_A_PIXEL = 4
"""Bytes of a picture in a file of results: a PNG of three bytes a pixel, in base64."""
_LINE = 1024
"""Bytes of a line besides its prompt and its pictures."""
_ESCAPED = 6
"""Bytes of one character of a prompt in JSON, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchLimits:
    """The most that one order holds; OpenAI takes 50,000 lines and 200 MB."""

    images: int = 500
    picture_bytes: int = 2048 * MEBIBYTE
    """Expected bytes of the results."""
    file_bytes: int = 190 * MEBIBYTE
    """Bytes of the order itself, with its reference images."""


def packed(jobs: Iterable[Job], limits: BatchLimits) -> Iterator[Sequence[Job]]:
    """Yield the jobs of one order after the other, in the order of the jobs."""
    groups: dict[tuple[str, bool], list[Job]] = {}
    sizes: dict[tuple[str, bool], tuple[int, int]] = {}
    for job in jobs:
        kind = (job.request.model, bool(job.request.references))
        group = groups.setdefault(kind, [])
        pictures, lines = sizes.get(kind, (0, 0))
        pictures, lines = pictures + _picture_bytes(job.request), lines + line_bytes(job.request)
        full = len(group) >= limits.images or pictures > limits.picture_bytes
        if group and (full or lines > limits.file_bytes):
            yield group
            group = groups[kind] = []
            pictures, lines = _picture_bytes(job.request), line_bytes(job.request)
        group.append(job)
        sizes[kind] = (pictures, lines)
    yield from (group for group in groups.values() if group)


def line_bytes(request: RenderRequest) -> int:
    """Return the most bytes that a request takes as a line; a missing picture counts as empty."""
    sent = (*request.references, *([request.mask] if request.mask else []))
    pictures = (_size_of(one.path) * 4 // 3 + 64 for one in sent)
    return _LINE + _ESCAPED * len(request.prompt) + sum(pictures)


def _picture_bytes(request: RenderRequest) -> int:
    width, height = sides_of(request.size) or (1024, 1024)
    return width * height * _BYTES_A_PIXEL


def _size_of(path: str) -> int:
    try:
        return Path(path).stat().st_size if path else 0
    except OSError:
        return 0
