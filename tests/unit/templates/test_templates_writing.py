"""Templates: what they may say, what is never printed, and what no prompt may hold."""

import json

import pytest

from pipeline.templates.writer import TemplateWriter, is_quoted

VALUES = [
    ["", None, {"season": "summer", "sizes": {"items": "seven"}}],
    [
        "product",
        "citrus",
        {
            "name": "Citrus Soda",
            "copy": "a copy",
            "items": "six items",
            "hostile": "{{ 7*7 }} {% raw %}",
            "price": {"\0decimal": "2.50"},
            "none": None,
            "list": [1],
            "map": {"a": 1},
            "vegan": True,
            "count": 7,
            "arabic": "\u200fعرض\u200e",
        },
    ],
    ["locale", "de-DE", {}],
    ["copy", None, {"headline": "SUMMER"}],
]


def answer(source, *, texts=(), note="", take=1, **more):
    """What the writing process says to one template."""
    writer = TemplateWriter(bytearray(4))
    templates = {"c.yaml#prompt": source, **dict(more.get("files", {}))}
    templates |= {f"c.yaml#text.{key}": text for key, text in texts}
    setup = {
        "op": "compile",
        "templates": templates,
        "expressions": {},
        "columns": {},
        "longest": more.get("longest", 500),
    }
    compiled = writer.answer(json.dumps(setup).encode())
    if compiled["problems"]:
        return compiled["problems"][0]
    names = [[key, f"c.yaml#text.{key}"] for key, _ in texts]
    work = {
        "op": "write",
        "stage": "draft",
        "values": VALUES,
        "cell_templates": [["c.yaml#prompt", names, [], None, []]],
        "images": [[0, [0, 1, 2, 3], take, 1, note]],
    }
    reply = writer.answer(json.dumps(work).encode())
    return reply["problems"][0] if reply["problems"] else reply["written"][0]


def prompt(source, **more):
    return answer(source, **more)[0]


def complaint(source, **more):
    return answer(source, **more)["complaint"]


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ product.name }} in {{ season }}", "Citrus Soda in summer"),
        ("{{ product.copy }}, {{ product.items }}", "a copy, six items"),
        ("{{ product['items'] }} {{ sizes.items }}", "six items seven"),
        ("{{ product }} {{ product.id }} {{ locale }}", "citrus citrus de-DE"),
        ("{{ product.price }} {{ product.count }} {{ product.vegan }}", "2.50 7 true"),
        ("{{ copy.headline|lower }} {{ locale|upper }}", "summer DE-DE"),
        ("{% if locale == 'de-DE' %}ja{% else %}yes{% endif %}", "ja"),
        ("{{ product.badge|default('plain') }}", "plain"),
        ("{% if product.badge is defined %}x{% endif %}a", "a"),
        ("{{ product.price * 2 }}", "5.00"),
        ("{{ stage }} {{ take }} {{ round }}", "draft 1 1"),
        ("{{ product.name ~ ' ' ~ product.count }}", "Citrus Soda 7"),
        ("{{ [product.name, season]|join(', ') }}", "Citrus Soda, summer"),
        ("{{ '%s at %s'|format(product.name, product.price) }}", "Citrus Soda at 2.50"),
        ("  a\n\n\n\n b  ", "a\n\n b"),
        ("a{% if true %}\nb{% endif %}\nc", "a\nb\nc"),
        ('{"subject": "{{ product.name }}"}', '{"subject": "Citrus Soda"}'),
        ("{{ product.arabic }}", "\u200fعرض\u200e"),
    ],
)
def test_a_template_says_what_the_feed_holds(source, written):
    assert prompt(source) == written


def test_what_a_feed_holds_is_never_read_as_a_template():
    assert prompt("a {{ product.hostile }}") == "a {{ 7*7 }} {% raw %}"


