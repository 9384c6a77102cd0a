"""Images in batches whose runs are killed in every state; the whole of it with `-m thorough`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_300_finals_in_batches_are_never_made_twice_whatever_is_killed(tmp_path):
    """Every state of a batch, the server restarted, one expiry at half, one output file missing."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--batches", "300"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "12 kills" in ended.stdout
    assert "0 violations" in ended.stdout
