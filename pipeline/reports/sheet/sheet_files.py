"""The files of contact sheets: one page, a folder, or a mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path, PurePosixPath

from pipeline.campaign.loading import LoadedCampaign
from pipeline.images.registry import images_in
from pipeline.images.thumbs import thumb_path
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.money import Spent
from pipeline.model.names import Account
from pipeline.model.run import RunId
from pipeline.prompts.cells import expand
from pipeline.reports.sheet.contact_sheet import draw_sheet, shown_artifacts, state_word
from pipeline.reports.sheet.sheet_thumbs import MailThumbs, Source, beside, inline, thumbs_of
from pipeline.state.campaign_state import CampaignState, CellTable, cell_table
from pipeline.state.output.folder import write_file

MOST_INLINE = 500
"""Most images that are embedded in the page; above, pages link to the thumbs on disk."""
SIDE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetInput:
    """All that a sheet shows."""

    loaded: LoadedCampaign
    output: Path
    table: CellTable
    run: RunId | str
    spent: Spent

    def draw(
        self, source: Source, *, name: str = "sheet", template: str = "sheet.html"
    ) -> dict[str, str]:
        """Return file name → HTML."""
        return draw_sheet(
            self.table,
            run=self.run,
            spent=self.spent,
            money=self.loaded.campaign.money,
            source=source,
            name=name,
            template=template,
        )


async def sheet_input(
    ledger: Ledger,
    loaded: LoadedCampaign,
    state: CampaignState,
    *,
    output: Path,
    run: str,
    account: Account,
) -> SheetInput:
    """Return the input of a sheet: the cells, and what an account spent on the campaign."""
    table = cell_table(loaded.campaign, tuple(expand(loaded)), state)
    spent = await ledger.spent(campaign=loaded.campaign.slug, account=account)
    return SheetInput(loaded=loaded, output=output, table=table, run=run, spent=spent)


def write_run_sheet(work: SheetInput, folder: PurePosixPath) -> None:
    """Write `sheet.html` into a run's folder; above 500 images, pages that link to thumbs."""
    campaign = work.loaded.campaign.slug
    images = len(shown_artifacts(work.table))
    source = inline(thumbs_of(images_in(work.output), campaign), images=images)
    if images > MOST_INLINE:
        source = _on_disk(campaign, depth=len(folder.parts))
    for name, html in work.draw(source).items():
        write_file(work.output, folder / name, html.encode("utf-8", "surrogatepass"))


def _on_disk(campaign: str, *, depth: int) -> Source:
    up = "../" * depth

    def source(artifact: Artifact, _longest: int) -> str:
        return up + thumb_path(campaign, artifact.sha256, SIDE)

    return source


def sheet_files(work: SheetInput, *, form: str) -> dict[str, bytes]:
    """Return file name → content; `form` is `inline`, `dir` or `eml`."""
    campaign = work.loaded.campaign.slug
    read = thumbs_of(images_in(work.output), campaign)
    if form == "inline":
        source = inline(read, images=len(shown_artifacts(work.table)))
        return {name: html.encode() for name, html in work.draw(source).items()}
    if form == "dir":
        thumbs = {name: read(one) for name, one in shown_artifacts(work.table).items()}
        # Not the name of the page with everything in it, which may lie in the same folder.
        drawn = work.draw(beside("thumbs"), name="index")
        pages = {name: html.encode() for name, html in drawn.items()}
        beside_them = {f"thumbs/{name}.webp": thumb for name, thumb in thumbs.items() if thumb}
        return {**pages, **beside_them}
    mails = {}
    attached = MailThumbs(read)
    text = sheet_text(work.table, file=work.loaded.campaign.file)
    for name, html in work.draw(attached, template="sheet-mail.html").items():
        subject = f"{campaign}: contact sheet"
        mail = sheet_mail(html, attached.parts, subject=subject, text=text)
        mails[f"{Path(name).stem}.eml"] = mail
    return mails


def sheet_text(table: CellTable, *, file: str) -> str:
    """Return the sheet in words, for mail programs without HTML: each cell and where it stands."""
    rows = [(row.cell.name, state_word(row)) for row in table.rows[:MOST_INLINE]]
    wide = max((len(name) for name, _ in rows), default=0)
    lines = [f"{name.ljust(wide)}  {word}" for name, word in rows]
    if len(table.rows) > len(rows):
        lines.append(f"and {len(table.rows) - len(rows):,} more cells")
    return "\n".join([*lines, "", f"Reply with the names, or run: pipeline review {file}", ""])


def sheet_mail(html: str, thumbs: Mapping[str, bytes], *, subject: str, text: str = "") -> bytes:
    """Return a mail draft (`X-Unsent`) with the sheet as its body and the thumbs as its parts.

    `thumbs` are JPEG bytes by name; the page refers to them as `cid:<name>`. Thumbs that the page
    does not show are left out.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = Address("Campaign pipeline", "pipeline", "localhost.invalid")
    mail["X-Unsent"] = "1"
    mail.set_content(f"{subject}\n\n{text}")
    mail.add_alternative(html, subtype="html")
    body = mail.get_body(("html",))
    if not isinstance(body, EmailMessage):
        raise TypeError("the HTML part was just added")
    for name, thumb in thumbs.items():
        if f'"cid:{name}"' not in html:
            continue
        file = f"{name.partition('@')[0]}.jpg"
        body.add_related(thumb, maintype="image", subtype="jpeg", cid=f"<{name}>", filename=file)
    return mail.as_bytes()
