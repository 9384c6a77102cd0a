"""Looking at stored images: what they show, once per image, and the scores of takes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.adfiles.contents.locate import Compare, Locate
from pipeline.adfiles.contents.picture_contents import PictureContents
from pipeline.errors import ArtifactError, TaskFailed
from pipeline.executors.base import Executor
from pipeline.images.base import ImageStore
from pipeline.inspection.checks import CheckName
from pipeline.inspection.readers import NEEDED, is_installed
from pipeline.model.artifact import Artifact
from pipeline.model.check import CampaignCheck, CheckOutcome
from pipeline.model.job import Job
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.review.auto_review import MeasureImage, TakeScore
from pipeline.state.checks.results import CampaignChecks, draft_of
from pipeline.state.lookup import Entries, artifact_of
from pipeline.state.output.kept_checks import ChecksRecord
from pipeline.system_errors import expected_errors


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureExaminer:
    """Finds out what pictures show, with an executor; each picture once over all runs."""

    images: ImageStore
    executor: Executor
    checks: CampaignChecks
    stopped: Callable[[], bool] = lambda: False
    """Returns True if no further picture may be begun."""
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def examine(self, jobs: Sequence[Job], entries: Entries) -> None:
        """Find out what the campaign's checks need to know of the stored images of these jobs.

        Nothing is looked at twice, over all runs. `LocalFault` if the disk fails.
        """
        if not self.checks.rules:
            return
        pictures = {
            artifact.sha256: (job, artifact)
            for job in jobs
            if (artifact := artifact_of(job, entries)) is not None
        }
        free = asyncio.Semaphore(self.executor.at_once)
        with expected_errors():
            async with asyncio.TaskGroup() as group:
                for job, artifact in pictures.values():
                    await free.acquire()
                    if self.stopped():
                        break
                    task = group.create_task(self._examine(job, artifact, entries))
                    task.add_done_callback(lambda _: free.release())

    async def _examine(self, job: Job, artifact: Artifact, entries: Entries) -> None:
        if self.checks.examines:
            await self.look(artifact, examine=True)
        draft = draft_of(job, entries)
        if CampaignCheck.DRIFT in self.checks.rules and draft is not None:
            await self.compare(artifact, draft)

    async def look(self, artifact: Artifact, *, examine: bool = False) -> PictureContents | None:
        """Return what a picture shows; with `examine` also its text and its colours.

        What the installed packages cannot look for is `None` in the result, and is looked for
        again once they are installed. `None` if the picture could not be looked at at all; what is
        made of it then says why. `LocalFault` if the disk fails.
        """
        async with self._turns[artifact.sha256]:
            known = self.checks.contents.known.get(artifact.sha256)
            if known is not None and _is_enough(known, examine=examine):
                return known
            task = Locate(
                images=self.images.location,
                path=artifact.path,
                sha256=artifact.sha256,
                examine=examine,
            )
            try:
                found = await self.executor.run(task)
            except (ArtifactError, TaskFailed):
                return known
            self.checks.contents.add(found)
            return found

    async def compare(self, image: Artifact, beside: Artifact) -> None:
        """Record how alike two pictures are, unless it is known or cannot be measured."""
        if self.checks.contents.alike(image.sha256, beside.sha256) is not None:
            return
        task = Compare(images=self.images.location, paths=(image.path, beside.path))
        try:
            alike = await self.executor.run(task)
        except (ArtifactError, TaskFailed):
            return
        if alike is not None:
            self.checks.contents.add_pair(image.sha256, beside.sha256, alike=alike)


def _is_enough(known: PictureContents, *, examine: bool) -> bool:
    """Return whether looking again would find nothing more."""
    if is_installed(*NEEDED):
        return known.is_examined if examine else known.copy is not None
    return known.colors is not None or not examine


def take_score(inspector: ImageInspector, checks: CampaignChecks) -> MeasureImage:
    """Return a function that scores the image of a take.

    A take that misses one of the campaign's checks is not chosen.
    """

    async def score(job: Job, artifact: Artifact) -> TakeScore:
        known = score_of(await inspector.inspect_stored(job, artifact))
        results = checks.of_draft(job, artifact)
        misses = [one for one in results if one.result in (CheckOutcome.FLAG, CheckOutcome.FAIL)]
        return TakeScore(
            passed=known.passed and not misses,
            score=known.score + sum(min(1.0, one.score / one.threshold) for one in results),
            words="; ".join(filter(None, (known.words, *map(str, misses)))),
        )

    return score


def score_of(known: ChecksRecord) -> TakeScore:
    """Return the score of an image with these checks.

    What a picture says of its subject is for a person to read. It does not hold a campaign up whose
    product the offline painter does not know: the painter shows its name instead.
    """
    found = [
        check
        for name, check in known.items()
        if isinstance(check, dict) and name != CheckName.SUBJECT
    ]
    return TakeScore(
        passed=all(bool(check["passed"]) for check in found),
        score=sum(min(1.0, float(check["score"])) for check in found),
        words="; ".join(str(check["said"]) for check in found if not check["passed"]),
    )