def test_markup_in_a_feed_reaches_the_prompt_as_it_is(monkeypatch):
    monkeypatch.setitem(VALUES[3][2], "markup", "Ben & Jerry's <Fudge>")
    assert prompt("{{ copy.markup }}") == "Ben & Jerry's <Fudge>"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ product.none }}", "product.none is empty (null) and cannot be printed"),
        ("{{ product.list }}", "product.list is a list and cannot be printed"),
        ("{{ product.map }}", "product.map is a mapping and cannot be printed"),
        ("{{ product.none|upper }}", "product.none is empty (null) and cannot be printed"),
        ("{{ 'x' ~ product.none }}", "product.none is empty (null) and cannot be printed"),
        ("{{ '%s'|format(product.none) }}", "product.none is empty (null) and cannot be printed"),
        ("{{ '%s' % product.none }}", "product.none is empty (null) and cannot be printed"),
        ("{{ '{}'.format(product.map) }}", "product.map is a mapping and cannot be printed"),
        ("{{ [product.none]|join }}", "product.none is empty (null) and cannot be printed"),
        ("{{ copy }}", "copy is a whole row and cannot be printed"),
        ("{{ range }}", "the value is a function and cannot be printed"),
        ("{{ product.name.upper }}", "the value is a function and cannot be printed"),
        ("{{ self }}", "the value is no text and cannot be printed"),
        ("{{ prodct.name }}", "nothing is named prodct (did you mean product?)"),
        ("{{ product.headlin }}", "product has no column headlin"),
        ("{{ product.prise }}", "product has no column prise (did you mean price?)"),
        ("{{ product.keys }}", "product has no column keys"),
        ("{{ product.keys() }}", "product has no column keys"),
        ("{{ copy.headlin }}", "copy has no column headlin (did you mean headline?)"),
        ("{{ env.HOME }}", "nothing is named env"),
        ("{{ lipsum() }}", "nothing is named lipsum"),
        ("{{ product() }}", "a value is followed by ( ) as if it were a function"),
        ("{{ " + "9" * 5000 + " }}", "a number is too long to be written"),
        ("{{ 1 / 0 }}", "fails: division by zero (ZeroDivisionError)"),
        ("{{ product.name() }}", "a value is followed by ( ) as if it were a function"),
        ("{{ product.name", "{{ is never closed: }} is missing"),
        ("{% if %}", ("not readable as a template: Expected an expression, got "
         "'end of statement block'")),
        ("{{ product.name|uper }}", "there is no filter uper (did you mean upper?)"),
        ("{{ [1, 2]|random }}", "there is no filter random"),
        ("a {product.name}", ("{product.name} is left over in the template's own text; a value is "
         "written {{ product.name }}")),
        ("a { name }", ("{ name } is left over in the template's own text; a value is written "
         "{{ name }}")),
        ("a }} b", "}} is left over in the template's own text"),
        ("{% include product.name %}", "the name of an included file must be a plain text"),
        ("", "the prompt is empty"),
        ("  \n ", "the prompt is empty"),
        ("{{ 'x' * 501 }}", "the prompt has 501 characters; the provider takes 500"),
        ("a{{ '\\x07' }}", "the prompt holds U+0007, a character that no prompt may hold"),
        ("a{{ '\\u202e' }}", "the prompt holds U+202E, a character that no prompt may hold"),
        ("a{{ '\\u2066' }}", "the prompt holds U+2066, a character that no prompt may hold"),
        ("a{{ '\\ud800' }}", "the prompt holds U+D800, a character that no prompt may hold"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", ("the template calls itself "
         "endlessly")),
        ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", ("the template calls itself "
         "endlessly")),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "is nested too deeply"),
    ],
)  # fmt: skip
def test_what_a_template_may_not_do_is_told(source, told):
    assert complaint(source) == told


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ ('{0.__class__}'|attr('format'))('') }}",
        "{{ ['']|map(attribute='__class__')|list }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ joiner.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ product.__class__ }}",
        "{{ product.name.__class__.__base__ }}",
        "{{ range.__self__ }}",
        "{{ sizes.update({'a': 1}) }}",
        "{{ ().__class__ }}",
        "{% for k in sizes.__dict__ %}{% endfor %}",
        "{{ url_for.__globals__ }}",
        "{{ get_flashed_messages.__globals__ }}",
        "{{ request.application.__globals__ }}",
        "{{ config.items() }}",
        "{{ dict.__base__ }}",
        "{{ loop.__class__ }}",
        "{{ caller.__globals__ }}",
        "{{ (product|attr('columns')) }}",
        "{{ product['__class__'] }}",
        "{{ copy|attr('slot') ~ copy|attr('columns') }}",
        "{{ (lambda: 1)() }}",
        "{% set x = product.name.__init__ %}{{ x.__globals__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
        "{{ [].append(1) }}{{ [].append }}",
    ],
)
def test_no_template_gets_out_of_its_sandbox(source):
    assert "complaint" in answer(source)


def test_the_line_of_a_mistake_is_the_templates_own():
    assert answer("a\n\n{% if true %}\n{{ prodct }}\n{% endif %}")["line"] == 4


def test_a_mistake_in_an_included_file_names_that_file():
    found = answer("a {% include 'part.j2' %}", files={"part.j2": "fine\n{{ product.prise }}"})
    assert (found["template"], found["line"]) == ("part.j2", 2)


def test_words_that_must_be_on_the_image_stand_quoted():
    assert complaint("a {{ copy.headline }}", texts=[("h", "{{ copy.headline }}")]) == (
        '"SUMMER" is not in quotes in the prompt'
    )


@pytest.mark.parametrize("quotes", ['""', "“”", "„“", "«»", "''", "「」"])
def test_the_quotes_of_every_language_count(quotes):
    assert is_quoted("Hallo", f"a sign {quotes[0]}Hallo{quotes[1]} in light")


def test_a_note_is_a_variable_or_stands_at_the_end():
    assert prompt("a {{ note }}", note="brighter") == "a brighter"
    assert prompt("a", note="brighter") == "a\n\nRevision note: brighter"


def test_a_note_that_an_included_file_says_is_not_said_twice():
    written = prompt("a {% include 'n.j2' %}", note="brighter", files={"n.j2": "{{ note }}"})
    assert written == "a brighter"


def test_a_note_is_a_value_and_never_a_template():
    assert prompt("a {{ note }}", note="{{ 7*7 }}") == "a {{ 7*7 }}"
