"""Crops from the ratio that is rendered to the exact pixels of a placement."""

from pipeline.adfiles.crop_planner import Crop, plan_crops

PROMPT = "prompt: A photo of {{ product.id }}.\n"


def test_crops_are_listed_with_the_worst_first_and_exact_shapes_not_at_all(board):
    text = (
        "campaign: demo\nmatrix:\n  product: [a, b]\n"
        "  size: [1:1, instagram-story, leaderboard, 1200x1200]\n" + PROMPT
    )
    crops = plan_crops(board.write(text).load())
    assert [crop.placement for crop in crops] == ["leaderboard", "instagram-story"]
    leaderboard = crops[0]
    assert leaderboard == Crop(
        placement="leaderboard", ratio="2:1", pixels=(728, 90), kept=leaderboard.kept
    )
    assert abs(leaderboard.kept - 2 / (728 / 90)) < 1e-9
