"""A survey reads the ledger once: everything in it is of one moment."""

import pytest
from builders import NOW
from review_case import SLUG, ReviewCase

from pipeline.campaign.loading import load_campaign
from pipeline.model.verdict import Decision
from pipeline.providers.registry import profiles
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.survey import survey

CAMPAIGN = """\
campaign: citrus-soda
matrix: {product: [{id: citrus}, {id: berry}], size: ["1:1", "4:3"]}
prompt: A photo of {{ product.id }} on a table.{% if note %} {{ note }}{% endif %}
"""


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "c.yaml"
    file.write_text(CAMPAIGN)
    return load_campaign(file, profiles=profiles())


async def test_verdicts_rounds_and_entries_are_read_once(tmp_path, loaded):
    """Three reads of the verdicts, one after the other, could each see another moment."""
    case = ReviewCase(folder=tmp_path)
    drafts = (await survey(case.ledger, loaded)).drafts
    await case.render(drafts)
    redo = UnboundVerdict(decision=Decision.REDO, by="ana", at=NOW, note="brighter")
    await decide_cells(case.ledger, SLUG, drafts, glob="citrus/*", opinion=redo)
    asked = []
    record = case.ledger._read

    async def counted(question):
        asked.append(question)
        return await record(question)

    case.ledger._read = counted
    for shown in (False, True):
        asked.clear()
        state = await survey(case.ledger, loaded, shown=shown)
        assert len(asked) == 1
        assert {job.at.round for job in state.drafts} == ({1} if shown else {1, 2})
