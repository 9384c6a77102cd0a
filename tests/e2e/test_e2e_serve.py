"""`pipeline serve` as who runs it meets it: start, stop, restart, mistakes, keys, logs."""

import json
import re
import signal
import socket
import threading
import urllib.error
import urllib.request

import openai
import pytest
from conftest import wait_until

READY = {"url", "cdn", "key"}


@pytest.fixture
def start(pipeline):
    """A server on free ports that is gone after the test; with what it said when ready."""
    processes = []

    def begin(*flags, **environment):
        flags = ("--port", "0", "--cdn-port", "0", "--state", "state", "--engine", "none", *flags)
        process = pipeline.start("serve", *flags, **environment)
        processes.append(process)
        return process, json.loads(process.stdout.readline())

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def generate(ready, body, *, key=None, timeout=30):
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{ready['url']}/v1/images/generate",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {key or ready['key']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:  # noqa: S310
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def stopped(process, which=signal.SIGTERM):
    process.send_signal(which)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_for_requests_in_flight_and_ends_with_0(start, pipeline, which):
    faults = pipeline.write(
        json.dumps([{"fault": "delay", "seconds": 1, "when": "after"}]), "faults.json"
    )
    process, ready = start("--faults", faults)
    assert set(ready) == READY
    answers = []
    asking = threading.Thread(target=lambda: answers.append(generate(ready, {"prompt": "a soda"})))
    asking.start()
    wait_until(lambda: b"reserved" in credits_of(ready) and b'"spent":6' in credits_of(ready))
    code, out, err = stopped(process, which)
    asking.join(30)
    assert answers[0][0] == 200
    assert (code, out) == (0, "")
    assert "stopping" in err


def credits_of(ready):
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{ready['url']}/v1/credits", headers={"Authorization": f"Bearer {ready['key']}"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        return reply.read()


def test_the_same_state_has_the_same_key_credits_and_images(start):
    process, ready = start("--credits", "100")
    _, reply = generate(ready, {"prompt": "a soda"})
    stopped(process)
    process, again = start("--credits", "100")
    assert again == ready
    assert b'"remaining":94' in credits_of(again)
    with urllib.request.urlopen(reply["data"]["images"][0]["url"], timeout=30) as image:  # noqa: S310
        assert image.read(8) == b"\x89PNG\r\n\x1a\n"


def test_one_state_has_one_server(start, pipeline):
    start()
    ended = pipeline("serve", "--port", "0", "--cdn-port", "0", "--state", "state")
    assert (ended.code, ended.out) == (75, "")
    assert "another image server is using state" in ended.err


def test_a_port_in_use_is_said_once_with_the_way_out(pipeline):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = pipeline("serve", "--port", port, "--cdn-port", "0", "--state", "state")
    assert (ended.code, ended.out) == (74, "")
    assert ended.err.strip() == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use"
        " (another port, or 0 for any free one)"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--faults", "nowhere.json"], "the fault rules in nowhere.json"),
        (["--faults", "deep.json"], "nested too deeply"),
        (["--faults", "typo.json"], "rules[0].fault: must be 'status', 'html'"),
        (["--credits", "9" * 30], "is more than"),
        (["--credits", "-5"], "is neither a number nor 'unlimited'"),
        (["--url-lifetime", "99999999999d"], "is more than ten years"),
        (["--host", ""], "the address is empty"),
        (["--port", "70000"], "is not a port"),
        (["kyes", "list"], "serve keys add NAME"),
        (["keys", "add", "a b"], "a key's name has"),
        (["keys", "revoke", "nobody"], "there is no key named nobody"),
    ],
)
def test_a_mistake_on_the_command_line_was_a_bug_or_a_bad_url(pipeline, words, said):
    pipeline.write("[" * 100_000, "deep.json")
    pipeline.write('[{"fault": "drpo"}]', "typo.json")
    ended = pipeline("serve", "--port", "0", "--cdn-port", "0", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


@pytest.mark.parametrize("state", ["file", "file/below"])
def test_a_state_that_cannot_be_a_folder_is_a_fault_of_the_machine(pipeline, state):
    pipeline.write("", "file")
    ended = pipeline("serve", "--port", "0", "--state", state)
    assert (ended.code, ended.out) == (74, "")
    assert f"the server's state folder {state}" in ended.err


def test_a_key_is_shown_once_buys_and_ends_with_its_revocation(start, pipeline):
    _, ready = start()
    added = pipeline("serve", "keys", "add", "alice", "--state", "state")
    alice = added.out.strip()
    assert generate(ready, {"prompt": "a soda"}, key=alice)[0] == 200
    listed = pipeline("serve", "keys", "list", "--state", "state").out
    assert re.search(rf"alice +…{alice[-4:]}", listed)
    assert alice not in listed
    assert pipeline("serve", "keys", "revoke", "alice", "--state", "state").code == 0
    assert generate(ready, {"prompt": "a soda"}, key=alice)[0] == 401
    kept = [path.read_bytes() for path in (pipeline.folder / "state").rglob("*.json")]
    assert not any(alice.encode() in content for content in kept)


def test_a_line_a_request_is_json_where_that_is_asked_for(start):
    process, ready = start("--log", "json")
    generate(ready, {"prompt": "a secret soda"})
    generate(ready, {"prompt": "a secret soda", "n": 0}, key="wrong")
    _, _, err = stopped(process)
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [(one["status"], one["credits"], one["caller"]) for one in told] == [
        (200, 6, "server"),
        (401, 0, ""),
    ]
    assert "secret soda" not in err
    assert ready["key"] not in err


def test_a_line_a_request_is_for_people_by_default_and_can_be_left_out(start):
    process, ready = start()
    generate(ready, {"prompt": "a soda"})
    _, _, err = stopped(process)
    assert re.search(r"\d\d:\d\d:\d\d  POST /v1/images/generate 200 · .* · 6 credits · server", err)
    process, ready = start("--log", "off")
    generate(ready, {"prompt": "a soda"})
    assert "POST" not in stopped(process)[2]


def test_nobody_reads_the_log_and_the_server_still_answers(start):
    _, ready = start()
    for _ in range(1500):
        generate(ready, {}, key="k" * 20)
    assert generate(ready, {"prompt": "a soda"})[0] == 200


def test_openais_wire_serves_its_own_client_and_keeps_its_account(start):
    """Base URL and key as they are printed; the account is in dollars, also after a restart."""
    process, ready = start("--wire", "openai", "--balance", "0.01")
    with openai.OpenAI(base_url=f"{ready['url']}/v1", api_key=ready["key"], max_retries=0) as sdk:
        made = sdk.images.generate(model="gpt-image-2", prompt="a soda", quality="low")
        assert made.data[0].b64_json
        with pytest.raises(openai.RateLimitError) as caught:
            sdk.images.generate(model="gpt-image-2", prompt="a soda", quality="medium")
        assert caught.value.code == "insufficient_quota"
    code, _, err = stopped(process)
    assert (code, f"Serving openai at {ready['url']}/v1" in err) == (0, True)
    assert "· $0.00589 ·" in err
    _, ready = start("--wire", "openai", "--balance", "0.01")
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{ready['url']}/v1/account", headers={"Authorization": f"Bearer {ready['key']}"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        account = json.load(reply)
    assert (account["unit"], account["spent"]) == ("nano-USD", 196 * 30_000 + 2 * 5_000)
