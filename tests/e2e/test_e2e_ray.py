"""A campaign whose images are checked and whose ad files are made on a Ray cluster."""

import hashlib
import os
import random
import shutil
import socket
import tempfile
import time

import pytest
from account import audit
from conftest import SODA
from ray_cluster import NEEDS_RAY, Cluster

SMALL = SODA.replace("[1:1, 4:3]", "[meta-feed-portrait]").replace(
    "    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}\n", ""
)
SECRET = "sk-live-" + "8" * 24


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@NEEDS_RAY
def test_a_campaign_has_the_same_files_on_a_cluster_and_no_key_travels(pipeline, ray_cluster):
    """Checks, ad files and thumbs by hash; `verify` and `export` use the cluster as well."""
    file, (address, logs) = pipeline.write(SMALL), ray_cluster
    words = ["--executor", "ray", "--ray-address", address]
    ended = pipeline("run", file, *words, "--output", "ray", OPENAI_API_KEY=SECRET)
    assert ended.code == 0, ended.err
    assert "ray  1 node, 2 cores" in ended.err
    assert pipeline("run", file).code == 0
    there, here = pipeline.folder / "ray" / "soda", pipeline.output / "soda"
    for part in ("adfiles", "finals", "thumbs"):
        assert hashes(there / part) == hashes(here / part) != {}
    assert audit(there.parent)[2] == []
    ended = pipeline("verify", file, *words, "--output", "ray")
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert not [*there.parent.glob(".worker-check*")]
    written = [one.read_bytes() for one in logs.rglob("*") if one.is_file()]
    assert not [one for one in written if SECRET.encode() in one]


@NEEDS_RAY
def test_a_cluster_that_cannot_be_used_costs_nothing(pipeline):
    file = pipeline.write(SMALL)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        ended = pipeline("run", file, "--executor", "ray", "--ray-address", address)
    assert ended.code == 2
    assert f"the Ray cluster at {address} cannot be used" in ended.err
    assert "Nothing was sent." in ended.err
    assert not (pipeline.output / ".embedded").exists()


def test_an_address_of_a_cluster_without_its_executor_is_refused(pipeline):
    ended = pipeline("run", pipeline.write(SMALL), "--ray-address", "head:6379")
    assert ended.code == 2
    assert "--ray-address is for --executor ray" in ended.err


IMAGES = int(os.environ.get("RAY_KILLS_IMAGES", "16"))
"""Cells of the campaign whose workers are killed."""


def many(images):
    products = ", ".join(f"soda {number}" for number in range(-(-images // 2)))
    return f"""\
campaign: soda
matrix:
  product: [{products}]
  size: [meta-feed-portrait, medium-rectangle]
prompt: A photo of {{{{ product }}}} in a bottle, with the headline "{{{{ product | upper }}}}".
stages: {{draft: {{quality: low, takes: 1, review: none}}, final: {{quality: medium}}}}
"""


def patiently(pipeline, *words):
    """Run a command to its end, which may take many minutes; return its exit code."""
    with pipeline.start(*words) as process:
        process.communicate(timeout=2000)
    return process.returncode


@NEEDS_RAY
@pytest.mark.thorough
@pytest.mark.timeout(3000)
def test_workers_and_a_cluster_that_are_killed_cost_time_only(pipeline):
    """Nodes with SIGKILL every few seconds, then the whole cluster; the files are the same.

    What the image server has counted is what the ledger has: nothing was bought twice.
    """
    file, chance = pipeline.write(many(IMAGES)), random.Random(7)  # noqa: S311 - no secret
    assert patiently(pipeline, "run", file) == 0
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as place:
        cluster = Cluster(place, cores=0)
        try:
            nodes = [cluster.add() for _ in range(4)]
            words = ["--executor", "ray", "--ray-address", cluster.address, "--output", "ray"]
            killed = 0
            with pipeline.start("run", file, *words) as run:
                while run.poll() is None:
                    time.sleep(chance.uniform(2, 5))
                    cluster.kill(nodes.pop(chance.randrange(len(nodes))))
                    killed += 1
                    nodes.append(cluster.add())
                err = run.communicate()[1]
            assert run.returncode == 0, err
            there = pipeline.folder / "ray"
            for name in ("adfiles.jsonl", "checks.jsonl"):
                (there / "soda" / name).unlink()
            shutil.rmtree(there / "soda" / "adfiles")
            with pipeline.start("run", file, *words) as run:
                while run.poll() is None and not hashes(there / "soda" / "adfiles"):
                    time.sleep(0.05)
                cluster.close()
                err = run.communicate(timeout=400)[1]
            print(f"{killed} nodes killed; with the cluster gone: exit code {run.returncode}")
            assert run.returncode == 3, err
            assert "the Ray cluster was lost, and did not come back" in err
        finally:
            cluster.close()
    assert patiently(pipeline, "run", file, "--output", "ray") == 0
    for part in ("adfiles", "finals"):
        assert hashes(there / "soda" / part) == hashes(pipeline.output / "soda" / part) != {}
    assert len(hashes(there / "soda" / "adfiles")) == IMAGES
    assert audit(there)[2] == []
    assert audit(there)[0] == audit(pipeline.output)[0]
