"""The folders of a campaign's runs, in the order in which the runs began, and their manifests."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.files.unreadable import raise_machine_fault, read_open_file
from pipeline.model.job import JobKey
from pipeline.model.money import MoneyFormat, Unit
from pipeline.model.names import Account, CellName, Slug
from pipeline.model.run import RunId
from pipeline.providers.names import unit_of

MANIFEST = "manifest.json"
MOST_LISTED = 20_000
"""Most images that a run manifest lists itself; more are in a file beside it."""
BESIDE = "images.jsonl"
"""The file of those images: one JSON object on each line."""
NAMED_BY = "images_in"
"""The field of a run manifest that names that file."""
LOG = "log.jsonl"
TABLE = "images.csv"
HEAD = 256 * 1024 * 1024
"""Most bytes of a run manifest before its images: the sums of 200,000 products were there."""
PIECE = 64 * 1024
NEWEST = 20
"""Runs among which one on an account is looked for."""
IMAGES = b'\n "images": ['
_IMAGE = b"  {"
"""Begins the line of an image, after the one that ends with `IMAGES`."""
SUBMITTED = b'{"event": "submit"'
"""Begins the line of a run's log that records a request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestHead:
    """What a run manifest says before its images."""

    place: Path
    run: RunId
    account: str
    number: int
    """Its place among the runs that the ledger counted; 0 in manifests that do not tell."""
    confirmed: int
    in_doubt: int
    this_run: int
    """What the run itself had confirmed."""
    money: MoneyFormat
    """How its amounts are written."""
    finished: bool
    latest: bool
    """True if it is the one that `latest` leads to."""

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """Sorts the runs of a campaign by what the ledger counted, not by the clock.

        For manifests without a number the newest is known, and what was spent only ever grew.
        """
        return self.number, self.latest, self.confirmed, self.run

    @property
    def may_have_spent(self) -> bool:
        """Return whether the run can have bought anything that its manifest or log tells."""
        return bool(self.confirmed + self.in_doubt) or (not self.finished and self._has_submitted())

    def _has_submitted(self) -> bool:
        log = self.place.with_name(LOG)
        try:
            with log.open("rb") as lines:
                return any(line.startswith(SUBMITTED) for line in lines)
        except OSError as error:
            raise_machine_fault(error, log)
            return False


def run_folder(output: Path, campaign: Slug) -> Path:
    """Return the folder of all runs of a campaign."""
    return output / campaign / "runs"


def manifest_heads(output: Path, campaign: Slug) -> list[ManifestHead]:
    """Return what the run manifests of a campaign say, oldest first; unreadable ones are left out.

    The order is the one in which the runs began, whatever the clock said.
    """
    folder = run_folder(output, campaign)
    heads = (read_head(folder / name) for name in run_names(folder))
    return sorted((head for head in heads if head is not None), key=lambda head: head.order)


def run_names(folder: Path) -> list[RunId]:
    """Return the names of all runs that have a folder; none if there is no folder of runs.

    `LocalFault` if the machine fails: no run would look like one that the ledger does not lack.
    """
    try:
        return sorted(RunId(place.name) for place in folder.iterdir())
    except OSError as error:
        raise_machine_fault(error, folder)
        return []


