"""Slips in templates: all of a template's are told at once, in words, with the way out."""

import pytest
from campaign_texts import HEAD
from test_templates_writing import answer


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ “x” }}", "“ is a typographic quote; templates take straight ones: ' or \""),
        ("{{ product.name }", "{{ is never closed: }} is missing"),
        ("{{{ product.name }}}", "there are three braces; a value takes two: {{ … }}"),
        ("{% if take %}x", "{% if … %} is never closed: {% endif %} is missing"),
        ("{% for a in [1] %}x", "{% for … %} is never closed: {% endfor %} is missing"),
        ("{% elseif x %}", "there is no {% elseif %} (did you mean elif?)"),
        ("x {% endif %}", "{% endif %} closes nothing that is open here"),
        ("{% iff x %}", "there is no {% iff %} (did you mean if?)"),
        ("{{ 'a' 'b' 1 }}", "two values in {{ }} follow each other; ~ joins them"),
        ("{{ product name }}", ("two words in {{ }} follow each other; a column takes a "
         "dot: product.name")),
        ("{% if take = 1 %}x{% endif %}", "= does not compare two values here; write =="),
        ("{% if a && b %}x{% endif %}", "& means nothing here; write and"),
        ("{% if a || b %}x{% endif %}", "|| means nothing here; write or"),
        ("{{ a ? b : c }}", "? means nothing here; write a if condition else b"),
        ("{{ 'abc }}", "the quote ' is never closed"),
        ("{% if a %}{% else if b %}{% endif %}", "else if is written {% elif … %}"),
        ("{# x", "{# begins a comment that is never closed: #} is missing"),
        ("{{ 'a' + 1 }}", "+ does not add a text and a number; ~ joins them"),
        ("{{ locale > 1 }}", ("a text is compared with a number; cells of a csv file are text: "
         "|int")),
        ("a $ {product.name}", ("{product.name} is left over in the template's own text; a value "
         "is written {{ product.name }}")),
        ("{{ copy.headlin3x }}", "copy has no column headlin3x (did you mean headline?)"),
        ("{{ copy.claim }}", "copy has no column claim; it has headline"),
    ],
)  # fmt: skip
def test_a_slip_in_a_template_is_told_with_what_to_write(source, told):
    assert answer(source)["complaint"] == told


def test_all_slips_of_a_template_are_told_at_once(board):
    board.write(
        HEAD + "prompt: |\n  A photo of {{ product.lok }}\n"
        "  {{ prodct.name|upper }} in {{ size.ratios }},\n  {{ seasn }}\n"
        'vars: {season: summer}\ntext: {claim: "{{ product.clam }}"}\n'
    )
    cell = "(cell citrus/1x1"
    assert board.refused() == [
        (
            f"c.yaml:6:1: prompt: product has no column lok (did you mean look?) {cell}, "
            "c.yaml line 3, column lok)"
        ),
        f"c.yaml:7:1: prompt: nothing is named prodct (did you mean product?) {cell})",
        (
            f"c.yaml:7:1: prompt: size has no column ratios (did you mean ratio?) {cell}, "
            "c.yaml line 4, column ratios)"
        ),
        f"c.yaml:8:1: prompt: nothing is named seasn (did you mean season?) {cell})",
        (
            "c.yaml:10:15: text.claim: product has no column clam; it has name, look and id "
            f"{cell}, c.yaml line 3, column clam)"
        ),
    ]


def test_an_empty_value_and_a_misspelt_one_are_told_together(board):
    board.write(
        HEAD.replace("look: a bottle", "look: ~") + "prompt: |\n  {{ product.look|upper }}\n"
        "  {{ product.look ~ product.nme }}\n"
    )
    assert [told.partition(" (")[0] for told in board.refused()] == [
        "c.yaml:6:1: prompt: product.look is empty",
        "c.yaml:7:1: prompt: product.look is empty",
        "c.yaml:7:1: prompt: product has no column nme",
    ]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("product.id = 'citrus'", "= does not compare two values here; write =="),
        ("{{ product.id == 'x' }}", "a condition is written without braces"),
    ],
)
def test_a_condition_that_is_no_expression_is_told_what_it_should_be(board, rule, told):
    board.write(HEAD + f'  exclude: [{{if: "{rule}"}}]\nprompt: a photo\n')
    assert board.refused() == [f"c.yaml:5:18: matrix.exclude[0].if: {told}"]
