"""What templates name decides what is written: the same words once, other words each."""

import json

import pytest

from pipeline.templates.template_process import TemplateProcess

HEAD = """\
campaign: demo
matrix:
  product: [{id: citrus, name: Citrus Soda}, {id: berry, name: Berry Soda}]
  size: ['1:1', '4:3']
stages: {draft: {takes: 2}}
"""


@pytest.fixture
def asked(monkeypatch):
    """How many prompts the writing process was asked for."""
    counts = []
    original = TemplateProcess.post

    def counted(self, head, values):
        if head["op"] == "write":
            counts.append(len(head["images"]))
        return original(self, head, values)

    monkeypatch.setattr(TemplateProcess, "post", counted)
    return counts


def said(board, prompt, more="", **files):
    """Each image's prompt, in plan order."""
    board.write(f"{HEAD}{more}\nprompt: {json.dumps(prompt)}\n", **files)
    return [job.request.prompt for job in board.jobs()]


def test_images_that_differ_in_what_no_template_names_are_written_once(board, asked):
    soda = ["a Citrus Soda"] * 4 + ["a Berry Soda"] * 4
    assert said(board, "a {{ product.name }}") == soda
    assert asked == [2]


def test_a_template_that_names_nothing_is_written_once_for_all(board, asked):
    assert said(board, "a can") == ["a can"] * 8
    assert asked == [1]


@pytest.mark.parametrize(
    ("prompt", "files"),
    [
        ("a {{ size.ratio }}", {}),
        ("{% include 'b.j2' %}", {"b__j2": "{% include 'd.j2' %}", "d__j2": "a {{ size.ratio }}"}),
        ("a {% if product.id %}{% set at = size.ratio %}{% endif %}{{ at }}", {}),
        ("{% macro m(it=size.ratio) %}{{ it }}{% endmacro %}a {{ m() }}", {}),
        ("{% from 'm.j2' import m with context %}a {{ m() }}",
         {"m__j2": "{% macro m() %}{{ size.ratio }}{% endmacro %}"}),
    ],
)  # fmt: skip
def test_images_that_differ_in_what_a_template_names_in_any_way_are_written_each(
    board, asked, prompt, files
):
    assert said(board, prompt, **files) == (["a 1:1"] * 2 + ["a 4:3"] * 2) * 2
    assert asked[0] in (2, 4)


def test_takes_are_written_each_where_an_included_file_names_the_take(board, asked):
    prompts = said(board, "{% include 't.j2' %}", t__j2="take {{ take }}")
    assert prompts == ["take 1", "take 2"] * 4
    assert asked == [2]


def test_an_axis_named_as_one_of_jinja_s_own_functions_tells_cells_apart(board):
    head = HEAD.replace("size:", "range: [wide, narrow]\n  size:")
    board.write(head + "prompt: a {{ range }} view\n")
    assert {job.request.prompt for job in board.jobs()} == {"a wide view", "a narrow view"}


def test_a_quoted_text_and_a_path_count_as_what_is_named(board, asked):
    more = "text: {size: '{{ size.ratio }}'}\noutput: {path: '{{ product }}-{{ size }}-{{ take }}'}"
    prompts = said(board, 'a label "{{ size.ratio }}"', more)
    assert sorted({*prompts}) == ['a label "1:1"', 'a label "4:3"']
    assert asked == [8]


def test_every_image_of_cells_that_cannot_be_written_is_counted(board):
    board.write(f"{HEAD}\nprompt: 'a {{{{ product.nam }}}}'\n")
    (complaint,) = board.refused()
    assert "cell citrus/1x1" in complaint
    assert complaint.endswith("and 7 more images)")
