"""Numbers in texts: read as people write them, and never made up."""

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_templates_writing import complaint, prompt

from pipeline.templates.numbers import FeedText, NoNumber, read_float, read_int, read_number
from pipeline.templates.writer import TemplateWriter


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("24,90", "", "24.90"), ("24.90", "", "24.90"), ("1.249,00", "", "1249.00"),
        ("1,249.00", "", "1249.00"), ("1.200", ",", "1200"), ("1.200", ".", "1.200"),
        ("1,200", ",", "1.200"), ("1 249,00", "", "1249.00"), ("1\u202f249,00 €", "", "1249.00"),
        ("1'249.00", "", "1249.00"), ("1’249.00", "", "1249.00"), ("0,500", "", "0.500"),
        ("1.234.567", "", "1234567"), ("7", "", "7"), ("007", "", "7"), ("15%", "", "0.15"),
        ("15 %", "", "0.15"), ("24,90-", "", "-24.90"), ("-24,90", ",", "-24.90"),
        ("(24,90)", "", "-24.90"), ("−5", "", "-5"), ("15.00 USD", "", "15.00"),
        ("EUR 24,90", "", "24.90"), ("€24.90", "", "24.90"), ("-$5", "", "-5"), ("$-5", "", "-5"),
        ("\uff11\uff12円", "", "12"),
        ("\uffe5\uff11\uff0c\uff12\uff10\uff10\uff0e\uff15", "", "1200.5"),
        (" 3 ", "", "3"), (".5", "", "0.5"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text, sign, number):
    assert str(read_number(text, sign)) == number


@pytest.mark.parametrize(
    ("text", "sign", "told"),
    [
        ("1.200", "", "1.200 may be thousands or decimals; write |number(',') or |number('.')"),
        ("1,200", "", "1,200 may be thousands or decimals; write |number(',') or |number('.')"),
        ("24,90", ".", ("24,90 is no number with the decimal sign .; |number(default=0) counts it "
         "as 0")),
        ("", "", "an empty text is no number; |number(default=0) counts it as 0"),
        ("k. A.", "", "k. A. is no number; |number(default=0) counts it as 0"),
        ("12 kg", "", None), ("1.23.4", "", None), ("1,2,3", "", None), ("1.2345,6", "", None),
        ("5.", "", None), ("-", "", None), ("(5", "", None), ("NaN", "", None), ("1e3", "", None),
        ("9" * 61, "", None), ("1 2", "", None), ("5 5%", "", None),
    ],
)  # fmt: skip
def test_a_text_that_is_no_number_is_told(text, sign, told):
    with pytest.raises(NoNumber) as caught:
        read_number(text, sign)
    assert told is None or str(caught.value) == told


AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
GROUPS = st.sampled_from(["", " ", "\u202f", "\xa0", "'", "’"])


@given(AMOUNTS, GROUPS, st.sampled_from([",", "."]), st.sampled_from(["", " €", " EUR", "$"]))
def test_every_amount_is_read_back_whatever_its_marks(amount, group, sign, currency):
    """Two decimals settle the decimal sign by themselves, and agree with a declared one."""
    written = f"{amount:,.2f}".replace(".", "\0").replace(",", group).replace("\0", sign)
    for declared in ("", sign):
        assert read_number(written + currency, declared) == amount


@given(AMOUNTS, st.sampled_from([(",", "."), (".", ",")]))
def test_the_two_marks_of_a_number_are_told_apart(amount, marks):
    sign, group = marks
    written = f"{amount:,.2f}".translate({ord(","): group, ord("."): sign})
    assert read_number(written, sign) == amount
    assert "," not in f"{amount:,}" or read_number(written) == amount


@given(st.text(max_size=70))
def test_any_other_text_is_a_number_or_is_told(text):
    for read in (read_number, read_float, read_int):
        with contextlib.suppress(NoNumber):
            assert read(text) is not None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_a_program_writes_is_read_as_by_python(number):
    assert read_float(repr(number)) == number


