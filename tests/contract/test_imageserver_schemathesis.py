"""Requests made up from `/openapi.json` by a stranger: every answer is one that is documented."""

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest
from image_server_client import Client, serving

from pipeline.imageserver.options import ErrorStyle, WireFormat

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"
)

CONFIG = """
[[operations]]
include-path-regex = "/edits$"
[operations.checks]
positive_data_acceptance.enabled = false  # random bytes are no image

[[operations]]
include-path = "/_faults"
[operations.checks]
positive_data_acceptance.enabled = false  # which fault goes with what is not in the schema
"""
READ_THE_STATUS = (
    "negative_data_rejection,positive_data_acceptance,ignored_auth,unsupported_method,"
    "missing_required_header"
)
"""Checks that judge by the status, which says nothing in the app style."""


async def tried(client: Client, folder: Path, *options: str) -> tuple[int | None, str]:
    (folder / "schemathesis.toml").write_text(CONFIG)
    trial = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        *("--config-file", str(folder / "schemathesis.toml"), "run"),
        *(f"{client.server.url}/openapi.json", "--generation-deterministic", "--no-color"),
        *("--header", f"Authorization: Bearer {client.server.key}", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    said, _ = await trial.communicate()
    return trial.returncode, said.decode()


def options_of(style: ErrorStyle) -> list[str]:
    match style:
        case ErrorStyle.HTTP:
            return []
        case ErrorStyle.APP:
            return ["--exclude-checks", READ_THE_STATUS]


async def test_a_sample_of_made_up_requests_finds_nothing_undocumented(tmp_path: Path):
    async with serving(tmp_path / "state") as client:
        sample = ["-n", "4", "--phases", "fuzzing", "--include-path", "/v1/images/generate"]
        code, said = await tried(client, tmp_path, *sample)
    assert code == 0, said


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("style", list(ErrorStyle))
async def test_a_thousand_made_up_requests_find_nothing_undocumented(
    tmp_path: Path, style: ErrorStyle
):
    async with serving(tmp_path / "state", error_style=style) as client:
        options = ["-n", "30", "--exclude-path", "/_faults", *options_of(style)]
        code, said = await tried(client, tmp_path, *options)
    assert code == 0, said


@pytest.mark.thorough
async def test_made_up_fault_rules_are_taken_or_named(tmp_path: Path):
    async with serving(tmp_path / "state") as client:
        options = ["-n", "60", "--include-path", "/_faults", "--phases", "coverage,fuzzing"]
        code, said = await tried(client, tmp_path, *options)
    assert code == 0, said


@pytest.mark.thorough
@pytest.mark.timeout(600)
async def test_made_up_requests_of_openais_wire_find_nothing_undocumented(tmp_path: Path):
    """Which size, quality and format go with which model is not in the schema."""
    async with serving(tmp_path / "state", wire=WireFormat.OPENAI) as client:
        options = ["-n", "20", "--exclude-path", "/_faults"]
        options += ["--exclude-checks", "positive_data_acceptance,negative_data_rejection"]
        code, said = await tried(client, tmp_path, *options)
    assert code == 0, said
