"""`pipeline serve`: what its words mean, before anything is served."""

import argparse
from pathlib import Path

import pytest

from pipeline.cli.commands.serve import add_arguments, settings_for
from pipeline.errors import UsageError
from pipeline.imageserver.options import ServerSettings, WireFormat


def settings(*words: str) -> ServerSettings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return settings_for(parser.parse_args(["--state", "state", *words]))


def test_credits_are_whole_and_dollars_are_nano_dollars():
    assert settings("--credits", "500").credits == 500
    paid_in_dollars = settings("--wire", "openai", "--balance", "12.5")
    assert (paid_in_dollars.wire, paid_in_dollars.credits) == (WireFormat.OPENAI, 12_500_000_000)
    assert settings("--wire", "openai").credits is None


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("--balance", "5"), "use --credits, not --balance"),
        (("--wire", "openai", "--credits", "5"), "use --balance, not --credits"),
        (("--wire", "openai", "--idempotency", "replay"), "has no idempotency"),
        (("--wire", "openai", "--error-style", "app"), "has errors of its own"),
    ],
)
def test_what_does_not_fit_the_wire_is_refused_with_what_does(words: tuple[str, ...], advice: str):
    with pytest.raises(UsageError, match=advice):
        settings(*words)


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,5", "0.0000000001", "NaN"])
def test_what_is_no_amount_of_dollars_is_refused(text: str):
    with pytest.raises(SystemExit):
        settings("--wire", "openai", f"--balance={text}")


def test_each_unit_has_a_default_folder_of_its_own(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    folders = [
        settings_for(parser.parse_args(["--wire", wire])).state.name
        for wire in ("gptimage", "openai")
    ]
    assert folders == [".serve", ".serve-dollars"]
