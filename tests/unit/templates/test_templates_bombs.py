"""Templates that try to eat the machine: they end at a limit, and we live on."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from campaign_texts import HEAD

from pipeline.errors import LocalFault
from pipeline.templates import template_process
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied, TemplateSetup

MEMORY = "needs more memory than a prompt may"
LONG = "takes too long or too much memory to write"


def told(source):
    """How one template ends."""
    setup = TemplateSetup(templates={"t": source}, expressions={}, columns={}, longest=1000)
    message = {"op": "write", "stage": "draft", "cell_templates": [["t", [], [], None, []]]}
    with TemplateProcess() as template_process:
        try:
            problems = template_process.compile(setup)["problems"]
            if not problems:
                template_process.post({**message, "images": [[0, [], 1, 1, ""]]}, [])
                problems = template_process.answer()["problems"]
        except TemplateProcessDied as died:
            return died.reason
    return problems[0]["complaint"] if problems else ""


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", LONG),
        ("{{ 2 ** (2 ** 34) }}", LONG),
        ("{{ range(10)|slice(100000000)|list|length }}", LONG),
        ("{{ ('a ' * 4000000)|wordwrap(1)|length }}", LONG),
        ("{{ range(10 ** 9)|list|length }}", MEMORY),
        ("{{ ('x' * 10 ** 10)|length }}", MEMORY),
        (("{% set n = namespace(s='xxxxxxxxxx') %}{% for i in range(40) %}"
         "{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s|length }}"), MEMORY),
        ("{{ '%1000000000d'|format(1)|length }}", MEMORY),
        ("{{ '{:1000000000}'.format('a')|length }}", MEMORY),
        ("{{ 'a'|center(1000000000)|length }}", MEMORY),
        ("{{ ('a' * 100000)|replace('a', 'b' * 100000)|length }}", MEMORY),
        ("{{ ('a\\n' * 100000)|indent(100000)|length }}", MEMORY),
        ("{{ range(10)|batch(100000000, 'x')|list|length }}", MEMORY),
    ],
)  # fmt: skip
def test_a_bomb_ends_within_six_seconds_and_600_megabytes(source, complaint):
    """In a process of its own: the largest child of this one may be another test's."""
    program = "import test_templates_bombs as tests; tests.measure()"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        input=source,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        timeout=60,
    )
    reason, seconds, kilobytes = json.loads(ended.stdout)
    assert reason in (complaint, LONG)
    assert seconds < 6
    assert kilobytes < 600_000


def measure():
    """Print how the template of stdin ends, and what its process took."""
    reason = told(sys.stdin.read())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps([reason, used.ru_utime + used.ru_stime, used.ru_maxrss]))


def test_a_bomb_names_the_cell_at_which_it_went_off(board):
    board.write(
        HEAD.replace("look: a bottle}", "look: a bottle}, {id: bomb, name: x}")
        + "prompt: \"{{ range(10)|slice(10 ** 8)|list if product == 'bomb' }}a photo\"\n"
    )
    assert board.refused() == [
        "c.yaml:5:9: prompt: takes too long or too much memory to write (cell bomb/1x1)"
    ]


def test_a_bomb_that_goes_off_while_it_is_compiled_is_told(board):
    board.write(HEAD + 'prompt: "a photo"\ntext: {a: "{{ 2 ** (2 ** 34) }}"}\n')
    assert board.refused()[0].endswith("takes too long or too much memory to write")


async def test_prompts_are_written_beside_a_running_loop_and_threads(board):
    board.write(HEAD + "prompt: a photo of {{ product.name }}\n")
    ended = threading.Event()
    threading.Thread(target=ended.wait, daemon=True).start()
    prompts = await asyncio.gather(*(asyncio.to_thread(board.prompt) for _ in range(3)))
    ended.set()
    assert prompts == ["a photo of Citrus Soda"] * 3


def test_the_child_has_no_keys_and_no_settings(monkeypatch):
    monkeypatch.setenv("GPTIMAGE_API_KEY", "secret")
    with TemplateProcess() as template_process:
        seen = Path(f"/proc/{template_process._process.pid}/environ").read_bytes()
    assert b"secret" not in seen


SETUP = TemplateSetup(templates={"t": "a"}, expressions={}, columns={}, longest=9)


def test_the_child_is_gone_soon_after_use(monkeypatch):
    monkeypatch.setattr(template_process, "_REST", 0.05)
    with TemplateProcess() as child:
        process = child._process
    assert process.wait(10) is not None
    with TemplateProcess() as another:
        assert another._process is not process


