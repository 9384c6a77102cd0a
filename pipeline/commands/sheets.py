"""Contact sheets: drawn from the same board as the review page, for the disk or for a mail."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.artifacts.thumbs import thumb_path
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Stage
from pipeline.model.credits import Spent
from pipeline.model.run import RunId
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.expansion import expand
from pipeline.reviewing.board import Board, Planned, lay
from pipeline.reviewing.mailing import sheet_mail
from pipeline.reviewing.sheet import draw_sheet, shown_artifacts
from pipeline.reviewing.sheetthumbs import Attached, Source, beside, inline, thumbs_of
from pipeline.reviewing.verdicts import by_cell
from pipeline.runs.folder import write_file
from pipeline.workflow import Standing

MOST_INLINE = 500
"""Images that are put into the page itself; above, pages refer to the thumbs on disk."""
SIDE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetWork:
    """What a sheet is drawn from."""

    blueprint: Blueprint
    output: Path
    board: Board
    run: RunId | str
    spent: Spent

    def draw(self, source: Source) -> dict[str, str]:
        """File name → HTML."""
        return draw_sheet(self.board, run=self.run, spent=self.spent, source=source)


async def sheet_work(
    ledger: Ledger, blueprint: Blueprint, standing: Standing, *, output: Path, run: str
) -> SheetWork:
    """The board of a campaign as it stands, ready to be drawn."""
    campaign = blueprint.campaign
    planned = Planned(
        campaign=campaign,
        cells=tuple(expand(blueprint)),
        drafts=by_cell(standing.of(Stage.DRAFT)),
        finals=by_cell(standing.of(Stage.FINAL)),
    )
    board = lay(planned, standing.entries, standing.verdicts, version=1)
    spent = await ledger.spent(campaign=campaign.slug)
    return SheetWork(blueprint=blueprint, output=output, board=board, run=run, spent=spent)


def write_run_sheet(work: SheetWork, folder: PurePosixPath) -> None:
    """`sheet.html` in a run's folder; one file up to 500 images, else pages over the thumbs."""
    campaign = work.blueprint.campaign.slug
    images = len(shown_artifacts(work.board))
    source = inline(thumbs_of(work.output, campaign), images=images)
    if images > MOST_INLINE:
        source = _on_disk(campaign, depth=len(folder.parts))
    for name, html in work.draw(source).items():
        write_file(work.output, folder / name, html.encode("utf-8", "surrogatepass"))


def _on_disk(campaign: str, *, depth: int) -> Source:
    up = "../" * depth

    def source(artifact: Artifact, _longest: int) -> str:
        return up + thumb_path(campaign, artifact.sha256, SIDE)

    return source


def sheet_files(work: SheetWork, *, form: str) -> dict[str, bytes]:
    """File name → content, in one of the forms `inline`, `dir` and `eml`."""
    campaign = work.blueprint.campaign.slug
    read = thumbs_of(work.output, campaign)
    if form == "inline":
        source = inline(read, images=len(shown_artifacts(work.board)))
        return {name: html.encode() for name, html in work.draw(source).items()}
    if form == "dir":
        thumbs = {name: read(one) for name, one in shown_artifacts(work.board).items()}
        pages = {name: html.encode() for name, html in work.draw(beside("thumbs")).items()}
        beside_them = {f"thumbs/{name}.webp": thumb for name, thumb in thumbs.items() if thumb}
        return {**pages, **beside_them}
    mails = {}
    attached = Attached(read)
    for name, html in work.draw(attached).items():
        subject = f"{campaign}: contact sheet"
        mails[f"{Path(name).stem}.eml"] = sheet_mail(html, attached.parts, subject=subject)
    return mails
