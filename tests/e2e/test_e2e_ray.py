"""A campaign whose images are checked and whose ad files are made on a Ray cluster."""

import hashlib
import socket

from account import audit
from conftest import SODA
from ray_cluster import NEEDS_RAY

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
