"""What is generated or shown: schema, reference, explanations, first campaigns."""

import json
import re
from pathlib import Path

import pytest
from campaign_texts import explained_cell

from pipeline.campaign.environment import fill_environment
from pipeline.campaign.first_campaign import campaign_from_feed, first_campaign
from pipeline.campaign.grammar import reference, schema
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import check
from pipeline.campaign.grammar.parts import keys, parts
from pipeline.campaign.reading.document import parse
from pipeline.errors import CampaignError, UsageError
from pipeline.model.verdict import Round
from pipeline.providers.registry import profile_named

REPOSITORY = Path(__file__).parents[3]
README = REPOSITORY / "campaigns" / "README.md"
PLANNING = REPOSITORY / "pipeline" / "planning"
PRICES = profile_named("gptimage").prices


def test_the_shipped_schema_is_the_one_that_the_models_give():
    assert schema.FILE.read_text("utf-8") == schema.schema_text()


def test_the_schema_knows_every_key_of_the_file():
    assert set(schema.schema()["properties"]) == set(CampaignFile.model_fields)
    assert schema.schema()["$defs"]["MatrixPart"]["additionalProperties"]["oneOf"]


def test_the_readme_of_the_campaigns_holds_the_generated_grammar():
    text = (REPOSITORY / "campaigns" / "README.md").read_text("utf-8")
    assert reference.reference() in text


def every_key_example():
    page = README.read_text()
    written = page.partition("<!-- example: every key -->")[2].partition("<!-- example: end -->")[0]
    return parse(written.strip().removeprefix("```yaml").removesuffix("```"), file="README.md")


def test_the_example_with_every_key_is_valid():
    document, findings = every_key_example()
    assert check(document, findings) is not None
    assert findings.all == ()


def test_the_example_with_every_key_has_every_key():
    def keys_of(value):
        if isinstance(value, list):
            return {key for one in value for key in keys_of(one)}
        if not isinstance(value, dict):
            return set()
        return {*value, *(key for one in value.values() for key in keys_of(one))}

    document, _ = every_key_example()
    wanted = {key for _, part in parts() for key in keys(part)}
    assert wanted - keys_of(document) == set()


def test_every_rule_that_a_finding_may_name_is_explained():
    explained = README.read_text()
    rules = {
        rule
        for file in PLANNING.rglob("*.py")
        for rule in re.findall(r'code="([a-z-]+)"|"(lint-[a-z-]+)"', file.read_text())
        for rule in rule
        if rule
    }
    assert {rule for rule in rules if f"`{rule}`" not in explained} == set()


def test_the_reference_has_a_row_for_every_key():
    text = reference.reference()
    assert all(f"| `{key}` |" in text for key in CampaignFile.model_fields)


CAMPAIGN = """\
campaign: demo
data: {products: {source: p.csv, key: sku}}
vars: {season: summer, look: plain}
matrix:
  product: {from: products}
  size: [4:3, instagram-story]
prompt: "a {{ look }} {{ season }} photo of {{ product.name }}"
overrides:
  - match: {size: 4:3}
    set: {vars: {look: shiny}, stages: {draft: {takes: 2}}}
"""


@pytest.fixture
def explained(board):
    board.put("p.csv", "sku,name\nA,Soda\n")
    explanation = explained_cell(board.write(CAMPAIGN).load(), "A/4:3")
    told = {
        one.name: (one.value, one.origin.replace(f"{board.folder}/", ""), one.override)
        for one in explanation.settings
    }
    return explanation, told


def test_a_cell_is_explained_with_the_prompt_of_each_stage(explained):
    explanation, _ = explained
    assert explanation.cell.name == "A/4x3"
    assert [job.request.prompt for job in explanation.drafts] == [
        "a shiny summer photo of Soda"
    ] * 2
    assert [job.at.stage for job in explanation.finals] == ["final"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("product", ("A", "p.csv row 2", "")),
        ("product.name", ("Soda", "p.csv row 2", "")),
        ("size.ratio", ("4:3", "c.yaml:6", "")),
        ("vars.season", ("summer", "c.yaml:3", "")),
        ("vars.look", ("shiny", "c.yaml:10", "overrides[0]")),
        ("prompt", ("a {{ look }} {{ season }} photo of {{ product.name }}", "c.yaml:7", "")),
        ("stages.draft.takes", ("2", "c.yaml:10", "overrides[0]")),
        ("stages.draft.quality", ("low", "default", "")),
        ("provider", ("embedded", "default", "")),
    ],
)
def test_every_value_names_the_file_and_line_that_set_it(explained, name, setting):
    assert explained[1][name] == setting


def test_a_cell_that_is_not_there_gets_a_hint(board):
    board.put("p.csv", "sku,name\nA,Soda\n")
    with pytest.raises(UsageError, match=r"there is no cell A/4:4 \(did you mean A/4x3\?\)"):
        explained_cell(board.write(CAMPAIGN).load(), "A/4:4")
    with pytest.raises(UsageError, match=r"no cell citrus; cells are named like A/"):
        explained_cell(board.load(), "citrus")


def test_a_first_campaign_runs_as_it_is(board):
    assert len(board.write(first_campaign("My First!", prices=PRICES)).jobs()) == 12
    assert board.load().campaign.slug == "my-first"
    assert board.warnings() == []


