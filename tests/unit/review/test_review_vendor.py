"""What is vendored is what was built: hashes, licences and the command are kept beside it."""

import hashlib

from pipeline.review.page.routes import STATIC

VENDOR = STATIC / "vendor"


def listed():
    lines = (VENDOR / "SHA256SUMS.txt").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def test_every_vendored_file_has_the_hash_that_is_written_down():
    found = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed()}
    assert found == listed()


def test_nothing_is_vendored_without_a_hash():
    files = {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS.txt", "BUILD.txt"}
    assert files == set(listed())


def test_the_module_is_small_and_evaluates_no_text():
    code = (VENDOR / "ui.js").read_text()
    assert len(code) < 30_000
    assert "eval(" not in code
    assert "new Function" not in code


def test_every_licence_of_what_is_bundled_is_there():
    text = (VENDOR / "LICENSE-ui.txt").read_text()
    assert all(name in text for name in ("preact", "htm", "@preact/signals", "signals-core"))


def test_no_script_or_style_asks_another_host_for_anything():
    ours = [p for p in STATIC.rglob("*") if p.suffix in {".js", ".css"} and p.parent != VENDOR]
    assert [p.name for p in ours if "http://" in p.read_text() or "https://" in p.read_text()] == []
