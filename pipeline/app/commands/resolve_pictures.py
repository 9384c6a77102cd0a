"""The pictures in the sealed reply to a purchase in doubt: naming them, and writing them out."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.errors import ImageBroken, ImageGone, UsageError
from pipeline.images.formats import jpeg, png, webp
from pipeline.model.entry import Entry
from pipeline.network.reply import plain
from pipeline.providers.openai_api.kept_replies import SEALED
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.system_errors import not_written


def pictures_of(replies: SealedReplies, entry: Entry) -> Sequence[str]:
    """Return the sources of the pictures that the newest purchase of an image delivered."""
    return replies.pictures(entry.purchase) if entry.purchase else ()


def refuse_other_source(source: str, *, known: Sequence[str]) -> None:
    """Raise `UsageError` for a picture that is not in a reply to this purchase."""
    if source not in known:
        there = f"; there are {', '.join(known)}" if known else "; none is kept"
        raise UsageError(f"no kept reply for this image holds {plain(source, 80)}{there}")


async def write_pictures(
    replies: SealedReplies, entries: Sequence[Entry], folder: Path
) -> Sequence[Path]:
    """Write every picture that was delivered for these images into a folder; return the files.

    Raises `UsageError` if none was, or if another file has the name of one.
    """
    files = []
    for entry in entries:
        for number, source in enumerate(pictures_of(replies, entry), start=1):
            with suppress(ImageGone, ImageBroken):
                content = await _content(replies, source)
                name = (
                    f"{str(entry.at.cell).replace('/', '_')}-{entry.at.stage}-take-{entry.at.take}"
                )
                file = folder / f"{name}-picture-{number}.{_ending(content)}"
                await asyncio.to_thread(_write, file, content)
                files.append(file)
    if not files:
        raise UsageError(
            "no reply with a picture is kept for these images: a provider whose replies name "
            "URLs, or a request that got no answer, leaves none"
        )
    return files


async def _content(replies: SealedReplies, source: str) -> bytes:
    async with replies.open_picture(source) as pieces:
        return b"".join([piece async for piece in pieces])


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError as error:
        if not file.is_file() or file.read_bytes() != content:
            raise UsageError(f"{file} is another file; name an empty folder") from error
    except OSError as error:
        raise not_written(file, error) from error


def _ending(content: bytes) -> str:
    if content.startswith(png.SIGNATURE):
        return "png"
    if content.startswith(jpeg.SIGNATURE):
        return "jpg"
    return "webp" if webp.is_webp(content) else "bin"


def is_sealed(source: str) -> bool:
    """Return True if this is the source of a picture in a sealed reply, and no URL."""
    return source.startswith(SEALED)
