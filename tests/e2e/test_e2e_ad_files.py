"""Ad files, from an approved final to a file that can be uploaded."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from conftest import AD_FILES, SHOP, wait_until
from PIL import Image
from signing_certificate import write_certificate


def delivered(pipeline):
    """Every ad file that could be uploaded, by its path below the folder of ad files."""
    top = pipeline.output / "shop" / "adfiles"
    files = [path for path in top.rglob("*") if path.is_file()]
    return {str(path.relative_to(top)): path.stat().st_mtime_ns for path in files}


def made(pipeline, *words):
    """The result of `pipeline adfiles`, and its exit code."""
    ended = pipeline("adfiles", "shop.yaml", "--json", *words)
    return json.loads(ended.out), ended.code


def test_a_run_ends_with_ad_files_in_exact_pixels(rendered):
    folder, ended = rendered
    assert f"{AD_FILES} ad files for 3 placements, {AD_FILES} made now" in ended.err
    manifest = json.loads((folder / "output/shop/latest/manifest.json").read_text())
    rows = [row for image in manifest["images"] for row in image["adfiles"]]
    assert len(rows) == AD_FILES
    for row in rows:
        with Image.open(folder / "output" / row["file"]) as image:
            assert image.size == (row["width"], row["height"])
            assert image.format.lower().replace("jpeg", "jpg") == row["format"]
        assert Path(folder / "output" / row["file"]).stat().st_size == row["bytes"]
    assert {(row["placement"], row["width"], row["height"], row["format"]) for row in rows} == {
        ("medium-rectangle", 300, 250, "jpg"), ("half-page", 300, 600, "jpg"),
        ("half-page", 300, 600, "png"), ("hero", 600, 200, "webp"),
    }  # fmt: skip
    assert all(row["bytes"] <= 40_000 for row in rows if row["placement"] == "hero")


def test_running_again_makes_nothing_and_a_deleted_file_alone(shop):
    before = delivered(shop)
    assert len(before) == AD_FILES
    for _ in range(2):
        assert shop("run", "shop.yaml").code == 0
    assert delivered(shop) == before
    lost = next(name for name in before if name.startswith("hero/"))
    (shop.output / "shop/adfiles" / lost).unlink()
    ended = shop("run", "shop.yaml")
    assert ended.code == 0
    assert "1 made now" in ended.err
    after = delivered(shop)
    assert {name for name in after if after[name] != before[name]} == {lost}


def test_a_changed_headline_remakes_exactly_its_files_and_the_old_ones_make_way(shop):
    """Old words or prices in the delivered folder are uploaded by somebody, sooner or later."""
    before = delivered(shop)
    shop.write(SHOP.replace("BERRY RUSH", "BERRY BLISS"), "shop.yaml")
    ended = shop("run", "shop.yaml")
    assert ended.code == 0, ended.err
    after = delivered(shop)
    kept = {name for name in before if "citrus" in name}
    assert {name: after.get(name) for name in kept} == {name: before[name] for name in kept}
    assert not {name for name in after if "berry" in name} & set(before)
    assert len(after) == AD_FILES
    gone = shop.output / "shop/adfiles-superseded"
    names = {str(path.relative_to(gone)) for path in gone.rglob("*") if path.is_file()}
    assert names == set(before) - kept


def test_a_changed_format_makes_only_what_is_new(shop):
    before = delivered(shop)
    shop.write(SHOP.replace("half-page: [jpg, png]", "half-page: [jpg]"), "shop.yaml")
    result, code = made(shop)
    assert (code, result["made"], result["superseded"]) == (0, 0, 2)
    assert set(delivered(shop)) == {name for name in before if not name.endswith(".png")}


@pytest.mark.parametrize("damage", ["deleted", "corrupt", "another"])
def test_a_final_that_is_gone_or_broken_is_told_and_the_rest_goes_on(shop, damage):
    shutil.rmtree(shop.output / "shop/adfiles")
    final = next((shop.output / "shop/finals/citrus").glob("half-page*"))
    if damage == "deleted":
        final.unlink()
    else:
        content = final.read_bytes()
        final.write_bytes(content[: len(content) // 2] + b"\0" * (damage == "another"))
    ended = shop("adfiles", "shop.yaml")
    assert ended.code == 3
    assert "2 ad files could not be made" in ended.err
    assert "citrus/half-page@half-page  shop/finals/citrus/half-page" in ended.err
    assert len(delivered(shop)) == AD_FILES - 2


def test_what_a_placement_cannot_have_is_told_and_the_rest_goes_on(shop):
    text = SHOP.replace("600x200, format: webp, max_kb: 40", "2400x2400, format: webp, max_kb: 40")
    shop.write(text.replace("medium-rectangle,", "{id: medium-rectangle, max_kb: 1},"), "shop.yaml")
    result, code = made(shop)
    assert code == 3
    reasons = {one["cell"]: one["reason"] for one in result["failed"]}
    assert "1 kB is the most" in reasons["citrus/medium-rectangle"]
    assert len(result["adfiles"]) == 4
    ended = shop("run", "shop.yaml", "--only", "*/medium-rectangle")
    assert ended.code == 3
    assert "citrus/medium-rectangle@medium-rectangle  the file weighs" in ended.err


def test_killed_at_any_instant_the_next_one_makes_exactly_what_is_missing(shop):
    folder = shop.output / "shop/adfiles"
    shutil.rmtree(folder)
    with shop.start("adfiles", "shop.yaml") as process:
        wait_until(lambda: [*folder.rglob("*.jpg"), *folder.rglob("*.webp")])
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    record = (shop.output / "shop/adfiles.jsonl").read_text().splitlines()
    known = {json.loads(line)["path"] for line in record if not json.loads(line).get("gone")}
    whole = {name for name in delivered(shop) if f"shop/adfiles/{name}" in known}
    result, code = made(shop)
    assert (code, len(result["adfiles"])) == (0, AD_FILES)
    assert result["made"] == AD_FILES - len(whole)
    assert not [*folder.rglob("*.part")]
    assert made(shop)[0]["made"] == 0


def test_a_preview_shows_drafts_in_a_folder_of_its_own(shop):
    before = delivered(shop)
    result, code = made(shop, "--preview", "--only", "citrus/*")
    assert (code, result["made"]) == (0, 4)
    assert {row["file"].split("/")[1] for row in result["adfiles"]} == {"adfiles-preview"}
    assert delivered(shop) == before
    result, _ = made(shop, "--preview", "--only", "citrus/*")
    assert result["made"] == 0


def test_a_rejected_final_has_no_ad_files(shop):
    assert shop("reject", "shop.yaml", "citrus/half-page", "--stage", "final").code == 0
    result, code = made(shop)
    assert (code, result["superseded"]) == (0, 2)
    assert result["missing"] == {"citrus/half-page": "its final was rejected"}


def test_a_campaign_that_signs_is_refused_where_nothing_can_sign(shop):
    """The certificate is this machine's: a campaign file in git can name none."""
    c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    originals = sorted((shop.output / "shop/finals").rglob("*.png"))
    before = [file.read_bytes() for file in originals]
    text = SHOP.replace("Sunburst GmbH}", "Sunburst GmbH, label: ai, c2pa: sign}")
    shop.write(text, "shop.yaml")
    for words in (("check",), ("plan",), ("run",), ("adfiles",), ("export", "--to", "out")):
        ended = shop(words[0], "shop.yaml", *words[1:])
        assert ended.code == 2, words
        assert "shop.yaml:12:54" in ended.err + ended.out
        assert "set PIPELINE_C2PA_CERTIFICATE and PIPELINE_C2PA_KEY" in ended.err + ended.out
    variables = write_certificate(shop.folder)
    assert shop("check", "shop.yaml", **variables).code == 0
    ended = shop("export", "shop.yaml", "--to", "out", **variables)
    assert ended.code == 0, ended.err
    for file in (shop.folder / "out").glob("h*/*.*"):
        with file.open("rb") as stream:
            reader = c2pa.Reader(f"image/{file.suffix[1:].replace('jpg', 'jpeg')}", stream)
        assert reader.get_validation_state() == "Valid"
    assert [file.read_bytes() for file in originals] == before
    assert shop("check", "shop.yaml").code == 2
    old = text.replace("c2pa: sign", "c2pa: preserve")
    told = shop("check", shop.write(old, "old.yaml"))
    assert (told.code, "must be none or sign" in told.err + told.out) == (2, True)
