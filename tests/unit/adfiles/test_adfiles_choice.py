"""Windows that a person chose: shown exactly, wherever the planner would have put them."""

import pytest

from pipeline.adfiles.choice import checked_choice, chosen_window
from pipeline.adfiles.derive import window_of
from pipeline.adfiles.window import ALL_EDGES, SourceShape, Target
from pipeline.errors import UsageError
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import FileLabels, Flag, Framing, Recipe, RecipeId, WindowChoice
from pipeline.model.adfiles.placement import Fit, FitSettings, ImageFormat

COPY = (Box(300, 100, 400, 100),)


def square(**more):
    fields = {"width": 1000, "height": 1000, "copy": COPY, "product": Box(400, 400, 200, 400)}
    return SourceShape(**{**fields, **more})


def chosen(zoom, focus, *, source=None, **more):
    return chosen_window(
        source or square(), Target(width=500, height=1000, focus=focus, **more), zoom
    )


def test_a_window_with_a_zoom_is_shown_exactly():
    closer = chosen(0.5, (500, 300))
    assert closer.window == Box(375, 50, 250, 500)
    assert (closer.framing, closer.flags) == (Framing.CROPPED, (Flag.CUT, Flag.UPSCALED))
    wider = chosen(2.0, (400, 500))
    assert wider.window == Box(-100, -500, 1000, 2000)
    assert (wider.framing, wider.flags) == (Framing.EXTENDED, (Flag.LONG_EXTENSION,))


def test_what_a_person_chose_may_still_have_to_be_looked_at():
    photo = square(fit_edges=ALL_EDGES - ALL_EDGES)
    assert Flag.UNSURE in chosen(2.0, (500, 500), source=photo).flags
    padded = chosen(2.0, (500, 500), fit=Fit.PAD)
    assert (padded.framing, padded.flags) == (Framing.PADDED, (Flag.PADDED,))


def recipe(**more):
    fields = {"source_sha256": "a" * 64, "placement": "story", "pixels": (500, 1000)}
    return Recipe(
        **{**fields, **more},
        format=ImageFormat.JPG,
        labels=FileLabels(source_type="algorithmicMedia"),
    )


def test_a_recipe_shows_the_chosen_window_and_is_another_recipe():
    """Recipes without a zoom keep their ids: those of records that are older than the zoom."""
    planned, _ = window_of(square(), recipe(focus=(0.5, 0.3), zoom=0.5))
    assert planned.window == Box(375, 50, 250, 500)
    assert recipe().id == RecipeId("363237ffddc5965a")
    assert recipe(focus=(0.5, 0.3)).id != recipe(focus=(0.5, 0.3), zoom=0.5).id != recipe().id


def test_a_choice_is_for_one_image():
    choice = WindowChoice(source_sha256="a" * 64, focus=(0.1, 0.2), by="ana", at="")
    assert choice.fitted(FitSettings(), "a" * 64).focus == (0.1, 0.2)
    settings = FitSettings(focus=(0.9, 0.9))
    assert choice.fitted(settings, "b" * 64) == settings
    withdrawn = WindowChoice(source_sha256="a" * 64, by="ana", at="")
    assert withdrawn.fitted(settings, "a" * 64) == settings


def checked(**fields):
    fields = {"focus": None, "zoom": None, "keep": (), **fields}
    return checked_choice(**fields, source_sha256="a" * 64, by="ana", at="")


def test_texts_of_the_review_file_and_numbers_of_the_page_are_the_same_choice():
    written = checked(focus=["0.5", "0.25"], zoom="1.5", keep=[["0", "0.1", "0.5", "0.9"]])
    sent = checked(focus=[0.5, 0.25], zoom=1.5, keep=[[0, 0.1, 0.5, 0.9]])
    assert written == sent


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"focus": [0.5]}, "focus has 2 numbers"),
        ({"focus": "ab"}, "focus has 2 numbers"),
        ({"focus": [0.5, "nan"]}, "focus has 2 numbers"),
        ({"focus": [0.5, 99]}, "focus has numbers up to 12"),
        ({"zoom": 1}, "zoom needs a focus"),
        ({"focus": [0.5, 0.5], "zoom": 0}, "zoom needs a focus, and is at least"),
        ({"focus": [0.5, 0.5], "zoom": "wide"}, "zoom has 1 number"),
        ({"keep": 3}, "keep is a list of boxes"),
        ({"keep": [[0, 0, 1]]}, "a box under keep has 4 numbers"),
        ({"keep": [[0.5, 0, 0.8, 1]]}, "inside the image"),
        ({"keep": [[0.5, 0, 0, 1]]}, "inside the image"),
        ({"keep": [[0, 0, 1, 1]] * 21}, "21 boxes"),
    ],
)
def test_a_choice_that_cannot_be_right_is_refused(fields, said):
    with pytest.raises(UsageError, match=said):
        checked(**fields)
