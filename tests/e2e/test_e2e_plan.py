"""`pipeline plan` as a person reads it."""

import json

FIZZ = """\
campaign: fizz
matrix:
  product:
    - {id: citrus-soda-classic-330ml-six-pack, name: Citrus Soda}
    - {id: berry, name: Berry Soda}
  size: [1:1, 4:3, linkedin-square, instagram-story, instagram-reel, youtube-thumbnail]
  exclude: [{product: berry, size: youtube-thumbnail}]
prompt: A photo of {{ product.name }} on a wet table, soft light, centered framing.
stages: {draft: {takes: 2}, final: {quality: high}}
provider: gptimage
budget: {run: 100, month: 2400}
"""

PAGE = """\
fizz  fizz.yaml
2 products × 6 sizes, 11 cells, 2 takes each

  drafts                        1x1  4x3  linkedin-square  instagram-story
  citrus-soda-c…330ml-six-pack    2    2               ~2                2
  berry                           2    2               ~2                2

  drafts                        instagram-reel  youtube-thumbnail  new  credits
  citrus-soda-c…330ml-six-pack              ~2                  2    8       16
  berry                                     ~2                  ·    6       12

  + 14 images: new
  ~  8 images: shared with another cell, not bought twice

  Drafts   low     14 images × 2            28 credits
  Finals   high    up to 7 images × 12      84 credits  if review approves
           finals are new pictures of the approved prompts, not the drafts in full quality
  Budget   100 of 100 credits left for the run
  Budget   2,400 of 2,400 credits left for the month
  Extend   instagram-reel   1080×1920  11% beyond the edges of a 1:2
  Extend   instagram-story  1080×1920  11% beyond the edges of a 1:2

Nothing was sent. Saved as plan 00000000.
Next  pipeline run fizz.yaml --plan 00000000
"""


def test_a_plan_fits_a_page_of_eighty_columns_and_says_what_it_costs(pipeline):
    pipeline.write(FIZZ, "fizz.yaml")
    ended = pipeline("plan", "fizz.yaml", COLUMNS="80")
    [kept] = pipeline.output.glob("fizz/plans/*.json")
    assert ended.out.replace(kept.stem, "00000000") == PAGE, ended.err


def test_a_kept_plan_lists_every_image_with_its_reason(pipeline):
    pipeline.write(FIZZ, "fizz.yaml")
    said = json.loads(pipeline("plan", "fizz.yaml", "--json").out)
    [kept] = pipeline.output.glob("fizz/plans/*.json")
    drafts = said["stages"]["draft"]
    assert {one["why"] for one in drafts["to_buy"]} == {"new"}
    assert (len(drafts["to_buy"]), drafts["to_buy_more"], drafts["credits"]) == (14, 0, 28)
    assert json.loads(kept.read_text()) == said


def test_a_plan_that_is_run_is_the_plan_that_was_shown(pipeline):
    text = FIZZ.replace("gptimage", "embedded").replace("[1:1, 4:3, ", "[1:1, ")
    pipeline.write(text, "fizz.yaml")
    plan = json.loads(pipeline("plan", "fizz.yaml", "--json").out)["plan"]
    ended = pipeline("run", "fizz.yaml", "--plan", plan, "--stage", "draft", "-q")
    assert ended.code == 0, ended.err
    after = json.loads(pipeline("plan", "fizz.yaml", "--json").out)
    assert after["stages"]["draft"]["to_buy"] == []


LONG = """\
campaign: long
data: {rows: {source: feeds/a-feed-of-many-products.csv, key: sku}}
matrix: {product: {from: rows}, size: [instagram-story]}
prompt: A photo of {{ product.look }} on a wet table, soft light, centered framing.
overrides: [{match: {product: A}, set: {vars: {mood: calm}}}]
"""


def test_an_explanation_fits_eighty_columns_and_says_the_same_words_once(pipeline):
    row = "A,a slim bottle with a very long neck and a cork"
    file = pipeline.write(LONG, "campaigns-of-this-year/long.yaml")
    pipeline.write(f"sku,look\n{row}\n", "campaigns-of-this-year/feeds/a-feed-of-many-products.csv")
    words = ("explain", file.relative_to(pipeline.folder), "A/instagram-story")
    ended = pipeline(*words, COLUMNS="80")
    assert max(map(len, ended.out.splitlines())) <= 80, ended.err
    assert ended.out.count("A photo of a slim bottle with a very long neck") == 1


def test_an_explanation_after_a_redo_shows_the_words_with_the_note(pipeline):
    file = pipeline.write()
    pipeline("run", file, "--stage", "draft", "--only", "citrus/4x3", "--only", "berry/1x1")
    pipeline("redo", file, "citrus/4x3", "--note", "more ice")
    ended = pipeline("explain", file, "citrus/4x3")
    assert "Revision note: more ice" in ended.out, ended.err
    assert "round 2" in ended.out
    assert "Revision note" not in pipeline("explain", file, "berry/1x1").out


def test_images_are_listed_in_the_plans_order_and_a_missing_file_is_told(pipeline):
    file = pipeline.write()
    pipeline("run", file, "--stage", "draft", "--only", "*/1x1")
    before = json.loads(pipeline("ls", file, "--json").out)
    [gone] = [row["file"] for row in before if row["cell"] == "citrus/1x1"]
    (pipeline.output / gone).unlink()
    listed = json.loads(pipeline("ls", file, "--json").out)
    assert [(row["cell"], row["missing"]) for row in listed] == [
        ("citrus/1x1", True),
        ("berry/1x1", False),
    ]
    assert "stored, not on disk" in pipeline("ls", file).out
