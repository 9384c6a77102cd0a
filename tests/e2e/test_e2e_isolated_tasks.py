"""A campaign whose tasks run far away: new processes, another folder, an empty environment.

What passes here needs nothing of the coordinator but the task itself and the images, as on
another machine.
"""

import json
import subprocess
import sys

import pytest
from account import audit
from conftest import ROOT, SODA

SMALL = SODA.replace("[1:1, 4:3]", "[1:1]")

FAR_AWAY = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from isolated_executor import IsolatedExecutor
from pipeline.app.run import session
from pipeline.cli.main import main
session.executor_for = lambda *_, **__: IsolatedExecutor()
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def far_away(pipeline):
    """Run a command whose tasks run isolated; the output folder is named by a relative path."""

    def run(*words):
        return subprocess.run(
            [sys.executable, "-c", FAR_AWAY, *map(str, words), "--output", "output"],
            cwd=pipeline.folder,
            env=pipeline.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def test_a_campaign_ends_with_finals_when_its_tasks_run_elsewhere(pipeline, far_away):
    file = pipeline.write(SMALL)
    ended = far_away("run", file)
    assert ended.returncode == 0, ended.stderr
    images = pipeline.manifest()["images"]
    assert [image["status"] for image in images] == ["stored"] * 4
    assert all(check["passed"] for image in images for check in image["checks"].values())
    assert audit(pipeline.output)[2] == []
    kept = (pipeline.output / "soda" / "checks.jsonl").read_text().splitlines()
    assert {json.loads(line)["sha256"] for line in kept} == {image["sha256"] for image in images}
    for image in images:
        assert [*(pipeline.output / "soda" / "thumbs").rglob(f"*{image['sha256'][:16]}*")]


def test_a_rerun_asks_for_nothing_and_a_redo_for_one_image(pipeline, far_away):
    file = pipeline.write(SMALL)
    assert far_away("run", file).returncode == 0
    assert far_away("run", file).returncode == 0
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0
    assert pipeline("redo", file, "citrus/1x1", "--note", "more ice").code == 0
    ended = far_away("run", file, "--stage", "draft")
    assert ended.returncode == 0, ended.stderr
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 2
    assert audit(pipeline.output)[2] == []