def read_head(folder: Path) -> ManifestHead | None:
    """Return what the manifest in a run's folder says; `None` if there is none, or none of ours.

    `LocalFault` if the machine fails.
    """
    place = folder / MANIFEST
    try:
        content = json.loads(_before_images(place) + b'\n "images": []}')
        run = content["run"]
        money = _money(run)
        amounts = content["totals"][money.unit.field]
        return ManifestHead(
            place=place,
            run=RunId(folder.name),
            account=str(run["account"]),
            number=int(run.get("number") or 0),
            confirmed=int(amounts["confirmed"]),
            in_doubt=int(amounts["in_doubt"]),
            this_run=int(amounts["this_run"]),
            money=money,
            finished=run.get("finished") is not None,
            latest=_is_latest(folder),
        )
    except OSError as error:
        raise_machine_fault(error, place)
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def feeds_of(folder: Path) -> frozenset[str]:
    """Return the digests of the feeds that a run was made of; none if that cannot be read."""
    try:
        content = json.loads(_before_images(folder / MANIFEST) + b'\n "images": []}')
        return frozenset(str(sha256) for sha256 in content["run"]["feeds"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


def pace_of(output: Path, campaign: Slug) -> tuple[str, float] | None:
    """Return the account of the newest run, and its median seconds per image, if it tells both."""
    try:
        place = output / campaign / "latest" / MANIFEST
        content = json.loads(_before_images(place) + b'\n "images": []}')
        return str(content["run"]["account"]), float(content["totals"]["seconds"]["p50"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def tags_of(output: Path, campaign: Slug) -> Mapping[str, str]:
    """Return the tags of a campaign in its newest run manifest; none if there is none."""
    try:
        place = output / campaign / "latest" / MANIFEST
        content = json.loads(_before_images(place) + b'\n "images": []}')
        tags = [str(tag).partition("=") for tag in content["totals"]["by"]["tag"]]
        return {name: value for name, _, value in tags}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def takes_before_rerolls(output: Path, campaign: Slug) -> Mapping[str, int]:
    """Return the takes of each stage whose images are rendered anew if they miss a check."""
    try:
        place = output / campaign / "latest" / MANIFEST
        content = json.loads(_before_images(place) + b'\n "images": []}')
        return {str(stage): int(takes) for stage, takes in content["run"]["rerolls_after"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def has_finals(output: Path, campaign: Slug) -> bool:
    """Return whether the newest run of a campaign was asked for finals."""
    try:
        place = output / campaign / "latest" / MANIFEST
        content = json.loads(_before_images(place) + b'\n "images": []}')
        return "final" in content["run"]["stages"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _money(run: Mapping[str, Any]) -> MoneyFormat:
    price = run.get("price") or {}
    per_credit = price.get("per_credit")
    return MoneyFormat(
        unit=Unit(run.get("unit") or Unit.CREDITS),
        currency=str(price.get("currency") or ""),
        per_credit=None if per_credit is None else Decimal(str(per_credit)),
    )


def money_of(output: Path, campaign: Slug, account: Account) -> MoneyFormat:
    """Return how the amounts of an account are written: as its newest run of the campaign did."""
    folder = run_folder(output, campaign)
    for name in reversed(run_names(folder)[-NEWEST:]):
        head = read_head(folder / name)
        if head is not None and head.account == account:
            return head.money
    return MoneyFormat(unit=unit_of(account))


def _is_latest(folder: Path) -> bool:
    link = folder.parent.parent / "latest"
    try:
        return link.is_symlink() and link.readlink().name == folder.name
    except OSError:
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedImage:
    """An image in the table of a run: one that the campaign had when the run wrote it."""

    cell: CellName
    payer: JobKey
    """The job that pays for it: its own, or that of the cell whose image it shares."""
    stage: str = ""
    """`draft` or `final`."""
    missed: str = ""
    """The campaign's checks that it missed; empty if there are none."""


def newest_table(output: Path, campaign: Slug) -> Mapping[JobKey, ListedImage] | None:
    """Return the images in the newest run's table, in its order; `None` if it cannot be read."""
    images: dict[JobKey, ListedImage] = {}
    try:
        with (output / campaign / "latest" / TABLE).open(
            encoding="utf-8", errors="surrogateescape", newline=""
        ) as table:
            rows = csv.reader(table)
            columns = next(rows)
            job, cell, shared = (columns.index(name) for name in ("job", "cell", "shared_with"))
            stage = columns.index("stage")
            missed = columns.index("missed") if "missed" in columns else None
            for row in rows:
                images[JobKey(row[job])] = ListedImage(
                    cell=CellName(row[cell]),
                    payer=JobKey(row[shared] or row[job]),
                    stage=row[stage],
                    missed="" if missed is None else row[missed],
                )
    except (OSError, ValueError, IndexError, StopIteration, csv.Error):
        return None
    return images


def _before_images(place: Path) -> bytes:
    """Return the head of a run manifest, without reading its images."""
    with place.open("rb") as opened:
        return _up_to_images(iter(lambda: read_open_file(opened, PIECE), b""))


def _up_to_images(pieces: Iterator[bytes]) -> bytes:
    start = bytearray()
    for piece in pieces:
        unseen = max(0, len(start) - len(IMAGES))
        start += piece
        found = start.find(IMAGES, unseen)
        if found >= 0:
            return bytes(start[:found])
        if len(start) > HEAD:
            break
    raise ValueError("this is not a run manifest: it has no images")


def manifest_parts(file: Path) -> tuple[Any, Iterable[Any]]:
    """Return a parsed run manifest without its images, and its images.

    This program writes each image on a line of its own. A manifest that another program has
    written anew is read as well, but as a whole. Raises `OSError`, and `ValueError` for what is no
    JSON, also while the images are read.
    """
    around, inside = [], False
    with file.open("rb") as lines:
        for line in lines:
            inside = line.rstrip(b"\r\n") == IMAGES[1:] or (inside and line.startswith(_IMAGE))
            if not (inside and line.startswith(_IMAGE)):
                around.append(line)
    rest = json.loads(b"".join(around))
    if not isinstance(rest, dict):
        return rest, ()
    listed = rest.pop("images", None)
    if rest.get(NAMED_BY) == BESIDE:
        return rest, _rows_beside(file.with_name(BESIDE))
    return rest, listed or _rows(file)


def _rows(file: Path) -> Iterator[Any]:
    inside = False
    with file.open("rb") as lines:
        for line in lines:
            inside = line.rstrip(b"\r\n") == IMAGES[1:] or (inside and line.startswith(_IMAGE))
            if inside and line.startswith(_IMAGE):
                yield json.loads(line.rstrip().rstrip(b","))


def _rows_beside(file: Path) -> Iterator[Any]:
    with file.open("rb") as lines:
        for line in lines:
            yield json.loads(line)
