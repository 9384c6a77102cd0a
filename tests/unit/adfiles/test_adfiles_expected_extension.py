"""How much of an ad file continues the image beyond its edges, as a plan tells it."""

from pipeline.adfiles.expected_extension import (
    ExpectedExtension,
    expected_extensions,
    strips_without_overlay,
)

PROMPT = "prompt: A photo of {{ product.id }}.\n"


def test_the_longest_extension_comes_first_and_exact_shapes_are_left_out(board):
    text = (
        "campaign: demo\nmatrix:\n  product: [a, b]\n"
        "  size: [1:1, instagram-story, leaderboard, 1200x1200]\n" + PROMPT
    )
    found = expected_extensions(board.write(text).load())
    assert [one.placement for one in found] == ["leaderboard", "instagram-story"]
    leaderboard = found[0]
    assert leaderboard == ExpectedExtension(
        placement="leaderboard", ratio="2:1", pixels=(728, 90), extended=leaderboard.extended
    )
    assert abs(1 - leaderboard.extended - 2 / (728 / 90)) < 1e-9


def test_strips_get_the_advice_to_lay_their_words_over(board):
    text = (
        "campaign: demo\nmatrix:\n  product: [a]\n"
        "  size: [1:1, leaderboard, half-page, billboard]\n" + PROMPT
    )
    assert strips_without_overlay(board.write(text).load()) == ("leaderboard", "billboard")
    overlay = "adfiles: {overlay: [{headline: Hi}]}\n"
    assert strips_without_overlay(board.write(text + overlay).load()) == ()
    assert not any("prefer an image without copy" in one for one in board.warnings())
