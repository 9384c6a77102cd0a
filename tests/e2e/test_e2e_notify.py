"""Who is told how a run ended, with real receivers on 127.0.0.1."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("apprise")

FILE = """\
campaign: soda
matrix:
  product: [{{id: citrus, name: Citrus Soda}}, {{id: berry, name: Berry Soda}}]
  size: ['1:1']
prompt: a product photo of {{{{ product.name }}}} on a wet studio table, soft reflections
stages: {{draft: {{quality: low, takes: 1, review: human}}}}
notify:
  - when: [{when}]
    to: "{{{{ env.CHANNEL }}}}"
    webhook: "{{{{ env.HOOK }}}}"
    ping: "{{{{ env.CHECK }}}}"
"""
SECRET = "s3same0pen"


class Receiver:
    def __init__(self):
        self.heard: list[tuple[str, object]] = []
        self.status = 200
        self.delay = 0.0
        self.location = ""
        self.port = 0

    def environment(self):
        base = f"127.0.0.1:{self.port}"
        return {
            "CHANNEL": f"json://{base}/channel/{SECRET}",
            "HOOK": f"http://{base}/hook/{SECRET}",
            "CHECK": f"http://{base}/check/{SECRET}",
        }

    def of(self, kind):
        return [(path, body) for path, body in self.heard if path.startswith(f"/{kind}/")]


@contextmanager
def receiving():
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = "json" in self.headers.get("Content-Type", "")
            receiver.heard.append((self.path, json.loads(body) if is_json else body.decode()))
            time.sleep(receiver.delay)
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


def secrets_in(folder):
    return [
        place
        for place in folder.rglob("*")
        if place.is_file() and SECRET.encode() in place.read_bytes()
    ]


def test_one_message_of_a_run_has_its_numbers_and_the_next_command(pipeline, receiver):
    file = pipeline.write(FILE.format(when="review, done"))
    ended = pipeline("run", file, **receiver.environment())
    assert ended.code == 0, ended.err
    [(path, message)] = receiver.of("channel")
    assert path == f"/channel/{SECRET}"
    assert message["title"] == "soda: 2 of 2 images stored"
    lines = message["message"].splitlines()
    assert lines[:4] == [
        "2 of 2 images stored",
        "2 cells wait for review",
        "4 credits in this run, 4 credits in all",
        "exit 0: everything that was asked for is done",
    ]
    assert lines[4].startswith("Next  pipeline review ")
    assert lines[5].startswith(f"Sheet  {pipeline.output}/soda/runs/")
    [(_, content)] = receiver.of("hook")
    assert (content["stored"], content["jobs"], content["credits"]["confirmed"]) == (2, 2, 4)
    assert [path for path, _ in receiver.of("check")] == [
        f"/check/{SECRET}/start",
        f"/check/{SECRET}/0",
    ]
    assert secrets_in(pipeline.folder) == []
    assert SECRET not in ended.out + ended.err


def test_a_run_of_another_ending_tells_only_the_health_check(pipeline, receiver):
    file = pipeline.write(FILE.format(when="failed, budget, doubt"))
    assert pipeline("run", file, **receiver.environment()).code == 0
    assert receiver.of("channel") + receiver.of("hook") == []
    assert len(receiver.of("check")) == 2


WHEN = ("review", "failed", "budget", "doubt", "done")
ENDINGS = {
    "review": (
        [],
        (),
        0,
        ["review", "done"],
        "2 of 2 images stored",
        "4 credits in this run, 4 credits in all",
    ),
    "failed": (
        [{"fault": "status", "status": 422, "message": "no", "times": 1}],
        (),
        3,
        ["review", "failed"],
        "1 of 2 images stored, 1 failed",
        "2 credits in this run, 2 credits in all",
    ),
    "budget": (
        [],
        ("--max-credits", "2"),
        4,
        ["review", "budget"],
        "1 of 2 images stored, 1 planned",
        "2 credits in this run, 2 credits in all",
    ),
    "doubt": (
        [{"fault": "drop", "when": "after", "times": 1}],
        (),
        6,
        ["review", "doubt"],
        "1 of 2 images stored, 1 in doubt",
        "2 credits in this run, 2 credits in all, and up to 2 credits in doubt",
    ),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_each_ending_is_one_message_to_those_who_asked_for_it(pipeline, receiver, served, kind):
    """Every `when` has a receiver of its own; the numbers are those of the server's account."""
    rules, words, code, heard, images, cost = ENDINGS[kind]
    faults = pipeline.folder / "faults.json"
    faults.write_text(json.dumps({"rules": rules}))
    server = served("--engine", "none", "--faults", faults)
    base = f"json://127.0.0.1:{receiver.port}/{SECRET}"
    told = "".join(f"  - {{when: [{one}], to: '{base}/{one}'}}\n" for one in WHEN)
    text, _, _ = FILE.format(when="done").partition("notify:")
    file = pipeline.write(f"{text}notify:\n{told}")
    api = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    ended = pipeline("run", file, "--provider", "gptimage", *words, **api)
    assert ended.code == code, ended.err
    paths = [path.rpartition("/")[2] for path, _ in receiver.heard]
    assert sorted(paths) == sorted(heard)
    lines = receiver.heard[0][1]["message"].splitlines()
    assert (lines[0], lines[2]) == (images, cost)
    assert any(line.startswith(f"exit {code}: ") for line in lines)
    assert any(line.startswith("Next  pipeline ") for line in lines)


