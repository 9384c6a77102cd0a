"""Masks, kinds of files, usage tiers and time-outs: what each model takes, and bad input."""

import io

import pytest
from PIL import Image
from test_campaign_models import TEXT

from pipeline.campaign.loading import load_campaign
from pipeline.errors import CampaignError
from pipeline.model.providers.request import OutputFormat
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import profiles

MASKED = "references: [pack.png]\nmask: mask.png\n"
ON_CLEAR = "overrides: [{match: {size: '1x1'}, set: {background: transparent}}]\n"
DRAFTS = "stages: {draft: {quality: low}}\n"


def image(mode="RGB", size=(64, 48), color=0, kind="PNG"):
    drawn = io.BytesIO()
    Image.new(mode, size, color).save(drawn, kind)
    return drawn.getvalue()


CLEAR = image("RGBA")
FILES = {
    "pack.png": image(),
    "mask.png": CLEAR,
    "opaque.png": image("RGB"),
    "small.png": image("RGBA", (32, 48)),
    "mask.jpg": image("RGB", kind="JPEG"),
    "broken.png": CLEAR[:60],
    "large.png": CLEAR + b"\0" * (5 << 20),
    "citrus.png": CLEAR,
}


@pytest.fixture
def campaign(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    def load(more, provider="openai"):
        file = tmp_path / "c.yaml"
        file.write_text(TEXT + more)
        return load_campaign(file, profiles=profiles(), provider=provider)

    return load


def requests(loaded):
    return [job.request for job in plan_drafts(loaded)]


def complaint(campaign, more, provider="openai"):
    with pytest.raises(CampaignError) as refused:
        requests(campaign(more, provider))
    return " | ".join(str(one).partition("c.yaml:")[2] for one in refused.value.findings)


def test_a_mask_goes_with_each_request_and_is_in_its_key(campaign):
    masked = list(plan_drafts(campaign(MASKED + DRAFTS)))
    plain = list(plan_drafts(campaign("references: [pack.png]\n" + DRAFTS)))
    assert {job.request.mask.path.rpartition("/")[2] for job in masked} == {"mask.png"}
    assert [len(job.request.references) for job in masked] == [1, 1]
    assert plain[0].request.mask is None
    assert not {job.key for job in masked} & {job.key for job in plain}


def test_a_mask_may_be_named_by_the_cell_and_by_an_override(campaign):
    by_cell = "references: [pack.png]\nmask: '{{ product.id }}.png'\n" + DRAFTS
    assert requests(campaign(by_cell))[0].mask.path.endswith("citrus.png")
    override = "overrides: [{match: {size: '1x1'}, set: {mask: citrus.png}}]\n"
    first, second = requests(campaign(MASKED + DRAFTS + override))
    assert first.mask.path.endswith("citrus.png")
    assert second.mask.path.endswith("mask.png")


def test_a_cell_whose_mask_is_an_empty_text_has_none(campaign):
    """As a reference that is an empty text is none: a feed has no mask for some products."""
    more = "references: [pack.png]\nmask: \"{{ 'mask.png' if size.id == '1x1' else '' }}\"\n"
    first, second = requests(campaign(more + DRAFTS))
    assert first.mask.path.endswith("mask.png")
    assert (second.mask, len(second.references)) == (None, 1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("mask: mask.png\n", "mask: needs references"),
        (
            MASKED + "stages: {draft: {}, final: {mode: refine}}\n",
            "mask: does not go with mode: refine",
        ),
        (MASKED.replace("mask.png", "mask.jpg") + DRAFTS, "mask.jpg is not a PNG"),
        (MASKED.replace("mask.png", "opaque.png") + DRAFTS, "the mask has no transparent pixels"),
        (
            MASKED.replace("mask.png", "small.png") + DRAFTS,
            "the mask has 32×48 pixels, and the first reference 64×48: they must be equal",
        ),
        (MASKED.replace("mask.png", "broken.png") + DRAFTS, "the mask is damaged"),
        (MASKED.replace("mask.png", "large.png") + DRAFTS, "is too large: 5 MB; at most 4 MB"),
        (MASKED.replace("mask.png", "none.png") + DRAFTS, "none.png cannot be read: No such file"),
        (
            "overrides: [{match: {size: '1x1'}, set: {mask: mask.png}}]\n",
            "overrides[0].set.mask: needs references",
        ),
        (
            "compression: 80\n",
            "compression: is for webp and jpeg: set output_format as well",
        ),
        (
            "output_format: png\ncompression: 80\n",
            "compression: is for webp and jpeg",
        ),
        (
            "background: transparent\noutput_format: jpeg\n",
            "output_format: a JPEG has no transparent background; use png or webp",
        ),
        (
            f"output_format: jpeg\n{ON_CLEAR}",
            "a JPEG has no transparent background",
        ),
        ("output_format: gif\n", "output_format: "),
        ("output_format: webp\ncompression: 101\n", "compression: "),
        ("providers: {openai: {tier: 6}}\n", "providers.openai.tier: "),
        ("providers: {openai: {timeout: 1}}\n", "providers.openai.timeout: "),
    ],
)
def test_what_openai_does_not_take_is_refused_before_anything_is_bought(campaign, more, words):
    assert words in complaint(campaign, more)


