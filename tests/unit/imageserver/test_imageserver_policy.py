import pytest

from pipeline.imageserver.api.content_policy import apply_content_policy
from pipeline.imageserver.api.refusal import RefusedError


def test_a_harmless_prompt_is_painted_as_it_came():
    assert apply_content_policy("A bottle,  two spaces", rewrites=True) == "A bottle,  two spaces"


@pytest.mark.parametrize("prompt", ["a Nude statue", "NSFW poster", "a scene of gore, dark"])
def test_a_forbidden_word_is_refused(prompt: str):
    with pytest.raises(RefusedError, match="prompt violates the content policy") as caught:
        apply_content_policy(prompt, rewrites=False)
    assert (caught.value.status, caught.value.kind) == (400, "moderation_blocked")


@pytest.mark.parametrize("prompt", ["category", "denuded hills", "gored oxen"])
def test_only_whole_words_count(prompt: str):
    assert apply_content_policy(prompt, rewrites=False) == prompt


def test_rewriting_leaves_the_word_out():
    assert apply_content_policy("a nude statue in marble", rewrites=True) == "a statue in marble"


def test_a_prompt_of_nothing_else_is_refused_even_where_prompts_are_rewritten():
    with pytest.raises(RefusedError):
        apply_content_policy("NSFW!", rewrites=True)
