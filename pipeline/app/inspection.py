"""Looking at every image that arrives: decoded, measured and thumbed beside the event loop."""

from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import ImageBroken
from pipeline.executors.process_pool import ProcessPool
from pipeline.inspection.checks import Check, checks
from pipeline.inspection.inspector import Looker
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Slug
from pipeline.model.job import Job
from pipeline.review.auto_review import TakeScore
from pipeline.state.output.kept_checks import ChecksRecord, KeptChecks


class Inspector:
    """A `Look` whose findings last; its workers live while it is entered."""

    def __init__(self, output: Path, campaign: Slug) -> None:
        self._campaign = campaign
        self._workers = ProcessPool()
        self._looker = Looker(output, self._workers)
        self._findings = KeptChecks(output, campaign)

    @property
    def findings(self) -> KeptChecks:
        """What was measured, over all runs."""
        return self._findings

    async def __aenter__(self) -> Self:
        self._findings.load()
        await self._workers.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._workers.__aexit__(kind, error, trace)

    async def __call__(self, job: Job, artifact: Artifact) -> TakeScore:
        """Measure an image, or remember what was measured; makes its thumbs on the way."""
        known = self._findings.known.get(artifact.sha256)
        if known is None:
            known = measured(await self._look(job, artifact))
            self._findings.keep(artifact.sha256, known)
        return marks_of(known)

    async def _look(self, job: Job, artifact: Artifact) -> tuple[Check, ...]:
        request = job.request
        try:
            look = await self._looker.look(artifact, thumbs_for=self._campaign)
        except ImageBroken:
            look = None
        return checks(look, size=request.size, background=request.background)


def measured(found: tuple[Check, ...]) -> ChecksRecord:
    """Checks as the run manifest tells them."""
    return {
        str(check.name): {
            "passed": check.passed,
            "score": check.score,
            "threshold": check.threshold,
            "said": check.words,
        }
        for check in found
    }


def marks_of(known: ChecksRecord) -> TakeScore:
    """What the choice between takes goes by."""
    found = [check for check in known.values() if isinstance(check, dict)]
    return TakeScore(
        passed=all(bool(check["passed"]) for check in found),
        score=sum(min(1.0, float(check["score"])) for check in found),
        words="; ".join(str(check["said"]) for check in found),
    )