@pytest.mark.parametrize(
    ("provider", "more", "words"),
    [
        ("gptimage", "output_format: webp\n", "gptimage has no choice of output formats"),
        ("embedded", "output_format: webp\n", "embedded has no choice of output formats"),
        ("gptimage", MASKED + "providers: {gptimage: {edits: /e}}\n", "gptimage takes no mask"),
        (
            "gptimage",
            "providers: {gptimage: {tier: 2}}\n",
            "providers.gptimage.tier: gptimage has no usage tiers; run.images_per_minute sets",
        ),
        (
            "compatible",
            "output_format: webp\nproviders: {compatible: {model: m, dialect: vllm-omni}}\n",
            "compatible has no choice of output formats",
        ),
        (
            "compatible",
            "output_format: webp\nproviders: {compatible: {model: m, dialect: sd-cpp}}\n",
            "output_format: compatible makes png and jpeg, not webp",
        ),
        (
            "compatible",
            MASKED + "providers: {compatible: {model: m, dialect: localai}}\n",
            "compatible takes no mask",
        ),
    ],
)
def test_other_providers_and_servers_refuse_what_they_do_not_take(campaign, provider, more, words):
    assert words in complaint(campaign, more, provider)


def test_a_server_of_which_it_is_not_known_is_warned_about(campaign):
    more = MASKED + "providers: {compatible: {model: m}}\n" + DRAFTS
    told = [str(one) for one in campaign(more, "compatible").warnings]
    assert any("whether this server of compatible takes a mask is not known" in one for one in told)
    assert requests(campaign(MASKED + DRAFTS, "embedded"))[0].mask is not None


def test_the_kind_of_file_is_in_the_request_and_in_its_key(campaign):
    webp = list(plan_drafts(campaign("output_format: webp\ncompression: 0\n" + DRAFTS)))
    finer = list(plan_drafts(campaign("output_format: webp\ncompression: 90\n" + DRAFTS)))
    plain = list(plan_drafts(campaign(DRAFTS)))
    assert (webp[0].request.output_format, webp[0].request.compression) == (OutputFormat.WEBP, 0)
    assert len({job.key for job in (*webp, *finer, *plain)}) == 6
    override = "overrides: [{match: {size: '1x1'}, set: {output_format: jpeg, compression: 70}}]\n"
    first, second = requests(campaign(DRAFTS + override))
    assert (first.output_format, first.compression) == (OutputFormat.JPEG, 70)
    assert (second.output_format, second.compression) == (None, None)


def test_jobs_of_before_have_the_keys_that_they_had(campaign):
    """The key of a request without these settings is that of a program that did not know them."""
    before = ["1bfae7833a7ef26b6d1f2f3bc246b02a", "9bc902a79ebc7435805b5395420fdb34"]
    assert [job.key for job in plan_drafts(campaign(DRAFTS))] == before


def test_a_tier_limits_images_a_minute_unless_the_run_says_otherwise(campaign):
    tier = "providers: {openai: {tier: 3}}\n"
    assert campaign(tier).campaign.pace.images_per_minute == 50
    own = "run: {images_per_minute: 7}\n"
    assert campaign(tier + own).campaign.pace.images_per_minute == 7
    assert campaign("").campaign.pace.images_per_minute is None


def test_a_reference_that_a_batch_cannot_hold_is_refused(campaign, tmp_path):
    """A data URL may have 20,971,520 characters; the batch was refused whole, a day later."""
    (tmp_path / "pack.png").write_bytes(image() + b"\0" * (16 << 20))
    more = "references: [pack.png]\nrun: {batch: true}\n" + DRAFTS
    assert "pack.png is too large: 17 MB; at most 16 MB" in complaint(campaign, more)
