"""Which ledger a location names."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.ledger.registry import open_ledger

HOUSE = Path(__file__).parents[3]


@pytest.mark.parametrize("scheme", ["", "sqlite://"])
async def test_a_path_names_a_file(tmp_path, scheme):
    ledger = await open_ledger(f"{scheme}{tmp_path}/ledger.db")
    await ledger.close()
    assert (tmp_path / "ledger.db").exists()


async def test_a_ledger_that_does_not_exist_is_refused_by_its_name():
    with pytest.raises(UsageError, match="no ledger for postgresql://"):
        await open_ledger("postgresql://ledger@db/campaigns")


def test_the_password_in_a_location_is_not_repeated():
    code = "import asyncio; from pipeline.ledger.registry import open_ledger; "
    code += "asyncio.run(open_ledger('postgresql://ada:secret@db/campaigns'))"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert b"UsageError" in ended.stderr
    assert b"secret" not in ended.stderr.split(b"UsageError")[1]


def test_reading_the_account_needs_no_heavy_package():
    code = "import sys, pipeline.ledger.registry; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, check=True, text=True
    ).stdout.split()
    heavy = {"aiohttp", "jinja2", "pydantic", "PIL", "yaml", "tqdm", "multiprocessing"}
    assert heavy & set(loaded) == set()
