"""Images that go with a request: packshots, and finals that are edits of their drafts."""

import hashlib

import pytest
from conftest import SODA, wait_until
from fake_provider import png
from PIL import Image

PACK = SODA.replace("[1:1, 4:3]", "[1:1]").replace("stages:", "references: [pack.png]\nstages:")
REFINED = SODA.replace("[1:1, 4:3]", "[1:1]").replace(
    "final: {quality: medium}", "final: {quality: medium, mode: refine}"
)
EDITS = "\nproviders: {gptimage: {edits: /v1/images/edits}}\n"


@pytest.fixture
def shop(pipeline, served):
    """Runs a campaign on a provider; both APIs are the image server's."""
    (pipeline.folder / "pack.png").write_bytes(png(64, 64))

    def run(provider, text, *more):
        if provider == "openai":
            server = served("--wire", "openai")
            pipeline.environment["OPENAI_BASE_URL"] = f"{server.url}/v1"
            pipeline.environment["OPENAI_API_KEY"] = server.key
            more = ("--max-cost", "1000", *more)
        if provider == "gptimage":
            server = served()
            pipeline.environment["GPTIMAGE_BASE_URL"] = server.url
            pipeline.environment["GPTIMAGE_API_KEY"] = server.key
            text += EDITS
        file = pipeline.write(text)
        return pipeline("run", file, "--provider", provider, "--yes", *more)

    return run


@pytest.mark.parametrize("provider", ["embedded", "gptimage", "openai"])
def test_the_given_packshot_goes_with_every_request(pipeline, shop, provider):
    ended = shop(provider, PACK, "--stage", "draft")
    assert ended.code == 0, ended.err
    assert pipeline.manifest()["totals"]["stored"] == 2


@pytest.mark.parametrize("provider", ["embedded", "openai"])
def test_a_refined_final_is_an_edit_of_the_draft_that_was_approved(pipeline, shop, provider):
    text = REFINED.replace("review: auto", "review: human")
    assert shop(provider, text, "--stage", "draft").code == 0
    file = pipeline.folder / "soda.yaml"
    flags = ("--provider", provider)
    assert pipeline("approve", file, "*", *flags).code == 0
    more = ("--max-cost", "1000") if provider == "openai" else ()
    ended = pipeline("run", file, "--yes", *flags, *more)
    assert ended.code == 0, ended.err
    images = pipeline.manifest()["images"]
    finals = [one for one in images if one["stage"] == "final"]
    drafts = {one["job"]: one for one in images if one["stage"] == "draft"}
    assert [one["status"] for one in finals] == ["stored", "stored"]
    for final in finals:
        draft = drafts[final["derived_from"]]
        content = (pipeline.output / draft["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == draft["sha256"]
        assert final["sha256"] != draft["sha256"]


def test_without_a_path_for_edits_the_documented_api_takes_no_images(pipeline, shop):
    text = PACK + "\nprovider: gptimage\n"
    ended = pipeline("check", pipeline.write(text))
    assert ended.code == 2
    assert "gptimage takes no reference images" in ended.out + ended.err


def test_more_images_than_the_api_takes_are_refused(pipeline, shop):
    many = ", ".join(["pack.png"] * 17)
    text = PACK.replace("[pack.png]", f"[{many}]") + "\nprovider: openai\n"
    ended = pipeline("check", pipeline.write(text))
    assert ended.code == 2
    assert "openai takes 16 images at most, not 17" in ended.out + ended.err


def test_a_masked_edit_in_another_kind_of_file_is_a_line_of_a_batch_too(pipeline, shop):
    drawn = Image.new("RGBA", (64, 64), "#808080ff")
    drawn.paste("#00000000", (0, 0, 64, 32))
    drawn.save(pipeline.folder / "mask.png")
    text = PACK.replace("stages:", "mask: mask.png\noutput_format: webp\ncompression: 80\nstages:")
    text = text.replace("final: {quality: medium}", "")
    ended = shop("openai", text, "--batch")
    assert ended.code == 0, ended.err
    again = ("--provider", "openai", "--yes", "--max-cost", "1000", "--detailed-exitcode")
    wait_until(lambda: pipeline("run", pipeline.folder / "soda.yaml", *again).code == 0)
    images = pipeline.manifest()["images"]
    assert [one["status"] for one in images] == ["stored", "stored"]
    assert {one["file"].rpartition(".")[2] for one in images} == {"webp"}
    assert {one["mask"]["name"] for one in images} == {"mask.png"}
    assert {one["output_format"] for one in images} == {"webp"}
