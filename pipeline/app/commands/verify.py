"""Verifying stored images: their bytes against the ledger, and their pixels."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import campaign_in, late, ledger_in, require_ledger
from pipeline.errors import ImageBroken
from pipeline.executors.base import Executor, Task
from pipeline.images.base import ImageStore
from pipeline.images.reading import Condition, verify
from pipeline.images.registry import images_in
from pipeline.model.artifact import Artifact
from pipeline.model.names import Slug
from pipeline.model.outcome import Stored
from pipeline.settings import Settings
from pipeline.state.output.kept_checks import KeptChecks, is_whole, read_kept_checks

AT_ONCE = 16
"""Images that are read and decoded at one time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyReport:
    """The condition of stored files."""

    files: int
    whole: int
    bad: Mapping[str, str]
    """Path → `missing`, `changed` or `broken`, for each file that is not intact."""


def verify_files(file: Path | None, settings: Settings) -> VerifyReport:
    """Verify the stored files of one campaign, or of all.

    Each file is read and compared with the sha256 in the ledger. It is decoded as well, unless a
    run has recorded that it has all its pixels.
    """
    output = settings.output
    require_ledger(output)
    wanted = None if file is None else campaign_in(output, file)
    found = run_in_loop(_verify(output, wanted))
    bad = {path: str(condition) for path, condition in found if condition is not Condition.WHOLE}
    return VerifyReport(files=len(found), whole=len(found) - len(bad), bad=bad)


async def _verify(output: Path, wanted: Slug | None) -> list[tuple[str, Condition]]:
    stored: list[tuple[Slug, Artifact]] = []
    async with ledger_in(output, read_only=True) as ledger:
        for campaign in sorted({run.campaign for run in await ledger.runs(wanted)}):
            stored += [
                (campaign, entry.outcome.artifact)
                for entry in await ledger.campaign_entries(campaign)
                if isinstance(entry.outcome, Stored)
            ]
    kept = {campaign: read_kept_checks(output, campaign) for campaign, _ in stored}
    executor: Executor = late("executors.registry").open_executor()
    async with executor:
        verifier = _Verifier(images=images_in(output), executor=executor, kept=kept)
        return await verifier.conditions(stored)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verifier:
    images: ImageStore
    executor: Executor
    kept: Mapping[Slug, KeptChecks]

    async def conditions(
        self, stored: Sequence[tuple[Slug, Artifact]]
    ) -> list[tuple[str, Condition]]:
        """Return the path and condition of each image, in the same order."""
        found: dict[int, Condition] = {}
        waiting = iter(enumerate(stored))

        async def work() -> None:
            for number, (campaign, artifact) in waiting:
                found[number] = await self._condition(campaign, artifact)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
        return [(one.path, found[number]) for number, (_, one) in enumerate(stored)]

    async def _condition(self, campaign: Slug, artifact: Artifact) -> Condition:
        condition = await asyncio.to_thread(verify, self.images, artifact)
        if condition is not Condition.WHOLE:
            return condition
        known = self.kept[campaign].proven(artifact.sha256)
        if known is not None:
            return Condition.WHOLE if is_whole(known) else Condition.BROKEN
        inspect = late("inspection.task").Inspect
        task = cast("Task[object]", inspect(images=self.images.location, path=artifact.path))
        try:
            await self.executor.run(task)
        except ImageBroken:
            return Condition.BROKEN
        return Condition.WHOLE
