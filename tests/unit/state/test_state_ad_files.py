"""Which ad files a campaign should have: formats, names, labels."""

import pytest

from pipeline.campaign.matrix.placements import placements
from pipeline.model.adfiles.placement import ImageFormat, Placement
from pipeline.model.campaign import Cell, Size
from pipeline.prompts.cells import cell_of, unnamed_cells
from pipeline.prompts.jobs import plan_drafts
from pipeline.state.output.ad_files import _overlay, alt_text, formats_of, makes_ad_files

JPG, PNG, WEBP, AVIF = ImageFormat.JPG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF
HERO = Placement(id="hero", pixels=(2400, 800), formats=(WEBP,))


def size(name):
    if name == "1x1":
        return Size(id="1x1", ratio="1:1")
    placement = HERO if name == "hero" else placements()[name]
    return Size(id=name, ratio="1:1", placement=placement)


@pytest.mark.parametrize(
    ("name", "asked", "see_through", "formats"),
    [
        ("leaderboard", {}, False, [JPG]),
        ("1x1", {}, False, [JPG]),
        ("hero", {}, False, [WEBP]),
        ("snapchat-story-tile", {}, False, [PNG]),
        ("leaderboard", {"default": (AVIF,)}, False, [JPG]),
        ("web-hero", {"default": (AVIF, JPG)}, False, [AVIF, JPG]),
        ("leaderboard", {"default": (JPG,), "leaderboard": (PNG, JPG)}, False, [PNG, JPG]),
        ("1x1", {}, True, [PNG]),
        ("shopify-product", {}, True, [PNG]),
        ("leaderboard", {"leaderboard": (JPG,)}, True, [JPG]),
    ],
)
def test_the_formats_of_a_size(name, asked, *, see_through, formats):
    assert list(formats_of(asked, size(name), see_through=see_through)) == formats


@pytest.mark.parametrize(
    ("more", "makes"),
    [
        ("size: [1:1, 4:3]", False),
        ("size: [1:1, leaderboard]", True),
        ("size: [1:1, 900x300]", True),
        ("size: [1:1]}\nadfiles: {}\nvars: {a: b", True),
        ("size: [leaderboard]}\nstages: {draft: {}", False),
    ],
)
def test_a_run_makes_ad_files_where_the_campaign_names_placements(board, more, makes):
    board.write(f"campaign: demo\nprompt: a photo\nmatrix: {{product: [a], {more}}}\n")
    assert makes_ad_files(board.load()) is makes


def cell(**product):
    axes = (("product", "citrus"), ("size", "1x1"))
    values = {"product": {"id": "citrus", **product}}
    return Cell(name="citrus/1x1", axes=axes, size=size("1x1"), values=values)


def test_an_alternative_text_names_the_product_and_its_words_and_never_a_cut_prompt():
    """It used to be the first 200 characters of the prompt, cut in the middle of a word."""
    prompt = 'A photo of soda, headline "SUMMER CRUSH", label "Citrus Soda", button "Try it".'
    assert alt_text(cell(name="Citrus Soda"), prompt) == (
        "Citrus Soda, with the words “SUMMER CRUSH”, “Try it”"
    )
    assert alt_text(cell(), "A photo of soda.") == "citrus"


@pytest.mark.parametrize(("name", "parts"), [("leaderboard", 1), ("merchant-product", 0)])
def test_nothing_is_laid_over_a_placement_that_shows_no_text(board, name, parts):
    board.write(
        f"campaign: demo\nprompt: a photo\nmatrix: {{product: [a], size: [{name}]}}\n"
        "adfiles: {overlay: [{headline: Hi}]}\n"
    )
    loaded = board.load()
    (job,) = plan_drafts(loaded)
    (unnamed,) = unnamed_cells(loaded)
    variant = loaded.variants[unnamed.variant]
    assert len(_overlay(cell_of(loaded, unnamed), variant, job)) == parts


def test_words_that_are_laid_over_are_in_the_alternative_text():
    said = alt_text(cell(name="Soda"), "A photo of soda.", ["Summer\ncrush", "2,49 €"])
    assert said == "Soda, with the words “Summer crush”, “2,49 €”"
