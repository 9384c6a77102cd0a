"""Inspecting images through an executor, each image once over all runs of a campaign."""

from dataclasses import dataclass

from pipeline.errors import ImageBroken
from pipeline.executors.base import Executor
from pipeline.images.base import ImageStore
from pipeline.inspection.checks import Check, undecodable
from pipeline.inspection.task import inspect_of
from pipeline.model.artifact import Artifact
from pipeline.model.job import Job
from pipeline.state.output.kept_checks import ChecksRecord, KeptChecks, is_whole


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInspector:
    """Returns the checks of images: those kept from earlier, or new ones from the executor."""

    images: ImageStore
    executor: Executor
    kept: KeptChecks

    async def inspect(self, job: Job, artifact: Artifact) -> ChecksRecord:
        """Return the checks of an image, and make its thumbs.

        Raises `ImageBroken` if it cannot be decoded completely, `TaskFailed` if the inspection
        itself failed, and `LocalFault` if the disk fails or the file is gone. Safe to repeat.
        """
        known = self.kept.proven(artifact.sha256)
        if known is None:
            request = job.request
            task = inspect_of(
                self.images.location,
                artifact,
                campaign=job.at.campaign,
                size=request.size,
                background=request.background,
            )
            found = await self.executor.run(task)
            known = record_of(found.checks)
            self.kept.keep(artifact.sha256, known)
        elif not is_whole(known):
            raise ImageBroken("the image cannot be decoded")
        return known

    async def inspect_stored(self, job: Job, artifact: Artifact) -> ChecksRecord:
        """Return the checks of a stored image; if it is broken, one failed check."""
        try:
            return await self.inspect(job, artifact)
        except ImageBroken:
            broken = record_of(undecodable())
            self.kept.keep(artifact.sha256, broken)
            return broken


def record_of(checks: tuple[Check, ...]) -> ChecksRecord:
    """Return checks in the form of `checks.jsonl` and the run manifest."""
    return {
        str(check.name): {
            "passed": check.passed,
            "score": check.score,
            "threshold": check.threshold,
            "said": check.words,
        }
        for check in checks
    }
