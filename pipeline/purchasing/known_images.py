"""The owners of image URLs and files: each belongs to one job."""

from pipeline.ledger.base import Ledger
from pipeline.model.job import Coordinates, Job, JobKey

UNNAMED = "another image"


class KnownImages:
    """The URLs and files of all jobs in a ledger, over all campaigns.

    They are kept as hashes, since a ledger may have a million of them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._urls: dict[int, JobKey] = {}
        self._files: dict[int, JobKey] = {}

    async def load(self) -> None:
        """Read them from the ledger; before that, only images of this run are known."""
        for record in await self._ledger.images():
            self._urls.setdefault(hash(record.url), record.job)
            if record.sha256:
                self._files.setdefault(hash(record.sha256), record.job)

    async def owner_of_url(self, job: Job, url: str) -> str:
        """Return the name of another job that has this URL; if empty, it is now this job's.

        If several jobs get the same URL at the same time, the first one keeps it.
        """
        return await self._name(job, self._urls.setdefault(hash(url), job.key))

    async def owner_of_file(self, job: Job, sha256: str, *, url: str) -> str:
        """Return the name of another job whose file has the same bytes; empty as for a URL.

        Cells that share one image have its URL too: `url` tells them from two images.
        """
        owner = self._files.setdefault(hash(sha256), job.key)
        return "" if self._urls.get(hash(url)) == owner else await self._name(job, owner)

    async def _name(self, job: Job, owner: JobKey) -> str:
        if owner == job.key:
            return ""
        known = (await self._ledger.entries([owner])).get(owner)
        return name_of(known.at) if known else UNNAMED


def name_of(at: Coordinates) -> str:
    """Return the name of an image for a person: `citrus/1x1 draft take 1 of soda`."""
    again = f" round {at.round}" if at.round > 1 else ""
    return f"{at.cell} {at.stage}{again} take {at.take} of {at.campaign}"
