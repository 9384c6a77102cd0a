"""Overlays from the command line: laid over drafts and finals, made again where a word changed."""

import csv
import json

FILE = """\
campaign: fizz
data: {copy: {source: copy.csv, key: [product, locale]}}
matrix:
  product: [{id: citrus, look: a bottle of soda}]
  size: [medium-rectangle, leaderboard]
  locale: [en-US, ar]
prompt: A photo of {{ product.look }} on a table, soft light, centered framing.
adfiles:
  overlay:
    - {logo: logo.svg}
    - {headline: "{{ copy.headline }}"}
    - {legal: "{{ copy.legal }}"}
stages: {final: {quality: medium}}
"""
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10">'
    '<rect width="40" height="10" fill="#d02020"/></svg>'
)
COPY = "product,locale,headline,legal\ncitrus,en-US,Summer crush,{legal}\ncitrus,ar,خصم الصيف,\n"


def made(pipeline):
    rows = (pipeline.output / "fizz" / "adfiles.jsonl").read_text().splitlines()
    return {(r["cell"], r["path"]): r for r in map(json.loads, rows) if "recipe" in r}


def test_a_changed_word_makes_its_own_files_again_and_nothing_is_rendered(pipeline, tmp_path):
    file = tmp_path / "fizz.yaml"
    file.write_text(FILE)
    (tmp_path / "logo.svg").write_text(LOGO)
    (tmp_path / "copy.csv").write_text(COPY.format(legal="While stocks last."))
    first = pipeline("run", file, "--output", pipeline.output)
    assert first.code == 0, first.err
    rows = made(pipeline)
    kinds = {cell: {part["kind"] for part in row["overlay"]} for (cell, _), row in rows.items()}
    assert kinds["citrus/leaderboard/en-US"] == {"logo", "headline", "legal"}
    assert kinds["citrus/leaderboard/ar"] == {"logo", "headline"}
    (tmp_path / "copy.csv").write_text(COPY.format(legal="Until 31 August."))
    second = pipeline("run", file, "--output", pipeline.output)
    assert second.code == 0, second.err
    again = {key: row for key, row in made(pipeline).items() if key not in rows}
    assert {cell for cell, _ in again} == {
        "citrus/leaderboard/en-US",
        "citrus/medium-rectangle/en-US",
    }
    assert "2 made now" in second.err
    export = pipeline("export", file, "--output", pipeline.output, "--to", tmp_path / "sent")
    assert export.code == 3, export.err  # two strips wait for approval
    with (tmp_path / "sent" / "assets.csv").open(encoding="utf-8", newline="") as table:
        headlines = {row["headline"] for row in csv.DictReader(table)}
    assert headlines == {"Summer crush", "خصم الصيف"}
