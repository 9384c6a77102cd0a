from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.fault_injection.rules import (
    Fault,
    FaultRule,
    FaultTiming,
    rules_from,
    rules_from_file,
)


def test_rules_are_read_with_their_seed():
    rules, seed = rules_from(
        {"seed": 3, "rules": [{"fault": "drop", "when": "after", "on": "generate", "times": 2}]}
    )
    assert rules == (FaultRule(fault=Fault.DROP, when=FaultTiming.AFTER, on="generate", times=2),)
    assert seed == 3


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("rules[0].fault", {}),
        ("rules[0].fault", {"fault": "explode"}),
        ("rules[0].fault", {"fault": ["drop"]}),
        ("rules[0].prompt", {"fault": "drop", "prompt": "x"}),
        ("rules[0].match.prompt", {"fault": "drop", "match": {"prompt": "x"}}),
        ("rules[0].match.quality", {"fault": "drop", "match": {"quality": "hgih"}}),
        ("rules[0].match.n", {"fault": "drop", "match": {"n": "1"}}),
        ("rules[0].on", {"fault": "drop", "on": "moon"}),
        ("rules[0].on", {"fault": "truncated"}),
        ("rules[0].on", {"fault": "bad-json", "on": "cdn"}),
        ("rules[0].match", {"fault": "drop", "on": "cdn", "match": {"n": 1}}),
        ("rules[0].when", {"fault": "drop", "when": "never"}),
        ("rules[0].when", {"fault": "drip", "when": "before"}),
        ("rules[0].status", {"fault": "status"}),
        ("rules[0].error", {"fault": "openai-error"}),
        ("rules[0].error", {"fault": "openai-error", "error": "unlucky"}),
        ("rules[0].error", {"fault": "drop", "error": "country"}),
        ("rules[0].on", {"fault": "no-usage", "on": "cdn"}),
        ("rules[0].end", {"fault": "batch-end", "on": "batch-ends"}),
        ("rules[0].end", {"fault": "drop", "end": "expired"}),
        ("rules[0].on", {"fault": "batch-end", "end": "expired"}),
        ("rules[0].on", {"fault": "drop", "on": "batch-ends"}),
        ("rules[0].fault", {"fault": "drop", "on": "batch-lines"}),
        ("rules[0].status", {"fault": "status", "status": 99}),
        ("rules[0].times", {"fault": "drop", "times": -1}),
        ("rules[0].every", {"fault": "drop", "every": 0}),
        ("rules[0].seconds", {"fault": "delay", "seconds": "1"}),
        ("rules[0].chance", {"fault": "drop", "chance": True}),
        ("rules[0].chance", {"fault": "drop", "chance": 1.5}),
        ("rules[0].headers.'a b'", {"fault": "status", "status": 500, "headers": {"a b": "c"}}),
        ("rules[0].seconds", {"fault": "delay", "seconds": float("nan")}),
        ("rules[0].headers.X", {"fault": "status", "status": 500, "headers": {"X": "a\r\nB: c"}}),
        ("rules[0].message", {"fault": "failure", "message": 1}),
        ("rules[0].megabytes", {"fault": "gzip-bomb", "megabytes": 5000}),
        ("rules[0]", 1),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(field: str, rule: object):
    with pytest.raises(RefusedError) as caught:
        rules_from([rule])
    assert caught.value.field == field


@pytest.mark.parametrize("told", [1, "rules", None, {"rules": {}}, {"seed": "x"}, {"rule": []}])
def test_what_is_no_set_of_rules_is_refused(told: object):
    with pytest.raises(RefusedError):
        rules_from(told)


def test_a_file_that_cannot_be_read_is_a_mistake_of_the_command_line(tmp_path: Path):
    with pytest.raises(UsageError, match=r"fault rules in .*nowhere"):
        rules_from_file(tmp_path / "nowhere.json")


def test_a_file_nested_a_hundred_thousand_deep_was_reported_as_a_bug(tmp_path: Path):
    file = tmp_path / "deep.json"
    file.write_text("[" * 100_000)
    with pytest.raises(UsageError, match="nested too deeply"):
        rules_from_file(file)
