"""Finals are written to be proven only where they may say something else than their drafts."""

import pytest

from pipeline.campaign.loading import load_campaign
from pipeline.prompts.finals_check import finals_repeat_drafts
from pipeline.providers.registry import profiles

HEAD = """\
campaign: demo
matrix:
  product: [{id: citrus, name: Citrus Soda}]
  size: ['1:1']
"""


def repeats(folder, prompt, rest=""):
    (folder / "pyproject.toml").touch()
    (folder / "hero.j2").write_text(prompt)
    file = folder / "c.yaml"
    file.write_text(f"{HEAD}prompt: hero.j2\n{rest}")
    return finals_repeat_drafts(load_campaign(file, profiles=profiles()))


@pytest.mark.parametrize(
    "prompt",
    [
        "A photo of {{ product.name }}.",
        "A stage, a round bottle, take a note: {{ product.name }}.",
        "{% if product.name %}A photo{% endif %} on a background of {{ product.name | lower }}.",
    ],
)
def test_finals_of_a_template_about_the_cell_alone_repeat_their_drafts(tmp_path, prompt):
    assert repeats(tmp_path, prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "A {{ stage }} of {{ product.name }}.",
        "{% if take > 1 %}Another{% endif %} photo.",
        "A photo. {{ note }}",
        "A photo {{ 'from }} above' ~ stage }}.",
        'A photo {{ "" ~ stage ~ "" }}.',
        "A photo {{ {1: {}} | length ~ stage }}.",
        "A photo {# {{ #} of the {{ stage }}.",
        "A photo {% raw %}with { {% endraw %} of the {{ round }}.",
    ],
)
def test_a_template_that_says_which_image_it_is_for_is_proven_however_it_hides_it(tmp_path, prompt):
    assert not repeats(tmp_path, prompt)


def test_an_output_path_of_its_own_is_proven_since_finals_may_meet_in_one_file(tmp_path):
    rest = "output: {path: '{{ product.id }}'}\nstages: {draft: {}, final: {takes: 2}}\n"
    assert not repeats(tmp_path, "A photo.", rest)


def test_an_included_file_counts_as_part_of_the_template(tmp_path):
    (tmp_path / "part.j2").write_text("the {{ stage }} light")
    assert not repeats(tmp_path, "A photo in {% include 'part.j2' %}.")


def test_an_override_that_says_the_stage_counts_as_well(tmp_path):
    rest = "overrides: [{match: {product: citrus}, set: {prompt: 'A {{ stage }}.'}}]\n"
    assert not repeats(tmp_path, "A photo.", rest)
