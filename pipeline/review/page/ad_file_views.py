"""The ad files of one cell for the loupe: pictures, boxes, flags, and windows that are tried."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aiohttp import web

from pipeline.adfiles.choice import checked_choice
from pipeline.adfiles.contents.locate import Locate
from pipeline.adfiles.contents.picture_contents import PictureContents
from pipeline.adfiles.derive import AdFilePreview, PreviewAdFile
from pipeline.adfiles.record import AdFileRow
from pipeline.errors import ArtifactError, LocalFault, TaskFailed, UsageError
from pipeline.executors.base import Executor
from pipeline.images.base import ImageStore
from pipeline.images.boxes import PictureBoxes
from pipeline.images.reading import read_file
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import (
    AdFileApproval,
    Flag,
    Recipe,
    WindowChoice,
    flags_in_words,
)
from pipeline.model.adfiles.placement import ImageFormat, Sides
from pipeline.model.artifact import Artifact
from pipeline.model.check import CheckOutcome
from pipeline.model.names import CellName, Stage
from pipeline.review.ad_files import decide_ad_files, look_words
from pipeline.review.page.pictures import ServedPicture
from pipeline.review.page.review_state import ReviewState
from pipeline.review.verdicts import clean_name
from pipeline.state.campaign_state import CellRow, short
from pipeline.state.output.ad_files import PlannedAdFile

CACHE = 64 * 1024 * 1024
"""Most bytes of previews that are kept in memory."""

_TYPES = {
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.AVIF: "image/avif",
}

Json = object


class MakeAdFiles(Protocol):
    """Makes the ad files of some cells that are missing or changed; costs nothing."""

    async def __call__(self, cells: Sequence[CellName]) -> str:
        """Return why they could not be made now, such as a run that is active; empty if made."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownAdFile:
    """The ad file that a page shows; its recipe may have changed, but not its image."""

    take: int
    format: str
    source: str
    """The short hash of the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowOrder:
    """A window that a page wants to save."""

    shown: ShownAdFile
    base: int
    """The revision of its window that was shown; 0 if there was none."""
    window: Mapping[str, object]
    """`focus`, `zoom` and `keep`; without any, the planner decides again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalOrder:
    """Ad files that a page wants to approve, or whose approval it wants to withdraw."""

    approved: bool
    bases: Mapping[str, int]
    """The revision that was shown of each, by recipe."""


