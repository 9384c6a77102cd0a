"""What is vendored is what was built, and the page's own scripts have no dead ends."""

import hashlib
import re
from pathlib import Path

import pytest

import pipeline.imageserver.playground
from pipeline.review.page.routes import STATIC

VENDOR = STATIC / "vendor"
SCRIPTS = {
    "review": STATIC / "js",
    "playground": Path(*pipeline.imageserver.playground.__path__) / "static" / "js",
}


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


def unused(path, text, others):
    """The names that a script exports and nobody imports, and those that it imports for nothing."""
    exported = re.findall(r"export (?:async )?(?:const|function|let|class) (\w+)", text)
    yield from (name for name in exported if not any(re.search(rf"\b{name}\b", o) for o in others))
    for names in re.findall(r"import {([^}]*)} from", text):
        imported = (one.strip().split(" as ")[-1] for one in names.split(","))
        yield from (n for n in imported if n and len(re.findall(rf"\b{n}\b", text)) == 1)


@pytest.mark.parametrize("page", SCRIPTS)
def test_every_export_is_imported_and_every_import_is_used(page):
    texts = {path: path.read_text() for path in SCRIPTS[page].rglob("*.js")}
    found = {
        path.name: names
        for path, text in texts.items()
        if (names := [*unused(path, text, [t for p, t in texts.items() if p != path])])
    }
    assert found == {}


def test_a_folder_of_scripts_has_at_most_twelve():
    folders = {path.parent for path in SCRIPTS["review"].rglob("*.js")}
    assert max(len([*folder.glob("*.js")]) for folder in folders) <= 12
