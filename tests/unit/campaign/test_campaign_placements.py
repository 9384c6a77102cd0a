"""Placements: the shipped table, what a word suggests, and those that a campaign adds."""

import re
from fractions import Fraction

import pytest

from pipeline.campaign.matrix.placements import (
    find_placements,
    placement_table,
    placements,
    placements_of_ratio,
    suggest_placement,
)
from pipeline.model.adfiles.placement import Grade, ImageFormat
from pipeline.prompts.cells import expand

PROMPT = "prompt: A photo of {{ product.id }}.\n"


def campaign(size):
    return f"campaign: demo\nmatrix:\n  product: [a]\n  size: [{size}]\n{PROMPT}"


def size_of(board, size):
    (cell,) = expand(board.write(campaign(size)).load())
    return cell.size


def test_the_table_is_complete():
    table = placement_table()
    assert len(table.placements) == 67
    counts = dict.fromkeys(Grade, 0)
    for name, entry in table.placements.items():
        counts[entry.grade] += 1
        assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
        assert all([entry.source, entry.seen, entry.title]), name
        placement = placements()[name]
        assert min(placement.pixels) >= 50
        assert placement.formats
        top, right, bottom, left = placement.safe
        assert max(top + bottom, left + right) < 0.8
        if placement.minimum is not None:
            assert all(a >= b for a, b in zip(placement.pixels, placement.minimum, strict=True))
    assert counts == {Grade.PRIMARY: 39, Grade.SECOND: 24, Grade.CUSTOM: 2, Grade.UNREAD: 2}


def test_every_other_name_leads_to_an_entry():
    table = placement_table()
    meant = [*table.renamed.values(), *(one for names in table.aliases.values() for one in names)]
    assert set(meant) <= set(table.placements)
    assert set(table.aliases).isdisjoint(table.placements)
    assert set(table.renamed).isdisjoint(table.placements)


def test_a_ratio_leads_to_placements_of_that_shape():
    for word, names in placement_table().aliases.items():
        if ":" in word:
            width, _, height = word.partition(":")
            ratio = Fraction(width) / Fraction(height)
            for name in names:
                shape = Fraction(*placements()[name].pixels)
                assert abs(float(shape / ratio) - 1) < 0.005, (word, name)


OLD_TABLE = {
    "meta-feed-square": "1:1", "meta-feed-portrait": "1:1", "meta-link": "2:1",
    "instagram-story": "1:2", "instagram-reel": "1:2", "facebook-story": "1:2",
    "medium-rectangle": "4:3", "large-rectangle": "4:3", "leaderboard": "2:1", "billboard": "2:1",
    "skyscraper": "9:21", "half-page": "1:2", "mobile-banner": "2:1", "google-landscape": "2:1",
    "google-square": "1:1", "youtube-thumbnail": "16:9", "linkedin-landscape": "2:1",
    "linkedin-square": "1:1", "pinterest-pin": "1:2", "tiktok-image": "1:2", "x-square": "1:1",
    "email-header": "2:1", "web-hero": "16:9",
}  # fmt: skip
"""Names of the first table, and the ratio that was rendered for each: both are part of job keys."""


@pytest.mark.parametrize(("name", "ratio"), sorted(OLD_TABLE.items()))
def test_a_name_of_the_first_table_is_rendered_as_before(board, name, ratio):
    """The ratio is part of a job's key: another one would buy every image of the place anew."""
    size = size_of(board, name)
    assert size.id == name
    assert size.ratio == ratio


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("instagram-feed", " (did you mean meta-feed-portrait or meta-feed-square?)"),
        ("instagram_feed", " (did you mean meta-feed-portrait or meta-feed-square?)"),
        ("instagram-stroy", " (did you mean instagram-story?)"),
        ("leader-board", " (did you mean leaderboard?)"),
        ("billboard-975x250", " (did you mean billboard?)"),
        ("banner 300x251", " (did you mean medium-rectangle?)"),
        ("facebook-cover", " (did you mean facebook-story?)"),
        ("xyzzy", ""),
    ],
)
def test_an_unknown_place_suggests_the_nearest_by_name_and_shape(word, meant):
    assert suggest_placement(word) == meant


def test_an_unknown_place_in_a_campaign_is_refused_with_a_suggestion(board):
    (told,) = board.write(campaign("instagram-feed")).refused()
    assert told.endswith("(did you mean meta-feed-portrait or meta-feed-square?)")


def test_a_ratio_without_support_names_placements_of_its_shape(board):
    (told,) = board.write(campaign("4:5")).warnings()
    assert told.endswith("2:1; meta-feed-portrait or google-portrait has this shape")
    assert size_of(board, "4:5").ratio == "4:5"
    assert placements_of_ratio("7:5") == ()


def test_words_find_places_by_name_platform_ratio_and_pixels():
    assert find_placements("leaderboard")[0].id == "leaderboard"
    assert {one.id for one in find_placements("tiktok")} == {
        "tiktok-vertical", "tiktok-square", "tiktok-landscape",
    }  # fmt: skip
    assert find_placements("4:5")[0].id == "meta-feed-portrait"
    assert find_placements("728x91")[0].id == "leaderboard"
    assert find_placements("nowhere") == []


def test_a_place_that_nobody_could_read_about_is_warned_of(board):
    told = board.write(campaign("amazon-sponsored-brands")).warnings()
    assert told == [
        (
            "c.yaml:4:10: matrix.size: amazon-sponsored-brands: its requirements could not be read "
            "on the platform's pages; compare them before you upload: "
            "https://advertising.amazon.com/resources/ad-specs/sponsored-brands"
        )
    ]


def test_a_campaign_adds_a_place_of_its_own(board):
    size = size_of(board, "{id: hero, px: 2400x800, format: webp, max_kb: 300}")
    assert (size.id, size.pixels, size.ratio) == ("hero", (2400, 800), "2:1")
    assert size.placement.formats == (ImageFormat.WEBP,)
    assert (size.placement.max_kb, size.placement.grade) == (300, Grade.CUSTOM)


def test_a_campaign_changes_what_the_table_says(board):
    size = size_of(board, "{id: leaderboard, px: 970x250, max_kb: 80}")
    assert (size.pixels, size.placement.max_kb) == ((970, 250), 80)
    assert size.placement.formats == placements()["leaderboard"].formats
    assert size_of(board, "{id: leaderboard, max_kb: 40}").pixels == (728, 90)


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ("{id: hero, px: 99999x99999}", "px must be 50 megapixels at most, not 99999x99999"),
        ("{id: hero, px: 900x300, format: jpeg}",
         "format must be jpg, png, webp or avif, not jpeg (did you mean jpg?)"),
        ("{id: hero, px: 900x300, max_kb: 0}", "max_kb must be a whole number of kilobytes, not 0"),
        ("{id: hero, px: 900x300, max_kb: 1.5}",
         "max_kb must be a whole number of kilobytes, not 1.5"),
        ("{id: leaderbord}",
         "leaderbord needs px: 970x250 or ratio: 4:3 (did you mean leaderboard?)"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_refused(board, size, complaint):
    (told,) = board.write(campaign(size)).refused()
    assert told.endswith(complaint)
