"""The campaigns that ship: each of them can be run as it is."""

import pytest
from conftest import ROOT

EXAMPLES = sorted((ROOT / "campaigns").glob("*.yaml"))
SCHEMA = "# yaml-language-server: $schema=../pipeline/campaign/grammar/campaign.schema.json"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_passes_the_strictest_check(pipeline, file):
    ended = pipeline("check", "--strict", file)
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_says_how_to_run_it_and_the_page_of_campaigns_names_it(file):
    head = file.read_text().partition("\ncampaign:")[0].splitlines()
    assert head[0] == SCHEMA
    assert any(line.startswith(f"#   pipeline run campaigns/{file.name}") for line in head)
    assert f"]({file.name})" in (ROOT / "campaigns" / "README.md").read_text()


def test_every_cutout_of_the_catalogue_has_its_product_its_takes_and_an_alpha_channel(pipeline):
    file = ROOT / "campaigns" / "catalogue-cutouts.yaml"
    ended = pipeline("run", file, "--only", "MUG-01/*", "-q", "--output", pipeline.output)
    assert ended.code == 0, ended.err
    told = pipeline.manifest("catalogue-cutouts")["images"]
    images = [one for one in told if one["cell"].startswith("MUG-01/")]
    assert [(one["stage"], one["take"]) for one in images] == [
        ("draft", 1),
        ("draft", 2),
        ("final", 1),
    ]
    assert {one["alpha"] for one in images} == {"channel"}
