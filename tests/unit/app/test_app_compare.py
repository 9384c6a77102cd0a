"""A campaign at the prices of every model, so that a person chooses before anything is spent."""

import json

import pytest

from pipeline.app.commands.compare import compare_prices, price_record
from pipeline.app.options import CampaignOptions
from pipeline.cli.price_table import price_lines
from pipeline.settings import Settings

SODA = """\
campaign: soda
provider: openai
matrix: {product: [{id: citrus}, {id: berry}], size: [1:1, '3:2']}
prompt: "A photo of a {{ product.id }} soda."
stages: {draft: {quality: low, takes: 2}, final: {quality: high}}
"""


@pytest.fixture
def compared(tmp_path):
    def compare(text=SODA, **options):
        file = tmp_path / "soda.yaml"
        file.write_text(text)
        settings = Settings(output=tmp_path / "output")
        return compare_prices(CampaignOptions(campaign=file, **options), settings)

    return compare


def named(prices):
    return {(row.provider, row.model, row.batch): row for row in prices.rows}


def test_every_model_is_priced_directly_and_in_batches_at_half(compared):
    prices = compared()
    rows = named(prices)
    assert (prices.drafts, prices.finals) == (8, 4)
    direct = rows["openai", "gpt-image-2", False]
    half = rows["openai", "gpt-image-2", True]
    assert [direct.drafts.likely, direct.drafts.at_most] == [
        2 * half.drafts.likely,
        2 * half.drafts.at_most,
    ]
    assert direct.finals["high"].likely == 2 * half.finals["high"].likely
    assert rows["gptimage", "gpt-image-2", False].finals["medium"].likely == 4 * 6
    assert ("openai", "gpt-image-2.5-flare", True) not in rows
    assert not any(row.provider in {"embedded", "compatible"} for row in prices.rows)
    assert not any("2026" in row.model for row in prices.rows)


def test_the_row_of_the_file_costs_what_its_plan_says(compared):
    prices = compared(batch=True)
    (chosen,) = [row for row in prices.rows if row.chosen]
    assert (chosen.model, chosen.batch) == ("gpt-image-2", True)
    # two squares and two of 3:2, by the published number of tokens and half their price
    tokens = 2 * 7024 + 2 * 5488
    words = [-(-len(f"A photo of a {one} soda.") // 4) for one in ("citrus", "berry")]
    assert chosen.finals["high"].likely == tokens * 15_000 + 2 * sum(words) * 2_500


def test_a_model_that_cannot_make_the_images_says_why(compared):
    rows = named(compared(SODA.replace("'3:2'", "'4:3'")))
    assert rows["openai", "gpt-image-1.5", False].refused == "cannot make 4:3"
    assert ("openai", "gpt-image-1.5", True) not in rows


def test_a_server_of_ones_own_is_compared_if_the_campaign_names_it(compared):
    own = SODA.replace(
        "provider: openai",
        "provider: compatible\nproviders: {compatible: {model: flux, price: {per_image: 0.02}}}",
    )
    row = named(compared(own))["compatible", "flux", False]
    assert row.chosen
    assert row.finals["high"].at_most == 4 * 20_000_000


def test_the_table_names_stages_sums_and_what_was_not_sent(compared, tmp_path):
    lines = price_lines(compared(batch=True))
    assert lines[1] == "  8 images as drafts, 4 images as finals"
    (chosen,) = [at for at, line in enumerate(lines) if line.startswith(">     in batches")]
    assert lines[chosen - 1].split()[0] == "gpt-image-2"
    assert lines[-1] == "Nothing was sent."
    assert all(len(line) <= 80 for line in lines[1:])  # the first one has the path of the file
    record = price_record(compared(SODA.replace(", final: {quality: high}", "")))
    assert json.loads(json.dumps(record))["rows"][0]["finals"] == {}
    assert not (tmp_path / "output").exists()
