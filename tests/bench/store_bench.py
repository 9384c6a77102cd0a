"""Wall efficiency of a whole run with an object store, beside the same run without one.

The API takes a second for an image, and the store a tenth for each request; both runs buy the same
images, sixteen at a time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from render_bench import fake_api
from s3_server import make_bucket, proxy_to, s3_server

CAMPAIGN = """\
campaign: bench
matrix:
  product: [{products}]
  size: [1:1]
prompt: A studio photo of a bottle of {{{{ product.id }}}} on a table, soft light.
stages: {{draft: {{quality: low, review: none}}}}
budget: {{run: 100000}}
run: {{concurrency: 16}}
{output}
"""
LATENCY, STORE_LATENCY, AT_ONCE = 1.0, 0.1, 16


async def efficiency(*, jobs=160, size=300_000):
    """The ideal time over the time of the stage, without a store and with one, and the tail."""
    async with fake_api(LATENCY, size) as api:
        without, _ = _run(api, jobs, "", {})
        with s3_server() as server, proxy_to(server) as proxy:
            make_bucket(server)
            proxy.answer = lambda _: time.sleep(STORE_LATENCY)
            beside, tail = _run(api, jobs, 'output: {store: "s3://ads/bench"}', proxy.environment())
    ideal = jobs / AT_ONCE * LATENCY
    return ideal / without, ideal / beside, tail


def _run(api, jobs, output, environment):
    """Seconds from the start of the run to its last image, and from there to its end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.yaml"
        products = ", ".join(f"p{number}" for number in range(jobs))
        file.write_text(CAMPAIGN.format(products=products, output=output))
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", file, "--provider", "gptimage", "--yes"],
            cwd=folder,
            env={
                **os.environ,
                **environment,
                "GPTIMAGE_BASE_URL": api,
                "GPTIMAGE_API_KEY": "k",
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        log = next((Path(folder) / "output" / "bench" / "runs").glob("*/log.jsonl"))
        rows = [json.loads(line) for line in log.read_text().splitlines()]
    begun = next(_time(row) for row in rows if row["event"] == "plan")
    last = max(_time(row) for row in rows if row["event"] == "image")
    return last - begun, _time(rows[-1]) - last


def _time(row):
    return datetime.fromisoformat(row["at"]).timestamp()
