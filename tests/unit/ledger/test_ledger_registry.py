"""The ledger of an output folder, by the folder alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import a_run

from pipeline.errors import LocalFault
from pipeline.ledger.place import ledger_exists, ledger_mark, ledger_size
from pipeline.ledger.registry import open_ledger

HOUSE = Path(__file__).parents[3]


async def test_an_output_folder_has_a_ledger_once_it_was_opened_for_writing(tmp_path):
    assert not ledger_exists(tmp_path)
    assert ledger_mark(tmp_path) is None
    ledger = await open_ledger(tmp_path)
    await ledger.begin(a_run())
    await ledger.close()
    assert ledger_exists(tmp_path)
    assert ledger_size(tmp_path) == (tmp_path / "ledger.db").stat().st_size
    assert ledger_mark(tmp_path).commits == 1


async def test_reading_a_ledger_that_does_not_exist_makes_none(tmp_path):
    ledger = await open_ledger(tmp_path, read_only=True)
    assert await ledger.runs() == []
    with pytest.raises(LocalFault, match="for reading only"):
        await ledger.begin(a_run())
    await ledger.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_outside_the_room_names_the_file_or_its_kind():
    """A dozen places joined `ledger.db` to the output folder, so that no other kind could come."""
    named = [
        str(path.relative_to(HOUSE))
        for path in (HOUSE / "pipeline").rglob("*.py")
        if path.parts[len(HOUSE.parts) + 1] != "ledger"
        and ("ledger.db" in path.read_text() or "ledger.sqlite" in path.read_text())
    ]
    assert named == []


def test_reading_the_account_needs_no_heavy_package():
    code = "import sys, pipeline.ledger.registry; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, check=True, text=True
    ).stdout.split()
    heavy = {"aiohttp", "jinja2", "pydantic", "PIL", "yaml", "tqdm", "multiprocessing"}
    assert heavy & set(loaded) == set()