def test_a_campaign_from_a_feed_runs_as_it_is(board):
    board.put(
        "feeds/p.csv", "Id;sku;name;look;headline\nx;0012;Soda;a can;HI\nx;B-1;Tea;a cup;HO\n"
    )
    text = campaign_from_feed(
        "tea", board.folder / "feeds/p.csv", source="feeds/p.csv", prices=PRICES
    )
    prompts = board.write(text).prompts()
    assert prompts["0012/4x3"] == (
        "A photorealistic product photo of a can of Soda,\n"
        "on a wet studio table, soft reflections, premium lighting, centered framing,\n"
        'poster layout with the headline "HI".'
    )


SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Variant SKU,Status
linen-shirt,Linen Shirt,<p>A <b>breezy</b> shirt &amp; more.</p>,Halcyon,Shirts,LS-S,active
linen-shirt,,,,,LS-M,
clay-mug,Clay Mug,Hand-thrown.,Halcyon,Mugs,CM-1,active
old-mug,Old Mug,Gone.,Halcyon,Mugs,OM-1,archived
"""
MERCHANT = (
    "id\ttitle\tdescription\timage link\tavailability\tbrand\n"
    "TR-1\tTrail Runner\tGrippy sole.\thttps://x/1.jpg\tin_stock\tPeakline\n"
    "TR-2\tCamp Mug\tEnamel.\thttps://x/2.jpg\tout_of_stock\tPeakline\n"
)
SORTIMENT = "Artikelnummer;Bezeichnung;Beschreibung;Slogan\n100;Limo;eine Flasche;Blüht auf\n"


LIGHT = "on a wet studio table, soft reflections, premium lighting, centered framing"


@pytest.mark.parametrize(
    ("name", "content", "prompts"),
    [
        (
            "products_export.csv",
            SHOPIFY,
            {
                "linen-shirt": (
                    f"Linen Shirt by Halcyon,\n{LIGHT}.\nAbout it: A breezy shirt & more."
                ),
                "clay-mug": f"Clay Mug by Halcyon,\n{LIGHT}.\nAbout it: Hand-thrown.",
            },
        ),
        (
            "merchant.tsv",
            MERCHANT,
            {"TR-1": f"Trail Runner by Peakline,\n{LIGHT}.\nAbout it: Grippy sole."},
        ),
        (
            "Sortiment.csv",
            SORTIMENT,
            {
                "100": f'Limo,\n{LIGHT},\nposter layout with the headline "Blüht auf".\n'
                "About it: eine Flasche",
            },
        ),
    ],
)
def test_the_feeds_that_shops_export_make_campaigns_that_run_as_they_are(
    board, name, content, prompts
):
    board.put(name, content)
    board.write(campaign_from_feed("shop", board.folder / name, source=name, prices=PRICES))
    square = {cell: said for cell, said in board.prompts().items() if cell.endswith("/1x1")}
    assert square == {
        f"{product}/1x1": f"A photorealistic product photo of {said}"
        for product, said in prompts.items()
    }
    assert board.warnings() == []


def test_a_feed_without_a_key_makes_no_campaign(board):
    board.put("p.csv", "name\nSoda\nSoda\n")
    with pytest.raises(CampaignError, match="has no column that tells its rows apart"):
        campaign_from_feed("x", board.folder / "p.csv", source="p.csv", prices=PRICES)


def test_the_environment_is_filled_in_only_when_it_is_asked_for():
    assert fill_environment("https://{{ env.HOST }}/x", {"HOST": "h"}) == "https://h/x"
    with pytest.raises(KeyError):
        fill_environment("{{ env.HOST }}", {})


def test_the_schema_is_json_that_names_its_dialect():
    assert json.loads(schema.schema_text())["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("column", ["Lagerbestand", "Bestand", "quantity", "Inventory"])
def test_a_product_of_which_none_is_left_in_stock_makes_no_campaign(board, column):
    board.put("p.csv", f"sku,name,{column}\nA,Limo,12\nB,Cola,0\nC,Tee,-1\n")
    board.write(campaign_from_feed("shop", board.folder / "p.csv", source="p.csv", prices=PRICES))
    assert {cell.partition("/")[0] for cell in board.prompts()} == {"A"}


@pytest.mark.parametrize("cells", [("0", "0"), ("12", "many"), ("12", "")])
def test_a_stock_column_that_says_nothing_certain_leaves_no_product_out(board, cells):
    one, other = cells
    board.put("p.csv", f"sku,name,Bestand\nA,Limo,{one}\nB,Cola,{other}\n")
    board.write(campaign_from_feed("shop", board.folder / "p.csv", source="p.csv", prices=PRICES))
    assert {cell.partition("/")[0] for cell in board.prompts()} == {"A", "B"}


def test_an_explanation_of_a_redone_cell_has_the_words_with_the_note(board):
    board.put("p.csv", "sku,name\nA,Soda\n")
    said = Round(number=2, note="more ice")
    told = explained_cell(board.write(CAMPAIGN).load(), "A/4:3", draft=said, final=said)
    for job in (*told.drafts, *told.finals):
        assert job.request.prompt.endswith("Revision note: more ice")
        assert job.at.round == 2