PRICE = {"price": "24,90", "stock": "1.200", "blank": "", "plain": "9.50", "two": "4.50"}


def cell(source, **values):
    """What a template says of a row with some texts."""
    writer = TemplateWriter(bytearray(4))
    setup = {"templates": {"t": source}, "expressions": {}, "columns": {}, "longest": 500}
    writer.answer(json.dumps({"op": "compile", **setup, **values}).encode())
    work = {
        "op": "write",
        "stage": "draft",
        "values": [["p", "A", PRICE]],
        "cell_templates": [["t", [], [], None, []]],
        "images": [[0, [0], 1, 1, ""]],
    }
    reply = writer.answer(json.dumps(work).encode())
    return reply["problems"][0]["complaint"] if reply["problems"] else reply["written"][0][0]


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ p.price|number }}", "24.90"),
        ("{{ p.price|number * 2 }}", "49.80"),
        ("{{ p.price|number(',')|round(1) }}", "24.9"),
        ("{{ p.stock|number(',') }}", "1200"),
        ("{{ p.blank|number(default=0) }} {{ p.blank|float(1) }} {{ p.blank|int(2) }}", "0 1 2"),
        ("{{ p.price|float(0) }} {{ p.stock|int(default=7) }}", "0 7"),
        ("{{ p.plain|float }} {{ p.plain|int }} {{ '12'|int + 1 }}", "9.5 9 13"),
        ("{{ 'ff'|int(0, 16) }} {{ 2.9|int }} {{ 3|float }}", "255 2 3.0"),
        ("{{ p.plain|number * 1.19 }}", "11.3050"),
        ("{{ 0.5 - p.plain|number }} {{ p.plain|number / 2.0 }}", "-9.00 4.75"),
        ("{{ '-' * 3 }}{{ 3 * 'ab' }}{{ 'a' + p.plain }}", "---abababa9.50"),
        ("{{ '9' + p.plain }} {{ p.price + p.blank }}", "99.50 24,90"),
        ("{% if p.plain|number > p.two|number %}more{% endif %}", "more"),
        ("{% if p.plain == '9.50' and p.two != p.plain %}same{% endif %}", "same"),
        ("{% if p.price == 3 or p.blank == none %}{% else %}no{% endif %}", "no"),
        ("{% if '2026-11-30' < '2026-12-01' and 'a' < 'b' %}yes{% endif %}", "yes"),
        ("{{ [p.plain, p.two]|max }} {{ ['b', 'a']|sort|join }} {{ [2, 10]|max }}", "9.50 ab 10"),
        ("{{ [p.plain, '10']|map('number')|max }}", "10"),
        ("{% if 1 < 2 < 3 and 'a' in 'abc' %}yes{% endif %}", "yes"),
    ],
)
def test_texts_are_computed_with_where_that_is_asked_for(source, written):
    assert cell(source) == written


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ p.price|float }}", "24,90 is not a number as |float reads it; |number reads it"),
        ("{{ p.price|int }}", "24,90 is not a number as |int reads it; |number reads it"),
        ("{{ p.stock|int }}", ("1.200 may be thousands or decimals; write |number(',') or "
         "|number('.')")),
        ("{{ p.blank|float }}", "an empty text is no number; |float(default=0) counts it as 0"),
        ("{{ p.blank|int }}", "an empty text is no number; |int(default=0) counts it as 0"),
        ("{{ 'nan'|float }}", "nan is no number; |float(default=0) counts it as 0"),
        ("{{ '1_000'|int }}", "1_000 is no number; |int(default=0) counts it as 0"),
        ("{{ p.price|number(';') }}", "|number takes the decimal sign ',' or '.', not ;"),
        ("{{ p.nope|float(0) }}", ("p has no column nope; it has price, stock, blank, plain, two "
         "and id")),
        ("{{ none|number }}", "the value is empty (null) and no number"),
        ("{{ [1]|float }}", "the value is a list and no number"),
        ("{{ p.plain * 2 }}", "9.50 is a text, which * repeats; |number multiplies it"),
        ("{{ 2 * p.plain }}", "9.50 is a text, which * repeats; |number multiplies it"),
        ("{{ p.plain + p.two }}", "9.50 and 4.50 are texts, which + joins; |number adds them"),
        ("{% if p.plain > '10' %}{% endif %}", ("9.50 and 10 are texts, compared letter by "
         "letter; |number compares them as numbers")),
        ("{{ [p.plain, '10']|max }}", ("10 and 9.50 are texts, ordered letter by letter; "
         "|map('number') makes them numbers")),
        ("{{ [p.plain, '10']|sort|join }}", ("10 and 9.50 are texts, ordered letter by letter; "
         "|map('number') makes them numbers")),
        ("{% if p.two == 4.5 %}{% endif %}", ("the text 4.50 never equals 4.5 without quotes; "
         "write '4.50' or |number")),
        ("{% if 9.5 != p.plain %}{% endif %}", ("the text 9.50 never equals 9.5 without quotes; "
         "write '9.50' or |number")),
        ("{% if 'yes' == true %}{% endif %}", ("the text yes never equals true without quotes; "
         "write 'yes'")),
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_never_made_up(source, told):
    """`"24,90"|float` printed 0.0, `"1.200"|int` 1, and `price * 2` 9.509.50."""
    assert cell(source) == told


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ p.price|float }} {{ p.price|number }} {{ p.price }}", "24.9 24.90 24,90"),
        ("{{ p.stock|int }} {{ p.stock|number }}", "1200 1200"),
        ("{{ p.stock|number('.') }}", "1.200"),
        ("{{ p.plain|float }}", ("9.50 is no number with the decimal sign ,; |number(default=0) "
         "counts it as 0")),
    ],
)  # fmt: skip
def test_a_feed_may_declare_its_decimal_sign(source, written):
    assert cell(source, decimals={"p": ","}) == written


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ 'a'|round }}", "a text is computed with as if it were a number"),
        ("{{ 'a'|abs }}", "a text is computed with as if it were a number"),
        ("{{ -product.name }}", "a text is computed with as if it were a number"),
        ("{{ product.name / 2 }}", "a text is computed with as if it were a number"),
        ("{{ '%d'|format('a') }}", "a text is computed with as if it were a number"),
        ("{{ '{:.2f}'.format('a') }}", "a text is computed with as if it were a number"),
        ("{{ ['a', 1]|sum }}", "a text is computed with as if it were a number"),
        ("{{ none + 1 }}", "an empty value (null) is used"),
        ("{{ 'a'|filesizeformat }}", "a text is computed with as if it were a number"),
        ("{{ range('a') }}", "a whole number is needed here: |int"),
        ("{% for a in 5 %}{% endfor %}", "a number is used as if it were a list or a text"),
        ("{{ 5|length }}", "a number is used as if it were a list or a text"),
        ("{{ '%s %s'|format('a') }}", "the text that is formatted does not have one place"),
        ("{{ '{} {}'.format('a') }}", "the text that is formatted does not have one place"),
        ("{{ 'a'|replace('b') }}", "a filter or function is given more, fewer or other values"),
        ("{{ 'a'|upper(1) }}", "a filter or function is given more, fewer or other values"),
        ("{{ 'a'|trim(colour=1) }}", "a filter or function is given more, fewer or other values"),
        ("{{ 1.5|round('a') }}", "a whole number is needed here: |int"),
        ("{{ product.price|round(400) }}", "a number has more digits than can be computed with"),
    ],
)  # fmt: skip
def test_no_error_of_python_reaches_the_author_of_a_template(source, told):
    """`type str doesn't define __round__ method (TypeError)` says nothing about a feed."""
    found = complaint(source)
    assert found.startswith(told)
    assert "Error)" not in found


def test_a_decimal_and_a_fraction_of_the_template_multiply():
    assert prompt("{{ product.price * 1.5 }}") == "3.750"


def test_a_text_knows_the_decimal_sign_of_its_feed():
    assert read_int(FeedText.of("1.200", ",")) == Decimal(1200)
