"""Every kind of bad file through the front door: exit 2, a place, nothing sent, no run folder."""

import os
import time

import pytest

from pipeline.cli.main import main

GOOD = """\
campaign: soda
matrix: {product: [{id: a, name: Soda}], size: ['1:1']}
prompt: a photo of {{ product.name }}
"""
FED = """\
campaign: soda
data: {products: {source: FEED, key: sku}}
matrix: {product: {from: products}, size: ['1:1']}
prompt: a photo of {{ product.name }}
"""
FILES = {
    "duplicate-key": GOOD + "prompt: again\n",
    "unquoted-template": GOOD.replace("a photo of ", ""),
    "poster-colon": GOOD.replace("a photo of", "Poster: sale"),
    "tab": GOOD.replace("matrix: {", "matrix:\n\tx: {"),
    "swallowed-colour": GOOD.replace("a photo", "on #ff0000 paper a photo"),
    "python-tag": GOOD.replace("a photo of", "!!python/object/apply:os.system [id]"),
    "typo": GOOD.replace("prompt", "promt"),
    "list-root": "- a\n- b\n",
    "several-documents": GOOD + "---\n" + GOOD,
    "latin-1": GOOD.replace("Soda", "Café").encode("latin-1"),
    "nul": GOOD.replace("Soda", "So\0da"),
    "utf-16": GOOD.encode("utf-16"),
    "include-outside": GOOD
    + "overrides: [{match: {size: 1x1}, set: {prompt: ../../../etc/p.j2}}]\n",
    "brackets": "[" * 200_000,
    "loop-bomb": GOOD.replace("{{ product.name }}", "{% for i in range(10**9) %}{% endfor %}"),
    "sandbox": GOOD.replace("product.name", "product.name.__class__"),
    "bidi": GOOD.replace("Soda", "So\u202eda"),
    "million-characters": GOOD.replace("Soda", "s" * 1_000_000),
    "reserved-name": GOOD.replace("id: a", "id: CON"),
    "same-name-in-another-case": GOOD.replace("name: Soda}", "name: x}, {id: A, name: y}"),
}
FEEDS = {
    "short-row": "sku,name\nA\n",
    "long-row": "sku,name\nA,b,c\n",
    "open-quote": 'sku,name\nA,"b\n',
    "nul": "sku,name\nA,b\0c\n",
    "large-cell": f"sku,name\nA,{'x' * 200_001}\n",
    "empty": "",
    "twice": "sku,name\nA,b\nA,c\n",
    "latin-1": "sku,name\nA,Café\n".encode("latin-1"),
}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run the front door in a folder of its own; what it said, and that no run began."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)

    def run(content, feed=None):
        (tmp_path / "c.yaml").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
        if feed is not None:
            (tmp_path / "feed.csv").write_bytes(feed if isinstance(feed, bytes) else feed.encode())
        started = time.process_time()
        assert main(["run", "c.yaml", "--max-credits", "100"]) == 2
        assert time.process_time() - started < 6
        written = {one.name for one in (tmp_path / "output").rglob("*") if one.is_file()}
        assert written <= {".lock", "campaign-file.json", "ledger.db"}
        return capfd.readouterr().err

    return run


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_refused_with_its_place_before_a_run_begins(run, kind):
    said = run(FILES[kind])
    assert said.startswith("error: c.yaml:")
    assert "Traceback" not in said


@pytest.mark.parametrize("kind", FEEDS)
def test_a_bad_feed_is_refused_with_its_place_before_a_run_begins(run, kind):
    said = run(FED.replace("FEED", "feed.csv"), FEEDS[kind])
    assert said.startswith("error: feed.csv:")
    assert "Traceback" not in said


def test_a_feed_that_nobody_writes_to_does_not_hang(run, tmp_path):
    os.mkfifo(tmp_path / "feed.csv")
    assert "feed.csv is not a regular file" in run(FED.replace("FEED", "feed.csv"))
