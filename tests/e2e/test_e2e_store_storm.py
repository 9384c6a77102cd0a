"""Uploads through kills and faults: every object whole, none sent twice needlessly."""

import random

import pytest
from conftest import wait_until
from s3_server import Fault, make_bucket, no_fault, objects, proxy_to, s3_server

CAMPAIGN = """\
campaign: storm
matrix:
  product: [{products}]
  size: [1:1]
prompt: A studio photo of a bottle of {{{{ product.id }}}} on a table, soft light.
stages: {{draft: {{quality: low, review: none}}}}
output: {{store: "s3://ads/storm"}}
"""
SHARE = 0.05
FAULTS = [
    Fault(503, "SlowDown"),
    Fault(),
    Fault(after=True),
    Fault(400, "IncompleteBody"),
    Fault(500, "InternalError"),
    "cut",
]


class Storm:
    """Faults for a share of the requests, and what was sent in spite of an answer that came."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - the same faults each time
        self.faults = 0
        self.answered = set()
        self.needless = []

    def __call__(self, request):
        fault = self.random.choice(FAULTS) if self.random.random() < SHARE else None
        if request.method == "PUT" and not request.key.endswith(".campaign-pipeline"):
            if request.key in self.answered:
                self.needless.append(request.key)
            if fault is None:
                self.answered.add(request.key)
        if fault is None:
            return None
        self.faults += 1
        if fault != "cut":
            return fault
        request.body = request.body[: len(request.body) // 2]
        return None


@pytest.mark.parametrize(
    ("images", "kills"),
    [
        pytest.param(8, 1, id="sample"),
        pytest.param(500, 5, id="all", marks=[pytest.mark.thorough, pytest.mark.timeout(1800)]),
    ],
)
def test_uploads_survive_kills_and_faults(pipeline, *, images, kills):
    storm = Storm(seed=images)
    products = ", ".join(f"p{number}" for number in range(images))
    file = pipeline.write(CAMPAIGN.format(products=products), "storm.yaml")
    with s3_server() as server, proxy_to(server) as proxy:
        make_bucket(server)
        pipeline.environment |= proxy.environment()
        proxy.answer = storm
        for number in range(1, kills + 1):
            enough = images * number // (kills + 1)
            process = pipeline.start("run", file)
            wait_until(lambda enough=enough: len(storm.answered) >= enough, seconds=600)
            process.kill()
            process.communicate(timeout=60)
        ended = pipeline("run", file)
        assert ended.code == 0, ended.err
        proxy.answer = no_fault
        found = objects(server)
    folder = pipeline.output / "storm" / "drafts"
    kept = {f"storm/storm/drafts/{one.relative_to(folder)}": one for one in folder.rglob("*.png")}
    found.pop("storm/.campaign-pipeline")
    assert len(kept) == images
    assert found == {key: place.read_bytes() for key, place in kept.items()}
    assert storm.needless == []
    print(f"{images} images, {kills} kills, {storm.faults} faults, {len(proxy.puts())} PUTs")
    assert pipeline.manifest("storm")["totals"]["credits"]["confirmed"] == 2 * images
    assert all(one["stored_at"] for one in pipeline.manifest("storm")["images"])
