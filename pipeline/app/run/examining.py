"""Looking at stored images: what they show, once per image, and the scores of takes."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.adfiles.contents import ContentsRecord, PictureContents
from pipeline.adfiles.locate import Compare, Locate
from pipeline.errors import ArtifactError, TaskFailed
from pipeline.executors.base import Executor
from pipeline.images.base import ImageStore
from pipeline.inspection.readers import NEEDED, is_installed
from pipeline.model.artifact import Artifact
from pipeline.model.job import Job
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.review.auto_review import MeasureImage, TakeScore
from pipeline.state.output.kept_checks import ChecksRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureExaminer:
    """Finds out what pictures show, with an executor; each picture once over all runs."""

    images: ImageStore
    executor: Executor
    record: ContentsRecord
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def look(self, artifact: Artifact, *, examine: bool = False) -> PictureContents | None:
        """Return what a picture shows; with `examine` also its text and its colours.

        What the installed packages cannot look for is `None` in the result, and is looked for
        again once they are installed. `None` if the picture could not be looked at at all; what is
        made of it then says why. `LocalFault` if the disk fails.
        """
        async with self._turns[artifact.sha256]:
            known = self.record.known.get(artifact.sha256)
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
            self.record.add(found)
            return found

    async def compare(self, image: Artifact, beside: Artifact) -> None:
        """Record how alike two pictures are, unless it is known or cannot be measured."""
        if self.record.alike(image.sha256, beside.sha256) is not None:
            return
        task = Compare(images=self.images.location, paths=(image.path, beside.path))
        try:
            alike = await self.executor.run(task)
        except (ArtifactError, TaskFailed):
            return
        if alike is not None:
            self.record.add_pair(image.sha256, beside.sha256, alike=alike)


def _is_enough(known: PictureContents, *, examine: bool) -> bool:
    """Return whether looking again would find nothing more."""
    if is_installed(*NEEDED):
        return known.is_examined if examine else known.copy is not None
    return known.colors is not None or not examine


def take_score(inspector: ImageInspector) -> MeasureImage:
    """Return a function that scores the image of a take."""

    async def score(job: Job, artifact: Artifact) -> TakeScore:
        return score_of(await inspector.inspect_stored(job, artifact))

    return score


def score_of(known: ChecksRecord) -> TakeScore:
    """Return the score of an image with these checks."""
    found = [check for check in known.values() if isinstance(check, dict)]
    return TakeScore(
        passed=all(bool(check["passed"]) for check in found),
        score=sum(min(1.0, float(check["score"])) for check in found),
        words="; ".join(str(check["said"]) for check in found),
    )
