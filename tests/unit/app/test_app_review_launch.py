"""What the page launches is a run like any other."""

import json

import pytest

from pipeline.app.commands.review import Launcher, ReviewPageOptions
from pipeline.cli.progress import SilentProgress
from pipeline.cli.run_console import TerminalConsole
from pipeline.errors import LockHeld
from pipeline.model.money import Amount
from pipeline.model.names import CellName, Stage
from pipeline.settings import Settings
from pipeline.state.output.lock import campaign_lock

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}, {id: lime, name: Lime}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
run: {concurrency: 3}
"""
CITRUS = CellName("citrus/4x3")


class HeardConsole(TerminalConsole):
    """Remembers how a run began."""

    starts: list = []  # noqa: RUF012 - the class is frozen

    def started(self, start):
        self.starts.append(start)


@pytest.fixture
def launcher(tmp_path):
    file = tmp_path / "soda.yaml"
    file.write_text(SODA)
    options = ReviewPageOptions(campaign=file, command_line=("review", "soda.yaml"))
    HeardConsole.starts.clear()
    return Launcher(
        options=options,
        settings=Settings(output=tmp_path / "output"),
        console=HeardConsole(watcher=SilentProgress(), ask_above={}, ask_never=True, quiet=True),
    )


async def test_a_launch_renders_its_cells_as_a_run_does(launcher, tmp_path):
    """It ignored `run.concurrency` of the campaign file, since it was no run like the others."""
    assert await launcher(Stage.DRAFT, [CITRUS], most=Amount(2)) == 0
    manifest = json.loads((tmp_path / "output/soda/latest/manifest.json").read_text())
    stored = {one["cell"] for one in manifest["images"] if one["status"] == "stored"}
    assert stored == {CITRUS}
    assert manifest["run"]["arguments"] == ["review", "soda.yaml"]
    assert [start.concurrency for start in HeardConsole.starts] == [3]


async def test_a_launch_waits_for_nobody_who_holds_the_campaign(launcher, tmp_path):
    with campaign_lock(tmp_path / "output", "soda"), pytest.raises(LockHeld):
        await launcher(Stage.DRAFT, [CITRUS], most=Amount(2))