def test_receivers_that_fail_change_nothing_and_are_told_once(pipeline, receiver):
    receiver.status = 500
    file = pipeline.write(FILE.format(when="done"))
    ended = pipeline("run", file, **receiver.environment())
    assert ended.code == 0, ended.err
    told = [line for line in ended.err.splitlines() if line.startswith("notify: ")]
    assert told == [
        "notify: the webhook answered HTTP 500",
        "notify: the service in `to` was refused by the service, or could not be reached",
        "notify: the health check answered HTTP 500",
    ]
    assert SECRET not in ended.err


def test_redirects_are_not_followed(pipeline, receiver):
    with receiving() as other:
        receiver.status, receiver.location = 307, f"http://127.0.0.1:{other.port}/elsewhere"
        file = pipeline.write(FILE.format(when="done"))
        assert pipeline("run", file, **receiver.environment()).code == 0
        assert other.heard == []


@pytest.mark.thorough
def test_receivers_that_hang_delay_the_end_by_ten_seconds_at_most(pipeline, receiver):
    file = pipeline.write(FILE.format(when="done"))
    begun = time.monotonic()
    assert pipeline("run", file).code == 0
    usual = time.monotonic() - begun
    receiver.delay = 60
    begun = time.monotonic()
    ended = pipeline("run", file, "-q", **receiver.environment())
    assert ended.code == 0
    assert time.monotonic() - begun - usual < 12


def test_no_list_of_processes_shows_the_url(pipeline, receiver):
    """Other users of the machine can read command lines."""
    receiver.delay = 3
    file = pipeline.write(FILE.format(when="done"))
    process = pipeline.start("run", file, **receiver.environment())
    seen = []
    while process.poll() is None:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(place.read_bytes())
            except OSError:
                continue
        time.sleep(0.05)
    process.communicate()
    assert any(b"apprise_program" in line for line in seen)
    assert not any(SECRET.encode() in line for line in seen)


def test_a_campaign_that_cannot_be_sent_says_so_to_the_health_check(pipeline, receiver):
    file = pipeline.write(FILE.format(when="done"))
    ended = pipeline("run", file, "--plan", "00000000", **receiver.environment())
    assert ended.code == 2
    assert [path.rpartition("/")[2] for path, _ in receiver.of("check")] == ["start", "2"]


def test_a_run_without_changes_tells_who_hears_of_done(pipeline, receiver):
    file = pipeline.write(FILE.format(when="done").replace("human", "auto"))
    for _ in range(3):
        assert pipeline("run", file, **receiver.environment()).code == 0
    titles = [message["title"] for _, message in receiver.of("channel")]
    assert len(titles) == 3
    assert "nothing has changed since run" in titles[2]
    assert len(receiver.of("check")) == 6


def test_notify_tries_out_every_receiver(pipeline, receiver):
    file = pipeline.write(FILE.format(when="done"))
    ended = pipeline("notify", file, "--test", **receiver.environment())
    assert ended.code == 0, ended.err
    assert [line.split() for line in ended.out.splitlines()] == [
        ["notify[0].webhook", "sent"],
        ["notify[0].to", "sent"],
        ["notify[0].ping", "sent"],
    ]
    assert len(receiver.heard) == 3
    listed = pipeline("notify", file)
    assert "{{ env.CHANNEL }}" in listed.out
    missing = pipeline("notify", file, "--test", CHANNEL="nonsense", HOOK="http://127.0.0.1:9/x")
    assert missing.code == 3
    assert "has a URL of no service that apprise knows" in missing.out
    assert "could not be reached" in missing.out
    assert "the variable CHECK is not set" in missing.out
    assert not (pipeline.folder / "output").exists()
