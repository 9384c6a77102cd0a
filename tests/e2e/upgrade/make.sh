#!/usr/bin/env bash
# Makes shop/ and jobs.json anew with the code of 7bd2b82, which is all that this script fits:
#
#   git worktree add /tmp/7bd2b82 7bd2b82 && cd /tmp/7bd2b82
#   python3 -m venv .venv && .venv/bin/pip install -q -e .
#   bash …/tests/e2e/upgrade/make.sh .venv/bin/python
#
# It works in /srv/shop, which must not exist, so that no path of a machine gets into any file, and
# leaves the result there: copy it here by hand. Names and times of runs will be others; the job keys
# of jobs.json will not.
set -euo pipefail

python=$(realpath -s "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shop=/srv/shop
mkdir "$shop"
work=$(mktemp -d) # the server that loses answers, and what starts the program
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
server=
export PIPELINE_REVIEWER=ada HOME="$work" NO_COLOR=1

# The program of 7bd2b82 as it is, but for two things. Its servers paint 64 blocks of colour: whole
# pictures of the right pixels, no two alike, and each but a few KB. And it is January 2025, so that
# whatever reads this later reads it later.
cat >"$work/program.py" <<'PY'
import datetime, hashlib, io, sys, time

SINCE = time.time() - datetime.datetime(2025, 1, 15, 9, tzinfo=datetime.UTC).timestamp()
BACK = datetime.timedelta(days=int(SINCE / 86400))
truly = time.time

class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - BACK

datetime.datetime = Then
time.time = lambda: truly() - BACK.total_seconds()

from PIL import Image
from pipeline.__main__ import run
from pipeline.engine import engines
from pipeline.engine.order import Picture
from pipeline.engine.pixels import pixels
from pipeline.engine.finishing import fitted

async def paint(order, exact):
    said = f"{order.prompt}|{order.ratio}|{order.quality}|{order.variation}".encode()
    colours = bytearray(hashlib.shake_256(said).digest(64 * 4))
    for at in range(3, 256, 4):
        colours[at] = 255 if not order.transparent or at % 8 == 7 else 0
    blocks = Image.frombytes("RGBA", (8, 8), bytes(colours))
    size = pixels(order.ratio, order.quality)
    whole = blocks if order.transparent else blocks.convert("RGB")
    out = io.BytesIO()
    whole.resize(size, Image.Resampling.NEAREST).save(out, "PNG", compress_level=9)
    picture = Picture(png=out.getvalue(), width=size[0], height=size[1], renderer="none")
    return picture if exact is None else fitted(picture, exact)

engines._paint_plainly = paint
engines._open = lambda *_, **__: _opened()

async def _opened():
    return paint

if __name__ == "__main__":
    sys.argv[0] = "pipeline"
    sys.exit(run())
PY
cp -r "$here"/shop/{*.yaml,feeds,prompts} "$shop"
cd "$shop"
pipeline() { # the exit code must be the first word
    local wanted=$1 code=0
    shift
    echo "+ pipeline $*"
    "$python" "$work/program.py" "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "ended with $code, not with $wanted"; exit 1; }
}
review() { # the page opened and shut, which keeps reviews/
    rm -f "$work/page"
    "$python" "$work/program.py" review "$1" --no-open >"$work/page" &
    local page=$!
    until [ -s "$work/page" ]; do sleep 0.1; done
    sleep 0.5
    kill "$page"
    wait "$page"
}

# fizz: an art director chooses; berry's banner is refused by the policy, hence 3.
pipeline 0 plan fizz.yaml
pipeline 3 run fizz.yaml
pipeline 0 approve fizz.yaml 'citrus/1x1' --take 2
pipeline 0 reject fizz.yaml 'citrus/banner' --note 'the bottle is cut off'
pipeline 0 redo fizz.yaml 'berry/1x1' --note 'more ice, «wärmer» light'
pipeline 3 run fizz.yaml                                          # a final, and round 2
pipeline 0 approve fizz.yaml 'berry/1x1' --take 1
pipeline 0 approve fizz.yaml 'citrus/1x1' --stage final
pipeline 3 run fizz.yaml                                          # a final of round 2
review fizz.yaml

# tea: chosen by the checks, cut out, from a feed and a template; done, and seen to be done.
pipeline 0 run tea.yaml
pipeline 0 run tea.yaml
review tea.yaml

# tonic: an API that loses every answer but that for amber; four doubts, three of them settled.
cat >"$work/faults.json" <<'JSON'
{"rules": [{"fault": "drop", "when": "after", "times": 4}]}
JSON
export PIPELINE_SERVE_KEY=sk-a-key-for-play-that-opens-nothing GPTIMAGE_API_KEY=sk-a-key-for-play-that-opens-nothing
"$python" "$work/program.py" serve --host 127.83.41.7 --engine none --credits 1000 \
    --state "$work/serve" --faults "$work/faults.json" >"$work/ready" 2>"$work/served" &
server=$!
until [ -s "$work/ready" ]; do sleep 0.1; done
pipeline 6 run tonic.yaml --only 'bitter/*' --only 'clear/*'       # three in a row would stop it
pipeline 6 run tonic.yaml --only 'dry/*' --only 'elder/*'
pipeline 6 run tonic.yaml
pipeline 0 resolve tonic.yaml 'bitter/*' --not-charged
pipeline 0 resolve tonic.yaml 'clear/*' --charged
pipeline 0 resolve tonic.yaml 'dry/*' --rebuy
pipeline 6 run tonic.yaml
pipeline 0 approve tonic.yaml 'amber/*'
pipeline 6 run tonic.yaml
review tonic.yaml
kill "$server"
wait "$server" || true

"$python" - >jobs.json <<'PY'
import json, pathlib, subprocess, sys
NAMES = ("campaign", "cell", "stage", "round", "take", "status", "job", "shared_with", "derived_from")
jobs = []
for campaign in ("fizz", "tea", "tonic"):
    told = json.loads(pathlib.Path(f"output/{campaign}/latest/manifest.json").read_bytes())
    said = [sys.executable, "-m", "pipeline", "ls", f"{campaign}.yaml", "--json"]
    listed = json.loads(subprocess.run(said, stdout=subprocess.PIPE, check=True).stdout)
    seen = {image["job"] for image in told["images"]}
    for image in [*told["images"], *(one for one in listed if one["job"] not in seen)]:
        facts = {"campaign": campaign, "gone": image["job"] not in seen, **image}
        jobs.append({name: facts.get(name) for name in (*NAMES, "gone")})
print("[\n" + ",\n".join(json.dumps(job, ensure_ascii=False) for job in jobs) + "\n]")
PY

# What no later version needs to see: contact sheets, thumbs, and the server's second copy of each
# picture, which it drops after thirty days itself. The ledger's journal is empty.
[ ! -s output/ledger.db-wal ]
rm -rf output/ledger.db-{wal,shm} output/*/runs/*/sheet.html output/*/thumbs output/.embedded/*/images
