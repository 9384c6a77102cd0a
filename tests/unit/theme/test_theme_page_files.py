"""The theme: what every page is given, and that its names lead to nothing else."""

import gzip
import hashlib
import re

from pipeline.imageserver.playground.pages import _page_files as playground_files
from pipeline.review.page.routes import page_files as review_files
from pipeline.theme.page_files import THEME, PageFiles, logo, palette


def page(tmp_path, style="b { color: var(--ok); }"):
    (tmp_path / "css").mkdir(exist_ok=True)
    (tmp_path / "css" / "own.css").write_text(style)
    (tmp_path / "main.js").write_text("// nothing")
    (tmp_path / "notes.py").write_text("secret")
    return PageFiles(tmp_path, sheets={"css/page.css": ["css/own.css"]})


def test_a_page_is_given_its_own_files_and_the_themes(tmp_path):
    files = page(tmp_path)
    assert files.get("main.js").content_type.startswith("text/javascript")
    assert files.get("icon.svg").body == (THEME / "icon.svg").read_bytes()
    assert files.scripts == ("main.js",)


def test_a_joined_sheet_begins_with_the_palette_and_its_parts_are_not_served(tmp_path):
    files = page(tmp_path)
    sheet = files.get("css/page.css").body.decode()
    assert sheet.startswith(palette())
    assert sheet.endswith("b { color: var(--ok); }")
    assert [files.get(name) for name in ("css/own.css", "palette.css", "type.css")] == [None] * 3


def test_names_are_looked_up_and_never_joined_to_a_path(tmp_path):
    files = page(tmp_path)
    for name in ("notes.py", "../page_files.py", "css/../main.js", "/etc/passwd", ""):
        assert files.get(name) is None


def test_the_version_changes_with_any_file(tmp_path):
    assert page(tmp_path).version == page(tmp_path).version
    assert page(tmp_path).version != page(tmp_path, style="b { color: var(--no); }").version


def test_a_file_is_packed_for_a_browser_that_can_unpack(tmp_path):
    sheet = page(tmp_path).get("css/page.css")
    packed, headers = sheet.response("gzip, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == sheet.body
    plain, headers = sheet.response("identity")
    assert (plain, headers.get("Content-Encoding")) == (sheet.body, None)
    font, headers = page(tmp_path).get("inter.woff2").response("gzip")
    assert (font[:4], headers.get("Content-Encoding")) == (b"wOF2", None)


def test_both_pages_have_one_palette_one_typeface_and_one_icon():
    review, playground = review_files(), playground_files()
    for name in ("inter.woff2", "icon.svg"):
        assert review.get(name) == playground.get(name)
    for files, name in ((review, "css/page.css"), (playground, "css/docs-page.css")):
        assert files.get(name).body.decode().startswith(palette())


def test_every_colour_that_a_page_names_is_in_the_palette():
    known = set(re.findall(r"(--[a-z0-9]+):", palette()))
    sheets = [
        (review_files(), "css/page.css"),
        (playground_files(), "css/play-page.css"),
        (playground_files(), "css/docs-page.css"),
    ]
    for files, name in sheets:
        text = files.get(name).body.decode()
        own = set(re.findall(r"(--[a-z0-9]+):", text))
        used = set(re.findall(r"var\((--[a-z0-9]+)\)", text))
        assert used - own - SET_BY_SCRIPTS == set()
        assert known <= own


SET_BY_SCRIPTS = {"--part", "--r", "--ratio", "--columns", "--tile"}


def test_the_logo_is_markup_that_follows_the_palette():
    assert logo().startswith("<svg")
    assert "#" not in logo()


def test_every_vendored_file_has_the_hash_that_is_written_down():
    lines = (THEME / "SHA256SUMS.txt").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split() for line in lines)}
    assert set(listed) == {"inter.woff2", "LICENSE-inter.txt"}
    found = {name: hashlib.sha256((THEME / name).read_bytes()).hexdigest() for name in listed}
    assert found == listed
