"""Walls: no test reads this machine's home or its keys, and none waits for a real clock."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _walls(monkeypatch, tmp_path_factory):
    for name in (
        "GPTIMAGE_API_KEY",
        "GPTIMAGE_BASE_URL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "PIPELINE_OUTPUT",
        "PIPELINE_LEDGER",
        "PIPELINE_SERVE_KEY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "PIPELINE_TRUST_ENV",
        "PIPELINE_CA_FILE",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("NO_COLOR", "1")
