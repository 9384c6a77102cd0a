"""Which round of drafts a cell is in, and which one a person looks at."""

from collections.abc import Iterable, Mapping

from pipeline.ledger.base import Entry, Ledger
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.verdict import Decision, Round, Verdict


def rounds_from(history: Iterable[Verdict], *, stage: Stage = Stage.DRAFT) -> dict[CellName, Round]:
    """Which round each cell is in, and the note that asked for it.

    `history` holds the verdicts of each cell oldest first; the newest ones alone are enough for
    cells that never came back from a redo. A redo asks for the round after its own; any other
    verdict stands in its own round, whose note is that of the redo before it.
    """
    standing: dict[CellName, Round] = {}
    asked: dict[tuple[CellName, int], str] = {}
    for verdict in history:
        if verdict.stage is not stage:
            continue
        if verdict.decision is Decision.REDO:
            number = verdict.round + 1
            asked[verdict.cell, number] = verdict.note
        else:
            number = verdict.round
        standing[verdict.cell] = Round(number=number, note=asked.get((verdict.cell, number), ""))
    return standing


async def read_rounds(
    ledger: Ledger, campaign: Slug, *, stage: Stage = Stage.DRAFT
) -> dict[CellName, Round]:
    """The rounds that planning should plan: `rounds_from` over as much history as it takes."""
    newest = await ledger.verdicts(campaign)
    story: list[Verdict] = []
    for (cell, of), verdict in newest.items():
        if of is stage and verdict.decision is not Decision.REDO and verdict.round > 1:
            story.extend(await ledger.verdict_history(campaign, cell))
        else:
            story.append(verdict)
    return rounds_from(story, stage=stage)


def shown_rounds(
    rounds: Mapping[CellName, Round],
    newest: Mapping[tuple[CellName, Stage], Verdict],
    entries: Iterable[Entry],
) -> dict[CellName, Round]:
    """The rounds a person looks at: a round that nobody has asked for yet shows the one before.

    Approving or undeciding there takes the redo back. `entries` are the campaign's.
    """
    begun = {(e.at.cell, e.at.round) for e in entries if e.at.stage is Stage.DRAFT}
    shown = dict(rounds)
    for cell, standing in rounds.items():
        verdict = newest.get((cell, Stage.DRAFT))
        waits = verdict is not None and verdict.decision is Decision.REDO
        if waits and (cell, standing.number) not in begun:
            shown[cell] = Round(number=standing.number - 1)
    return shown
