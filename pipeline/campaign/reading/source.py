"""Reading the text of a file, with checks of its size and encoding."""

import codecs
import os
import re
import stat
from pathlib import Path

from pipeline.campaign.findings import Place, refusal
from pipeline.files.unreadable import raise_machine_fault, read_open_file
from pipeline.suggestions import nearest

TEXT_LIMIT = 8 * 1024 * 1024
"""Largest campaign, template or partial file, in bytes."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Characters that no text may contain. A negated set would take ten times as long to compile."""
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_bytes(path: Path, *, shown: str, limit: int) -> bytes:
    """Return the content of a regular file; raise `CampaignError` if it exceeds `limit` bytes.

    `LocalFault` if the machine fails, whatever the file holds.
    """
    at = Place(shown)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise_machine_fault(error, path)
        complaint = f"cannot be read: {error.strerror}{meant_file(path, shown)}"
        raise refusal(complaint, at=at, code="file") from error
    except ValueError as error:
        raise refusal(f"is not a valid file name: {error}", at=at, code="file") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise refusal("is not a regular file", at=at, code="file")
        if found.st_size > limit:
            size = f"{found.st_size / 1e6:.0f} MB; at most {limit / 1e6:.0f} MB are read"
            raise refusal(f"is too large: {size}", at=at, code="file-size")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = read_open_file(file, limit + 1)
    except OSError as error:
        raise_machine_fault(error, path)
        raise refusal(f"cannot be read: {error.strerror}", at=at, code="file") from error
    finally:
        os.close(handle)
    if len(content) > limit:
        raise refusal(f"is too large: more than {limit / 1e6:.0f} MB", at=at, code="file-size")
    return content


def meant_file(path: Path, shown: str) -> str:
    """Return ` (did you mean campaigns/tea.yaml?)`, or an empty text if no file is similar.

    A wrong folder and a missing ending are found too, but nothing outside the folder that the name
    begins in.
    """
    try:
        if path.exists():
            return ""
        folder = path.parent
        if not folder.is_dir():
            near = nearest(
                folder.name, [one.name for one in folder.parent.iterdir() if one.is_dir()]
            )
            folder = folder.parent / near if near else folder
        names = sorted(one.name for one in folder.iterdir() if one.is_file())
    except (OSError, ValueError):
        return ""
    if path.suffix:
        names = [name for name in names if Path(name).suffix == path.suffix] or names
    same = path.name if path.name in names and folder != path.parent else ""
    stems = {Path(name).stem: name for name in reversed(names)}
    meant = same or stems.get(path.name) or stems.get(nearest(path.stem, stems) or "")
    if not meant:
        return ""
    start = Path(shown).parent.parent / folder.name if folder != path.parent else Path(shown).parent
    return f" (did you mean {start / meant}?)"


def read_text(path: Path, *, shown: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text of a UTF-8 file, without its byte order mark; errors as in `decode`."""
    return decode(read_bytes(path, shown=shown, limit=limit), shown=shown)


def decode(content: bytes, *, shown: str) -> str:
    """Return bytes as text; raise `CampaignError` at the first wrong byte or character."""
    if content.startswith(_WIDE) or content[:4].count(0) > 1:
        raise refusal(
            f"is UTF-16 or UTF-32; {_saving(shown)}", at=Place(shown, 1, 1), code="encoding"
        )
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = _place(shown, content[: error.start].decode("utf-8"))
        byte = f"byte 0x{content[error.start]:02X}"
        raise refusal(f"{byte} is not UTF-8; {_saving(shown)}", at=at, code="encoding") from error
    wrong = _FORBIDDEN.search(text)
    if wrong:
        raise refusal(
            f"holds the character U+{ord(wrong[0]):04X}, which no text may hold",
            at=_place(shown, text[: wrong.start()]),
            code="character",
        )
    return text


def _saving(shown: str) -> str:
    if shown.lower().endswith((".csv", ".tsv")):
        return "save it as CSV UTF-8 (so named in Excel's list of formats)"
    return "save the file as UTF-8"


def _place(shown: str, before: str) -> Place:
    lines = before.split("\n")
    return Place(shown, len(lines), len(lines[-1]) + 1)
