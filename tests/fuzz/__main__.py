"""`python -m tests.fuzz [SECONDS] [--keep DIR]`: the loader and the grammar under made-up bytes.

Whatever the bytes, the answer is a campaign or findings with places; anything else ends the run
with the bytes in a file. Needs the extra `fuzz`. `--keep` names a folder where interesting inputs
are kept for the next time.
"""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from pipeline.errors import CampaignError

HERE = Path(__file__).resolve().parents[2]
LONGEST = 4096
SLOWEST = 1.0
"""Seconds of processor time that one input may take."""


def main() -> None:
    """Fuzz for a while; the last lines that libFuzzer writes count the executions."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", type=int, nargs="?", default=60)
    parser.add_argument("--keep", type=Path, help="a folder for interesting inputs")
    arguments = parser.parse_args()
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("this needs the extra fuzz: pip install -e '.[fuzz]'")
    with atheris.instrument_imports(include=["pipeline.campaign", "yaml"]):
        document = importlib.import_module("pipeline.campaign.reading.document")
        source = importlib.import_module("pipeline.campaign.reading.source")
        located = importlib.import_module("pipeline.campaign.reading.located")
        checking = importlib.import_module("pipeline.campaign.grammar.checking")

    def one(content: bytes) -> None:
        started = time.process_time()
        try:
            text = source.decode(content, shown="fuzz.yaml")
            value, findings = document.parse(text, file="fuzz.yaml")
            if isinstance(value, located.LocatedMap):
                checking.check(value, findings)
            findings.raise_if_failed()
        except CampaignError as error:
            for finding in error.findings:
                assert finding.complaint, finding
        took = time.process_time() - started
        assert took < SLOWEST, f"{took:.2f} s for {len(content)} bytes"

    with tempfile.TemporaryDirectory() as folder:
        corpus = arguments.keep or Path(folder)
        corpus.mkdir(parents=True, exist_ok=True)
        for campaign in (HERE / "campaigns").glob("*.yaml"):
            (corpus / campaign.name).write_bytes(campaign.read_bytes()[:LONGEST])
        words = [
            "tests.fuzz",
            f"-max_total_time={arguments.seconds}",
            f"-max_len={LONGEST}",
            "-print_final_stats=1",
            "-timeout=10",
            "-rss_limit_mb=1024",
            str(corpus),
        ]
        atheris.Setup(words, one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
