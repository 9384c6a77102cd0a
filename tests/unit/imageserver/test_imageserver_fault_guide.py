from pathlib import Path

import pytest

from pipeline.cli.commands.serve import epilogue
from pipeline.imageserver.fault_injection.guide import FAULT_GUIDE, RULE_FIELDS, FaultGuide
from pipeline.imageserver.fault_injection.rules import Fault, FaultRule, rules_from


def test_every_fault_is_told_once_and_in_the_order_of_its_kind():
    assert [guide.fault for guide in FAULT_GUIDE] == list(Fault)


@pytest.mark.parametrize("guide", FAULT_GUIDE, ids=lambda guide: guide.fault.value)
def test_the_example_of_a_fault_is_a_rule_of_it(guide: FaultGuide):
    ((rule,), _) = rules_from([dict(guide.example)])
    assert rule.fault is guide.fault


OF_A_FAULT = (
    *("status", "error", "end", "share", "message", "retry_after", "headers", "seconds"),
    "megabytes",
)
"""The fields that say what a fault does, not which requests it hits."""


def test_every_field_that_chooses_requests_is_told():
    what = {
        "fault",
        "status",
        "error",
        "end",
        "share",
        "message",
        "retry_after",
        "headers",
        "seconds",
        "megabytes",
    }
    assert {name for name, _ in RULE_FIELDS} == set(FaultRule.model_fields) - what


def test_fields_of_a_fault_are_told_where_they_count():
    told = " ".join(guide.effect for guide in FAULT_GUIDE)
    for name in (
        "status",
        "error",
        "end",
        "share",
        "message",
        "retry_after",
        "headers",
        "seconds",
        "megabytes",
    ):
        assert f"`{name}`" in told


def test_the_help_of_serve_has_the_whole_reference():
    told = epilogue()
    assert [guide.fault for guide in FAULT_GUIDE if f"  {guide.fault} " not in told] == []
    assert max(map(len, told.splitlines())) <= 100


def test_the_reference_has_a_row_for_every_fault_and_every_field():
    reference = (Path(__file__).parents[3] / "pipeline" / "REFERENCE.md").read_text()
    assert [fault for fault in Fault if f"\n| `{fault}` |" not in reference] == []
    assert [name for name, _ in RULE_FIELDS if f"\n| `{name}` |" not in reference] == []