def test_the_next_user_gets_the_same_child_and_nothing_of_the_one_before():
    """Starting a process takes 75 ms of CPU, and a run needs it five times."""
    with TemplateProcess() as first:
        first.compile(replace(SETUP, templates={"t": "secret", "u": "{% include 't' %}"}))
    with TemplateProcess() as second:
        assert second._process is first._process
        asked = second.compile(replace(SETUP, templates={"u": "{% include 't' %}"}))
    assert asked["needs"] == [["u", "t"]]


def test_two_at_once_have_a_child_each_and_one_of_them_rests():
    with TemplateProcess() as first, TemplateProcess() as second:
        assert first._process is not second._process
    assert first._process.poll() is None
    assert second._process.poll() is not None


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_ended_while_it_rested_is_replaced(monkeypatch, end):
    monkeypatch.setattr(template_process, "_ANSWER_TIMEOUT", 0.3)
    with TemplateProcess() as first:
        process = first._process
    process.send_signal(end)
    with TemplateProcess() as second:
        assert second._process is not process
        monkeypatch.setattr(template_process, "_ANSWER_TIMEOUT", 60)
        assert second.compile(SETUP)["problems"] == []
    assert process.poll() is not None


def test_a_child_that_owes_an_answer_does_not_rest():
    with TemplateProcess() as first:
        first._post({"op": "compile", "templates": {}, "expressions": {}, "longest": 9})
    assert first._process.poll() is not None


def test_a_child_with_another_environment_is_another_one(monkeypatch, tmp_path):
    with TemplateProcess() as first:
        pass
    monkeypatch.syspath_prepend(tmp_path)
    with TemplateProcess() as second:
        assert second._process is not first._process


ORPHAN = """
    import sys, time
    from pipeline.templates.template_process import TemplateProcess, TemplateSetup
    process = TemplateProcess()
    process.compile(TemplateSetup(templates={"t": SOURCE}, expressions={}, columns={}, longest=9))
    process.post({"op": "write", "stage": "draft", "cell_templates": [["t", [], [], None, []]],
                 "images": [[0, [], 1, 1, ""]]}, [])
    print(process._process.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("source", ["a photo", "{{ range(10)|slice(100000000)|list|length }}"])
def test_the_child_does_not_outlive_a_killed_parent(source):
    code = textwrap.dedent(ORPHAN).replace("SOURCE", repr(source))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert _gone_within(child, seconds=20)


def _gone_within(pid, *, seconds):
    for _ in range(seconds * 20):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_a_signal_to_the_terminal_does_not_end_the_child():
    with TemplateProcess() as template_process:
        template_process.compile(
            TemplateSetup(templates={"t": "a"}, expressions={}, columns={}, longest=9)
        )
        template_process._process.send_signal(signal.SIGINT)
        template_process._process.send_signal(signal.SIGTERM)
        template_process.post(
            {
                "op": "write",
                "stage": "draft",
                "cell_templates": [["t", [], [], None, []]],
                "images": [[0, [], 1, 1, ""]],
            },
            [],
        )
        assert template_process.answer()["written"] == [["a", {}, [], None, []]]


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["its answer", "its message"])
def test_a_child_that_somebody_stops_is_not_waited_for_without_end(monkeypatch, size):
    """A message that a pipe does not take whole blocked the run, which held its campaign."""
    monkeypatch.setattr(template_process, "_ANSWER_TIMEOUT", 0.3)
    setup = TemplateSetup(templates={"t": "a" * size}, expressions={}, columns={}, longest=10)
    with TemplateProcess() as child:
        child._process.send_signal(signal.SIGSTOP)
        with pytest.raises(LocalFault, match="run the command again"):
            child.compile(setup)


@pytest.mark.parametrize(
    "part", ["b'\\0\\0'", "b'\\0\\0\\0\\7abc'"], ids=["its length", "its text"]
)
def test_a_child_that_stops_within_an_answer_is_not_waited_for_without_end(
    tmp_path, monkeypatch, part
):
    """The deadline held only until the first byte."""
    (tmp_path / "halting.py").write_text(
        f"import sys, time\nsys.stdout.buffer.write({part})\nsys.stdout.flush()\ntime.sleep(60)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(template_process, "_WORKER", "halting")
    monkeypatch.setattr(template_process, "_ANSWER_TIMEOUT", 0.5)
    setup = TemplateSetup(templates={"t": "a"}, expressions={}, columns={}, longest=10)
    with TemplateProcess() as child, pytest.raises(LocalFault, match="no whole answer within"):
        child.compile(setup)
