"""Scores of takes for `review: auto`, from the checks of their images."""

from pipeline.model.artifact import Artifact
from pipeline.model.job import Job
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.review.auto_review import MeasureImage, TakeScore
from pipeline.state.output.kept_checks import ChecksRecord


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
