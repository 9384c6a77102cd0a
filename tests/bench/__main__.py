"""`python -m tests.bench [NAME …]`: ratios, each measured side by side in one run.

Absolute times mean nothing on a shared machine; the goals stand beside what was measured.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import engine_bench  # noqa: E402 - beside this file, which is no package
import ledger_bench  # noqa: E402
import render_bench  # noqa: E402


def cpu():
    ratio, ours, bare = asyncio.run(render_bench.cpu_ratio())
    yield "CPU per job against a bare aiohttp loop, 1.3 MB", f"{ratio:.2f}×", "≤ 1.5×"
    yield "  the pipeline, the bare loop", f"{ours:.2f} ms, {bare:.2f} ms", ""


def wall():
    share = asyncio.run(render_bench.wall_efficiency())
    yield "wall efficiency, 2000 jobs of 1 s, 200 at once", f"{share:.3f}", "≥ 0.97"


def memory():
    peak = asyncio.run(render_bench.peak_memory())
    yield "memory, 1000 images of 4 MB at once", f"{peak:.0f} MiB", "≤ 300 MiB"


def ledger():
    for name, value in ledger_bench.measure().items():
        yield name.replace("_", " "), _plain(value), LEDGER_GOALS.get(name, "")


def engine():
    for name, value in engine_bench.measure().items():
        yield name.replace("_", " "), _plain(value), ""


def _plain(value):
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def start():
    python = _cpu("-c", "pass")
    for words in (["--help"], ["status"]):
        extra = 1000 * (_cpu("-m", "pipeline", *words) - python)
        yield f"start: pipeline {words[0]}, above bare python", f"{extra:.0f} ms CPU", "≤ 80 ms"


def _cpu(*words):
    """CPU seconds of a Python command: the least of five runs."""
    best = float("inf")
    for _ in range(5):
        code = (
            "import os, subprocess, sys, time\n"
            "before = os.times()\n"
            "subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, check=False)\n"
            "after = os.times()\n"
            "print(after[2] + after[3] - before[2] - before[3])"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        best = min(best, float(said.stdout))
    return best


LEDGER_GOALS = {"transitions_per_second": "≥ 3000", "entries_cpu_seconds": "≤ 3"}
BENCHES = {
    "cpu": cpu,
    "wall": wall,
    "memory": memory,
    "ledger": ledger,
    "engine": engine,
    "start": start,
}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="which (all)")
    for name in parser.parse_args().names or BENCHES:
        began = time.monotonic()
        for what, value, goal in BENCHES[name]():
            print(f"{what:<58} {value:>22}   {goal}", flush=True)
        print(f"{'':<58} ({name}: {time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
