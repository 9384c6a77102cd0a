"""Which round a cell is in at a stage, and which one a person looks at."""

from collections.abc import Iterable, Mapping

from pipeline.ledger.base import Ledger
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.entry import Entry
from pipeline.model.verdict import Decision, Round, Verdict


class Rounds(dict[CellName, Round]):
    """The round of each cell that is not in its first one, and the notes of all rounds."""

    def __init__(self, notes: Mapping[tuple[CellName, int], str]) -> None:
        super().__init__()
        self.notes = notes

    def put(self, cell: CellName, number: int) -> None:
        """Place a cell in a round, with the note that asked for that round."""
        self[cell] = Round(number=number, note=self.notes.get((cell, number), ""))


def rounds_from(history: Iterable[Verdict], *, stage: Stage = Stage.DRAFT) -> Rounds:
    """Which round each cell is in, and the note that asked for it.

    `history` holds the verdicts of each cell oldest first; the newest one alone is enough for a
    cell in its first round. A redo asks for the round after its own; any other verdict stands in
    its own round, whose note is that of the redo before it.
    """
    notes: dict[tuple[CellName, int], str] = {}
    rounds = Rounds(notes)
    for verdict in history:
        if verdict.stage is not stage:
            continue
        number = verdict.round
        if verdict.decision is Decision.REDO:
            number += 1
            notes[verdict.cell, number] = verdict.note
        rounds.put(verdict.cell, number)
    return rounds


async def read_rounds(ledger: Ledger, campaign: Slug, *, stage: Stage = Stage.DRAFT) -> Rounds:
    """The rounds that planning should plan: `rounds_from` over as much history as it takes."""
    newest = await ledger.verdicts(campaign)
    story: list[Verdict] = []
    for (cell, of), verdict in newest.items():
        if of is stage and verdict.round > 1:
            story.extend(await ledger.verdict_history(campaign, cell))
        else:
            story.append(verdict)
    return rounds_from(story, stage=stage)


def shown_rounds(
    rounds: Rounds,
    newest: Mapping[tuple[CellName, Stage], Verdict],
    entries: Iterable[Entry],
    *,
    stage: Stage = Stage.DRAFT,
) -> Rounds:
    """The rounds a person looks at: a round that nobody has asked for yet shows the one before.

    Approving or undeciding there takes the redo back. `entries` are the campaign's.
    """
    begun = {(e.at.cell, e.at.round) for e in entries if e.at.stage is stage}
    shown = Rounds(rounds.notes)
    for cell, standing in rounds.items():
        verdict = newest.get((cell, stage))
        redone = verdict is not None and verdict.decision is Decision.REDO
        waits = redone and (cell, standing.number) not in begun
        shown.put(cell, standing.number - waits)
    return shown
