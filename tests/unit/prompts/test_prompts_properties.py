"""What holds for every file, matrix and order, not only for the ones we thought of."""

import hashlib
import itertools
import json
from dataclasses import asdict
from decimal import Decimal

import pytest
from campaign_texts import PROFILES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.campaign.findings import Findings
from pipeline.campaign.grammar.checking import check
from pipeline.campaign.matrix.axes import AxisContext
from pipeline.campaign.matrix.building import build_matrix
from pipeline.campaign.matrix.cross_product import cell_points
from pipeline.campaign.reading.document import parse, plain_scalar
from pipeline.errors import CampaignError
from pipeline.model.job import Coordinates, job_key
from pipeline.model.names import Stage
from pipeline.model.providers.request import (
    Background,
    OutputFormat,
    Quality,
    Reference,
    RenderRequest,
)

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES.filter(lambda value: isinstance(value, dict | list)))
def test_whatever_json_says_the_loader_says_too(value):
    assert parse(json.dumps(value, ensure_ascii=False), file="x")[0] == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**9))
def test_a_price_is_read_and_printed_as_it_is_written(price):
    assert str(plain_scalar(f"{price:.2f}")) == f"{price:.2f}"
    assert isinstance(plain_scalar(f"{price:.2f}"), Decimal)


@given(st.text(max_size=60))
def test_a_plain_word_prints_as_it_is_written_or_is_a_yes_no_or_null(word):
    value = plain_scalar(word)
    assert str(value) == word or isinstance(value, bool | None)


YAMLISH = st.lists(
    st.sampled_from(
        [*"abz:-[]{},#&*!|>'\"%@?~ \n\t", "{{ x }}", "<<: *a", "&a ", "- ", ": ", "a: "]
    ),
    max_size=40,
).map("".join)


def complaints(text):
    """What is said about a text; it is read or refused, and nothing else."""
    try:
        return parse(text, file="x")[1].all
    except CampaignError as error:
        return error.findings


@settings(max_examples=300, deadline=None)
@given(YAMLISH | st.text(max_size=80))
def test_any_text_is_read_or_refused_with_findings(text):
    assert all(finding.complaint and finding.file for finding in complaints(text))


IDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True)
SIZES = st.lists(
    st.sampled_from(["1:1", "4:3", "16:9", "2:1"]), min_size=1, max_size=3, unique=True
)
AXES = st.fixed_dictionaries({"product": IDS, "size": SIZES, "locale": IDS, "scene": IDS})
RULES = st.lists(
    st.dictionaries(st.sampled_from(["product", "locale", "scene"]), IDS, min_size=1, max_size=3),
    max_size=3,
)


def points(axes, rules, order):
    """Cells as our matrix gives them, as tuples of ids."""
    matrix = {name: axes[name] for name in order} | {"exclude": rules}
    document, findings = parse(
        json.dumps({"campaign": "x", "matrix": matrix, "prompt": "p"}), file="x"
    )
    file = check(document, findings)
    context = AxisContext(
        tables={},
        declared=(),
        caps=PROFILES["gptimage"].caps,
        document=document["matrix"],
        findings=Findings(),
    )
    assembled = build_matrix(file.matrix, context)
    return [
        tuple(axis.ids[position] for axis, position in zip(assembled.axes, point, strict=True))
        for point in cell_points(assembled)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(AXES, RULES, st.permutations(["product", "size", "locale", "scene"]))
def test_the_matrix_is_the_naive_product_without_what_is_excluded(axes, rules, order):
    names = ["product", "size", "locale", "scene"]
    naive = [
        tuple(cell)
        for cell in itertools.product(
            axes["product"], [size.replace(":", "x") for size in axes["size"]], axes["locale"],
            axes["scene"],
        )
        if not any(
            all(dict(zip(names, cell, strict=True))[axis] in ids for axis, ids in rule.items())
            for rule in rules
        )
    ]  # fmt: skip
    assert points(axes, rules, order) == naive


@pytest.mark.parametrize("order", [*itertools.permutations(["product", "size", "locale"])])
def test_the_order_of_axes_and_values_changes_no_key(board, order):
    written = {
        "product": "  product: [{id: b, n: 2}, {id: a, n: 1}]\n",
        "size": "  size: [4:3, 1:1]\n",
        "locale": "  locale: [de, en]\n",
    }
    board.write(
        "campaign: x\nmatrix:\n"
        + "".join(written[name] for name in order)
        + 'prompt: "a {{ product.n }}"\n'
    )
    keys = {job.at.cell: job.key for job in board.jobs()}
    assert len(set(keys.values())) == 8
    assert keys["a/1x1/en"] == KEY


KEY = "2d21b0fb169013ea9a50baead22b4415"
"""The key of that job since this program exists: a change of it would buy everything anew."""


def canonical(at, profile, request):
    asked = asdict(request) | {"references": [one.sha256 for one in request.references]}
    if request.mask is not None:
        asked["mask"] = request.mask.sha256
    for later in ("mask", "output_format", "compression"):
        if asked[later] is None:
            del asked[later]
    facts = {
        "campaign": at.campaign,
        "axes": dict(at.axes),
        "stage": at.stage,
        "round": at.round,
        "take": at.take,
        "profile": profile,
        "request": asked,
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None)
@given(
    axes=st.dictionaries(WORDS, WORDS, max_size=4),
    words=st.tuples(WORDS, WORDS),
    numbers=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    references=st.lists(WORDS, max_size=3),
    later=st.tuples(
        st.none() | st.builds(Reference, path=WORDS, sha256=WORDS),
        st.none() | st.sampled_from(OutputFormat),
        st.none() | st.integers(0, 100),
    ),
)
def test_a_job_is_named_by_canonical_json_of_everything_that_is_asked(
    axes, words, numbers, references, *, later
):
    mask, output_format, compression = later
    at = Coordinates(
        campaign="demo",
        cell="a/b",
        axes=tuple(axes.items()),
        stage=Stage.FINAL,
        round=numbers[0],
        take=numbers[1],
    )
    request = RenderRequest(
        prompt=words[0],
        model="gpt-image-2",
        size="4:3",
        quality=Quality.HIGH,
        background=Background.TRANSPARENT,
        references=tuple(Reference(path="x", sha256=one) for one in references),
        variation=words[1],
        mask=mask,
        output_format=output_format,
        compression=compression,
    )
    assert job_key(at, profile="open", request=request) == canonical(at, "open", request)
