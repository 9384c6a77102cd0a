"""Models, their limits and prices, as campaign files name them."""

import pytest

from pipeline.campaign.loading import load_campaign
from pipeline.errors import CampaignError
from pipeline.model.names import Stage
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import profiles

TEXT = """\
campaign: demo
matrix:
  product: [{id: citrus, name: Citrus Soda}]
  size: ['1:1', '16:9']
prompt: A photo of {{ product.name }}.
"""


@pytest.fixture
def loaded(tmp_path):
    """Loads a campaign with the profiles that ship."""
    (tmp_path / "pyproject.toml").touch()

    def load(more, provider="openai"):
        file = tmp_path / "c.yaml"
        file.write_text(TEXT + more)
        return load_campaign(file, profiles=profiles(), provider=provider)

    return load


def complaints(loaded, more, provider="openai"):
    with pytest.raises(CampaignError) as refused:
        loaded(more, provider)
    return [str(finding).partition("c.yaml:")[2] for finding in refused.value.findings]


def test_the_size_that_is_sent_is_in_the_request_and_so_in_the_key(loaded):
    openai = list(plan_drafts(loaded("")))
    gptimage = list(plan_drafts(loaded("", "gptimage")))
    assert [job.request.size for job in openai] == ["1024x1024", "1536x864"]
    assert [job.request.size for job in gptimage] == ["1:1", "16:9"]
    assert len({job.key for job in (*openai, *gptimage)}) == 4


def test_each_stage_has_its_own_model_or_that_of_the_provider(loaded):
    more = "stages: {draft: {model: gpt-image-2.5-flare}, final: {}}\n"
    more += "providers: {openai: {model: gpt-image-2-2026-04-21}}\n"
    stages = loaded(more).campaign.stages
    assert stages[Stage.DRAFT].model == "gpt-image-2.5-flare"
    assert stages[Stage.FINAL].model == "gpt-image-2-2026-04-21"


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (
            "stages: {draft: {model: gpt-image-1}}\n",
            (
                "6:25: stages.draft.model: gpt-image-1 was switched off on 2026-10-23; "
                "use gpt-image-1.5 or gpt-image-2"
            ),
        ),
        (
            "stages: {draft: {quality: max}}\n",
            "6:27: stages.draft.quality: gpt-image-2 renders in low, medium or high, not in max",
        ),
        (
            "stages: {draft: {model: chatgpt-image-latest}}\n",
            (
                "4:17: matrix.size: 16x9: openai renders only 1:1, 3:2 and 2:3, not 16:9; "
                "the nearest is 3:2"
            ),
        ),
        (
            "providers: {openai: {price: {per_credit: 0.1}}}\n",
            "6:29: providers.openai.price: needs per_image, since openai counts in dollars",
        ),
        (
            "providers: {openai: {price: {currency: EUR}}}\n",
            "6:29: providers.openai.price: needs per_image, since openai counts in dollars",
        ),
    ],
)
def test_what_a_model_cannot_do_is_told_where_it_stands(loaded, more, complaint):
    assert complaint in complaints(loaded, more)


def test_a_server_of_ones_own_needs_the_name_of_a_model(loaded):
    (told,) = complaints(loaded, "stages: {draft: {}}\n", "compatible")
    assert told.endswith("is missing: compatible needs the name of a model")


def test_a_price_is_reserved_and_a_server_of_ones_own_charges_it(loaded):
    more = "providers: {{{0}: {{model: {1}, price: {{per_image: 0.04}}}}}}\n"
    own = loaded(more.format("compatible", "flux-2"), "compatible")
    assert {job.price for job in plan_drafts(own)} == {40_000_000}
    paid = loaded(more.format("openai", "gpt-image-2.6-flare"))
    assert {job.price for job in plan_drafts(paid)} == {40_000_000}
    free = loaded("providers: {compatible: {model: flux-2}}\n", "compatible")
    assert {job.price for job in plan_drafts(free)} == {0}


def test_refined_finals_need_drafts_that_somebody_approves(loaded):
    more = "stages: {draft: {review: none}, final: {mode: refine}}\n"
    assert any("approves none" in told for told in complaints(loaded, more))
    assert loaded("stages: {draft: {}, final: {mode: refine}}\n")