class AdFileViews:
    """Shows the ad files of a campaign, and records what people decide on them."""

    def __init__(
        self,
        *,
        review_state: ReviewState,
        images: ImageStore,
        executor: Executor,
        make: MakeAdFiles | None,
    ) -> None:
        self._review_state = review_state
        self._images, self._executor = images, executor
        self._make = make
        self._due: asyncio.Queue[CellName] = asyncio.Queue()
        self._previews: OrderedDict[str, AdFilePreview] = OrderedDict()
        self._previewing: dict[str, asyncio.Future[AdFilePreview]] = {}
        self._kept = 0
        self._contents: dict[str, PictureContents] = {}

    async def detail(self, row: CellRow, stage: Stage) -> dict[str, Json]:
        """Return everything that the loupe shows of a cell's ad files at a stage."""
        plan = await asyncio.to_thread(self._review_state.plan_ad_files, stage)
        files = [one for one in plan.files if one.cell == row.cell.name]
        placement, size = row.cell.size.placement, row.cell.size
        fields: dict[str, Json] = {
            "cell": row.cell.name,
            "stage": stage,
            "placement": {
                "id": size.id,
                "title": (placement.title if placement is not None else "") or size.id,
                "safe": placement.safe if placement is not None else (0, 0, 0, 0),
                "max_kb": placement.max_kb if placement is not None else None,
                "note": placement.note if placement is not None else "",
            },
            "reason": str(plan.missing.get(row.cell.name, "")),
            **self._window(row.cell.name, size.id, files),
        }
        fields["files"] = [await self._file(planned) for planned in files]
        return fields

    async def preview(self, row: CellRow, stage: Stage, order: WindowOrder) -> dict[str, Json]:
        """Return an ad file as it would be with another window; `UsageError` if that is wrong."""
        planned = await self._planned(row, stage, order.shown)
        choice = _choice(planned, order.window, by="preview", at="")
        fit = choice.fitted(planned.fit, planned.source.sha256)
        tried = replace(
            planned,
            recipe=replace(planned.recipe, focus=fit.focus, zoom=fit.zoom, keep=fit.keep),
        )
        return await self._framed(tried)

    async def take(
        self, row: CellRow, order: WindowOrder | ApprovalOrder, *, by: str, at: str
    ) -> WindowChoice | AdFileApproval | None:
        """Record what a person decided; return a decision that came first, if any."""
        if isinstance(order, WindowOrder):
            first: WindowChoice | AdFileApproval | None = await self._choose(
                row, order, by=by, at=at
            )
        else:
            first = await self._decide(row, order, by=by, at=at)
        await self._review_state.show_ad_files()
        return first

    async def _choose(
        self, row: CellRow, order: WindowOrder, *, by: str, at: str
    ) -> WindowChoice | None:
        planned = await self._planned(row, Stage.FINAL, order.shown)
        place = (row.cell.name, row.cell.size.id)
        choice = _choice(planned, order.window, by=clean_name(by), at=at)
        record = self._review_state.ad_files
        if not await asyncio.to_thread(record.choose, place, choice, base=order.base):
            return record.windows[place]
        self._due.put_nowait(row.cell.name)
        return None

    async def _decide(
        self, row: CellRow, order: ApprovalOrder, *, by: str, at: str
    ) -> AdFileApproval | None:
        plan = await asyncio.to_thread(self._review_state.plan_ad_files, Stage.FINAL)
        record, bases = self._review_state.ad_files, order.bases
        known = [one for one in plan.files if one.cell == row.cell.name and one.recipe.id in bases]
        rows = [found for one in known if (found := record.find(one.path)) is not None]
        if len(rows) != len(bases):
            raise UsageError(
                f"the ad files of {row.cell.name} have changed since the page showed them: "
                "look again"
            )
        return await asyncio.to_thread(
            decide_ad_files, record, rows, approved=order.approved, by=by, at=at, bases=bases
        )

    async def make_next(self) -> None:
        """Wait for a cell whose window was changed, and make its ad files."""
        cells = [await self._due.get()]
        while not self._due.empty():
            cells.append(self._due.get_nowait())
        if self._make is None:
            return
        reason = await self._make(list(dict.fromkeys(cells)))
        self._review_state.complain("adfiles", reason)
        await self._review_state.refresh()

    async def file(self, name: str) -> ServedPicture:
        """Return an ad file by the short hash of its bytes; 404 if there is none, 410 if gone."""
        rows = (row.made for row in self._review_state.ad_files)
        made = next((one for one in rows if short(one.sha256) == name), None)
        if made is None:
            raise web.HTTPNotFound(text="no such ad file in this campaign")
        try:
            body = await asyncio.to_thread(read_file, self._images, made.path)
        except (FileNotFoundError, LocalFault) as error:
            raise web.HTTPGone(text=f"{made.path} is not on disk any more") from error
        return ServedPicture(body=body, content_type=_TYPES[made.format])

    def previewed(self, recipe: str) -> ServedPicture:
        """Return a preview that a page has asked for; raise 404 if it is not kept."""
        found = self._previews.get(recipe)
        if found is None or not found.content:
            raise web.HTTPNotFound(text="no such preview; open the cell again")
        return ServedPicture(body=found.content, content_type=found.content_type)

    async def _planned(self, row: CellRow, stage: Stage, shown: ShownAdFile) -> PlannedAdFile:
        plan = await asyncio.to_thread(self._review_state.plan_ad_files, stage)
        for planned in plan.files:
            found = ShownAdFile(
                take=planned.job.at.take,
                format=planned.recipe.format,
                source=short(planned.source.sha256),
            )
            if planned.cell == row.cell.name and found == shown:
                return planned
        raise UsageError(
            f"the image of {row.cell.name} has changed since the page showed it: look again"
        )

    def _window(self, cell: str, size: str, files: Sequence[PlannedAdFile]) -> dict[str, Json]:
        """Return the window that a person chose, and whether it is for the image shown."""
        record = self._review_state.ad_files
        chosen = record.windows.get((cell, size))
        fields: dict[str, Json] = {"window": None, "revision": record.window_revision((cell, size))}
        if chosen is not None and not chosen.withdrawn:
            fields["window"] = {
                "focus": chosen.focus,
                "zoom": chosen.zoom,
                "keep": chosen.keep,
                "by": chosen.by,
                "at": chosen.at,
                "holds": any(chosen.source_sha256 == one.source.sha256 for one in files),
            }
        return fields

    async def _file(self, planned: PlannedAdFile) -> dict[str, Json]:
        """Return one ad file: as it is on disk, else as it will be."""
        fields = await self._framed(planned)
        row = self._review_state.ad_files.find(planned.path)
        pixels = planned.recipe.pixels or (planned.source.width, planned.source.height)
        return {
            **fields,
            "name": planned.name,
            "take": planned.job.at.take,
            "format": planned.recipe.format,
            "pixels": pixels,
            "source": {
                "image": short(planned.source.sha256),
                "width": planned.source.width,
                "height": planned.source.height,
            },
            "revision": self._review_state.ad_files.approval_revision(planned.recipe.id),
            **(self._made(row) if row is not None else {}),
        }

    def _made(self, row: AdFileRow) -> dict[str, Json]:
        made = row.made
        given = self._review_state.ad_files.approvals.get(made.recipe)
        results = self._review_state.ad_file_results
        fields: dict[str, Json] = {
            "image": short(made.sha256),
            "bytes": made.bytes,
            "quality": made.quality,
            "framing": made.framing,
            "kept": made.kept,
            "extended": made.extended,
            "scale": made.scale,
            "flags": look_words(made, results),
            "failed": [
                str(one) for one in results.get(made.path, ()) if one.result is CheckOutcome.FAIL
            ],
        }
        if given is not None and given.approved:
            fields["approval"] = {"by": given.by, "at": given.at}
        return fields

    async def _framed(self, planned: PlannedAdFile) -> dict[str, Json]:
        """Return the window and the boxes of a recipe, in shares of the image."""
        try:
            found = await self._previewed(planned)
        except (ArtifactError, TaskFailed, LocalFault) as error:
            return {"recipe": planned.recipe.id, "refused": str(error), "flags": []}
        shape, framed = found.shape, found.planned
        # A draft has few pixels, and its final has more.
        flags = [
            flag
            for flag in framed.flags
            if flag is not Flag.UPSCALED or planned.job.at.stage is Stage.FINAL
        ]
        return {
            "recipe": planned.recipe.id,
            "refused": found.refused,
            "window": _shares(framed.window, shape.frame),
            "framing": framed.framing,
            "kept": round(framed.kept, 4),
            "extended": round(framed.extended, 4),
            "scale": round(framed.scale, 4),
            "flags": flags_in_words(flags, extended=framed.extended, scale=framed.scale),
            "copy": [_shares(box, shape.frame) for box in shape.copy or ()],
            "product": None if shape.product is None else _shares(shape.product, shape.frame),
            "looked": shape.copy is not None,
        }

    async def _previewed(self, planned: PlannedAdFile) -> AdFilePreview:
        """Return the preview of a recipe, rendered once however many pages ask for it."""
        recipe: Recipe = planned.recipe
        known = self._previews.get(recipe.id)
        if known is not None:
            self._previews.move_to_end(recipe.id)
            return known
        going = self._previewing.get(recipe.id)
        if going is None:
            going = asyncio.ensure_future(self._render(planned))
            self._previewing[recipe.id] = going
            going.add_done_callback(lambda _: self._previewing.pop(recipe.id, None))
        found = await asyncio.shield(going)
        if recipe.id not in self._previews:
            self._previews[recipe.id] = found
            self._kept += len(found.content)
        while self._kept > CACHE:
            _, dropped = self._previews.popitem(last=False)
            self._kept -= len(dropped.content)
        return found

    async def _render(self, planned: PlannedAdFile) -> AdFilePreview:
        task = PreviewAdFile(
            images=self._images.location,
            source=planned.source.path,
            boxes=await self._boxes(planned.source),
            recipe=planned.recipe,
        )
        return await self._executor.run(task)

    async def _boxes(self, artifact: Artifact) -> PictureBoxes | None:
        """Return what was found in an image by a run, else look for it now."""
        found = self._contents.get(artifact.sha256)
        if found is None:
            record = await asyncio.to_thread(self._review_state.contents)
            found = record.known.get(artifact.sha256)
            if found is None:
                task = Locate(
                    images=self._images.location,
                    path=artifact.path,
                    sha256=artifact.sha256,
                    examine=False,
                )
                found = await self._executor.run(task)
                await asyncio.to_thread(record.add, found)
            self._contents[artifact.sha256] = found
        return found.boxes


def _choice(
    planned: PlannedAdFile, window: Mapping[str, object], *, by: str, at: str
) -> WindowChoice:
    return checked_choice(
        focus=window.get("focus"),
        zoom=window.get("zoom"),
        keep=window.get("keep") or (),
        source_sha256=planned.source.sha256,
        by=by,
        at=at,
    )


def _shares(box: Box, frame: Box) -> Sides:
    return (
        round(box.x / frame.w, 5),
        round(box.y / frame.h, 5),
        round(box.w / frame.w, 5),
        round(box.h / frame.h, 5),
    )
