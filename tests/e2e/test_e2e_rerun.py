"""The nightly run that finds nothing to do."""

import json

from account import audit
from conftest import SODA

SMALL = SODA.replace("[1:1, 4:3]", "[1:1]")


def test_the_third_run_tells_the_same_account_without_planning(pipeline):
    file = pipeline.write(SMALL)
    pipeline("run", file)
    pipeline("run", file)
    second = pipeline.manifest()
    third = pipeline("run", file)
    assert third.code == 0, third.err
    assert "nothing has changed" in third.err
    now = pipeline.manifest()
    assert now["run"]["id"] != second["run"]["id"]
    assert (now["totals"], now["images"]) == (second["totals"], second["images"])
    assert audit(pipeline.output)[2] == []
    assert len(json.loads(pipeline("status", "--json").out)) == 1


def test_whatever_changes_is_seen_through_the_short_cut(pipeline):
    file = pipeline.write(SMALL)
    for _ in range(3):
        pipeline("run", file)
    lost = pipeline.output / pipeline.manifest()["images"][0]["file"]
    lost.unlink()
    assert "nothing has changed" not in pipeline("run", file).err
    assert lost.exists()
    for _ in range(2):
        pipeline("run", file)
    pipeline.write(SMALL.replace("SUMMER CRUSH", "SUMMER SPLASH"))
    assert "nothing has changed" not in pipeline("run", file).err
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 2 + 6
