"""Delivery: what leaves, what is left out and said, and what has to be taken down."""

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile

import pytest
from conftest import AD_FILES, SHOP


def files_below(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def table(content):
    return list(csv.DictReader(io.StringIO(content)))


def exported(shop, *words, to="out"):
    ended = shop("export", "shop.yaml", "--to", to, "--json", *words)
    return json.loads(ended.out) if ended.out else ended.err, ended.code


def test_an_export_has_every_file_its_rows_and_the_originals(shop):
    result, code = exported(shop)
    assert (code, result["missing"], len(result["assets"])) == (0, {}, AD_FILES)
    out = shop.folder / "out"
    assets = table((out / "assets.csv").read_text())
    google = table((out / "google-ads-editor.csv").read_text())
    assert [row["Image"] for row in google] == [row["file"] for row in assets]
    assert {row["Ad group"] for row in google} == {"citrus", "berry"}
    finals = shop.output / "shop/finals"
    for row in assets:
        content = (out / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == int(row["bytes"])
        original = row["original"].removeprefix("originals/")
        assert (out / row["original"]).read_bytes() == (finals / original).read_bytes()
    images = shop.manifest("shop")["images"]
    paid = sum(image["credits"] for image in images if image["stage"] == "final")
    assert sum(int(row["credits"]) for row in assets) == paid
    assert {row["headline"] for row in assets} == {"SUMMER CRUSH", "BERRY RUSH"}
    assert {row["source_type"] for row in assets} == {"algorithmicMedia"}


@pytest.mark.skipif(not shutil.which("exiftool"), reason="Debian's libimage-exiftool-perl")
def test_an_independent_reader_finds_pixels_format_and_origin(shop):
    exported(shop)
    out = shop.folder / "out"
    for row in table((out / "assets.csv").read_text()):
        said = subprocess.run(
            ["exiftool", "-j", "-n", out / row["file"]], capture_output=True, check=True
        )
        (found,) = json.loads(said.stdout)
        assert (found["ImageWidth"], found["ImageHeight"]) == (
            int(row["width"]), int(row["height"]),
        )  # fmt: skip
        assert found["MIMEType"] == row["mime"]
        assert found["DigitalSourceType"].endswith("digitalsourcetype/algorithmicMedia")
        assert found["Credit"] == "Sunburst GmbH"
        assert found["AltTextAccessibility"] == row["alt_text"]
        assert found["OriginalSHA256"]


def test_running_it_again_changes_nothing_in_a_folder_and_in_a_zip(shop):
    for to in ("out", "out.zip"):
        first, _ = exported(shop, to=to)
        assert first["changed"] > AD_FILES
        before = files_below(shop.folder / "out")
        second, code = exported(shop, to=to)
        assert (code, second["changed"]) == (0, 0)
        assert files_below(shop.folder / "out") == before
    with zipfile.ZipFile(shop.folder / "out.zip") as archive:
        assert archive.testzip() is None
        inside = {
            name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()
        }
    assert inside == files_below(shop.folder / "out")


def test_what_was_superseded_is_named_to_be_taken_down_and_stays_named(shop):
    exported(shop)
    before = {row["asset_id"] for row in table((shop.folder / "out/assets.csv").read_text())}
    shop.write(SHOP.replace("BERRY RUSH", "BERRY BLISS"), "shop.yaml")
    result, code = exported(shop)
    assert (code, len(result["assets"])) == (3, AD_FILES // 2)
    assert shop("run", "shop.yaml").code == 0
    for _ in range(2):
        result, code = exported(shop)
        assert (code, result["removed"]) == (0, AD_FILES // 2)
        removed = table((shop.folder / "out/removed.csv").read_text())
        now = {row["asset_id"] for row in table((shop.folder / "out/assets.csv").read_text())}
        assert {row["asset_id"] for row in removed} == before - now
    files = files_below(shop.folder / "out")
    assert len([name for name in files if name.split("/")[0] in {"hero", "half-page"}]) == 6


def test_flagged_ad_files_wait_for_an_approval_of_their_own(shop):
    shop.write(SHOP.replace("600x200", "600x100"), "shop.yaml")
    result, code = exported(shop)
    assert code == 3
    assert result["missing"] == {
        f"{product}/hero@hero": "waits for approval: long extension"
        for product in ("citrus", "berry")
    }
    assert "hero" not in {row["placement"] for row in result["assets"]}
    assert shop("approve", "shop.yaml", "citrus/hero@hero").code == 0
    result, code = exported(shop)
    assert (code, set(result["missing"])) == (3, {"berry/hero@hero"})
    checks = {row["checks"] for row in result["assets"]}
    assert checks == {"ok", "approved: long extension"}
    assert shop("undecide", "shop.yaml", "citrus/*@hero").code == 0
    assert len(exported(shop)[0]["missing"]) == 2
    ended = shop("approve", "shop.yaml", "citrus/half-page@half-page")
    assert (ended.code, "no flagged ad file fits" in ended.err) == (2, True)


def test_a_damaged_ad_file_is_made_again_and_a_rejected_one_left_out(shop):
    result, _ = exported(shop)
    first = shop.output / "shop/adfiles"
    damaged = next((first / "hero").iterdir())
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    result, code = exported(shop)
    assert (code, damaged.read_bytes() == content) == (0, True)
    shop("reject", "shop.yaml", "citrus/hero", "--stage", "final")
    result, code = exported(shop)
    assert (code, result["rejected"], result["removed"]) == (0, ["citrus/hero"], 1)


def test_files_of_others_are_never_overwritten(shop):
    result, _ = exported(shop)
    place = shop.folder / "out" / result["assets"][0]["file"]
    shutil.rmtree(shop.folder / "out")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"a picture of somebody else")
    (shop.folder / "out.zip").write_bytes(b"an archive of somebody else")
    for to in ("out", "out.zip"):
        told, code = exported(shop, to=to)
        assert code == 2
        assert "already exists, and no export wrote it" in told
    assert place.read_bytes() == b"a picture of somebody else"


def test_an_accounts_own_template_is_filled_in_its_own_form(shop):
    head = "Ad Name\tImage File Name\tTitle\tLink"
    row = "{{ cell }}\t{{ file }}\t{{ headline }}\thttps://example.com/?a=1"
    (shop.folder / "meta.csv").write_bytes(f"{head}\r\n{row}\r\n".encode("utf-16"))
    result, code = exported(shop, "--fill", "meta.csv")
    assert code == 0
    filled = (shop.folder / "out/filled-meta.csv").read_bytes().decode("utf-16")
    lines = filled.splitlines()
    assert lines[0] == head
    assert len(lines) == 1 + AD_FILES
    assert lines[1].split("\t")[1] == result["assets"][0]["file"]
    (shop.folder / "bare.csv").write_text("Ad Name,Image\n")
    told, code = exported(shop, "--fill", "bare.csv")
    assert (code, "write one row with {{ file }}" in told) == (2, True)
    (shop.folder / "odd.csv").write_text("Ad Name,Image\nx,{{ flie }}\n")
    told, code = exported(shop, "--fill", "odd.csv")
    assert (code, "has no field flie to fill in (did you mean file?)" in told) == (2, True)


def test_what_is_written_into_the_review_file_by_hand_holds(shop):
    """One word approves what waits, and a window wins over the planner."""
    shop.write(SHOP.replace("600x200", "600x100"), "shop.yaml")
    assert shop("adfiles", "shop.yaml").code == 0
    assert shop("approve", "shop.yaml", "berry/hero@hero", "--as", "ana").code == 0
    file = shop.folder / "reviews/shop.yaml"
    text = file.read_text()
    assert text.count("adfile: {status: undecided, flags:") == 1
    assert text.count('adfile: {status: approved, by: "ana"') == 1
    text = text.replace("adfile: {status: undecided", "adfile: {status: approved, by: jon")
    window = "    window: {focus: [0.5, 0.5], zoom: 2.5, by: jon}\n"
    file.write_text(text.replace("  citrus/half-page:\n", f"  citrus/half-page:\n{window}"))
    assert shop("undecide", "shop.yaml", "berry/hero@hero").code == 0
    result, code = exported(shop)
    assert (code, set(result["missing"])) == (3, {"berry/hero@hero", "citrus/half-page@half-page"})
    assert result["missing"]["citrus/half-page@half-page"].startswith("waits for approval: ")
    record = (shop.output / "shop/adfiles.jsonl").read_text()
    assert '"chosen":{"focus":[0.5,0.5],"zoom":2.5}' in record
    assert 'window: {focus: [0.5, 0.5], zoom: 2.5, by: "jon"' in file.read_text()


def test_the_sheet_of_an_export_shows_every_ad_file_and_needs_nothing_else(shop):
    result, _ = exported(shop)
    sheet = (shop.folder / "out/sheet.html").read_text()
    assert sheet.count('<img src="data:image/webp;base64,') == len(result["assets"])
    assert "<script" not in sheet
    assert set(re.findall(r'(?:src|href)="(?!data:)([^"]*)"', sheet)) == {
        "assets.csv", *(one["file"] for one in result["assets"]),
    }  # fmt: skip
    assert "<bdi>Citrus Soda</bdi>" in sheet
    extended = [one for one in result["assets"] if one["extended"]]
    assert sheet.count('class="k x"') >= len(extended) > 0


def test_the_licence_of_a_font_lies_beside_the_originals(shop):
    """Inter is used for words of an overlay unless the campaign names a font of its own."""
    words = "adfiles: {overlay: [{text: Now in stores, at: bottom}], "
    shop.write(SHOP.replace("adfiles: {", words), "shop.yaml")
    result, code = exported(shop)
    assert code in {0, 3}, result
    (licence,) = (shop.folder / "out/originals/fonts").iterdir()
    assert licence.name == "Inter-opsz-wght-LICENSE.txt"
    assert "SIL Open Font License" in licence.read_text()


def test_verify_says_which_ad_files_cannot_be_uploaded_and_what_makes_them(shop):
    ended = shop("verify", "shop.yaml")
    assert (ended.code, f"{AD_FILES} of {AD_FILES} ad files ready" in ended.err) == (0, True)
    folder = shop.output / "shop/adfiles"
    changed, gone = sorted((folder / "half-page").glob("*.jpg"))
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    gone.unlink()
    text = SHOP.replace("max_kb: 40", "max_kb: 3").replace("[jpg, png]", "[jpg]")
    shop.write(text, "shop.yaml")
    told = json.loads(shop("verify", "shop.yaml", "--json").out)
    assert {(path.split("/")[2], word) for path, word in told["bad_ad_files"].items()} == {
        ("half-page", "changed"), ("half-page", "missing"), ("half-page", "superseded"),
        ("hero", "too heavy"),
    }  # fmt: skip
    ended = shop("verify")
    assert (ended.code, "Next  pipeline adfiles" in ended.err) == (3, True)
    shop.write(SHOP, "shop.yaml")
    assert shop("adfiles", "shop.yaml").code == 0
    assert changed.read_bytes() == content
    assert shop("verify", "shop.yaml").code == 0
    (shop.folder / "shop.yaml").unlink()
    ended = shop("verify")
    assert (ended.code, "compared with their record only" in ended.err) == (0, True)


FEED = """\
sku;name;price;Notes\r
007;Citrus;"1,50";=HYPERLINK("x")\r
008;Berry;2;\r
009;Sold out;3;-\r
"""
FROM_FEED = """\
campaign: shop
data: {products: {source: products.csv, key: sku, where: "name != 'Sold out'"}}
matrix:
  product: {from: products}
  size: [medium-rectangle]
prompt: "A can of {{ product.name }}."
stages: {draft: {quality: low, review: none}, final: {quality: low}}
"""


def test_the_feed_is_written_back_with_what_became_of_each_row(pipeline):
    """A shop imports it: its own columns must come back as they were, byte for byte."""
    pipeline.folder.joinpath("products.csv").write_bytes(FEED.encode())
    pipeline.write(FROM_FEED, "shop.yaml")
    assert pipeline("run", "shop.yaml", "--only", "007/*").code == 0
    ended = pipeline("export", "shop.yaml", "--feed", "--json")
    report = json.loads(ended.out)
    assert (ended.code, report["to"]) == (3, None)
    place = pipeline.output / "shop/feed/products.csv"
    assert report["feed"] == str(place)
    written = place.read_bytes().decode()
    for before, after in zip(FEED.split("\r\n"), written.split("\r\n"), strict=True):
        assert after.startswith(before)
    first, second, last = csv.DictReader(io.StringIO(written), delimiter=";")
    assert (first["pipeline_status"], first["pipeline_alt_text"]) == ("ready", "Citrus")
    assert (pipeline.output / first["pipeline_file"]).is_file()
    assert (second["pipeline_status"], second["pipeline_file"]) == (
        "its final is not stored yet",
        "",
    )
    assert last["pipeline_status"] == ""
    delivered = pipeline("export", "shop.yaml", "--to", "out", "--feed")
    assert "out/feed/products.csv" in delivered.err
    again = (pipeline.folder / "out/feed/products.csv").read_text("utf-8")
    row = next(csv.DictReader(io.StringIO(again), delimiter=";"))
    assert (pipeline.folder / "out" / row["pipeline_file"]).is_file()
    refused = pipeline("export", "shop.yaml")
    assert (refused.code, "--to DIR" in refused.err) == (2, True)
