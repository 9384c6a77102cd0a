import asyncio
import json
import time
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.app.campaign import account_of, provider_settings
from pipeline.app.notices import notify, notify_overlap
from pipeline.app.run.endings import IN_WORDS, PRECEDENCE, endings
from pipeline.campaign.loading import load_campaign
from pipeline.errors import RunHangs, UsageError
from pipeline.network import notifications
from pipeline.providers.registry import profiles
from pipeline.settings import GPTIMAGE_URL, ProviderSettings, Settings, read_settings

FILE = """\
campaign: soda
provider: gptimage
matrix: {product: [{id: citrus, name: Citrus}], size: [1:1]}
prompt: A photo of {{ product.name }}.
"""


def campaign(tmp_path, more):
    place = Path(tmp_path) / "soda.yaml"
    place.write_text(FILE + more)
    return load_campaign(place, profiles=profiles()).campaign


@pytest.fixture
async def webhook():
    heard = []

    async def hear(request):
        heard.append(await request.json())
        return web.Response(status=500 if request.path == "/broken" else 200)

    application = web.Application()
    application.add_routes([web.post("/{any}", hear)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    await runner.cleanup()


async def test_a_webhook_hears_of_the_endings_it_asked_for(tmp_path, webhook, monkeypatch):
    url, heard = webhook
    said = []
    monkeypatch.setenv("HOOK", url)
    told = campaign(
        tmp_path, 'notify: [{when: [failed, budget], webhook: "{{ env.HOOK }}/chat"}]\n'
    )
    await notify(told, {"text": "hello"}, words=endings(0, waiting=0), tell=said.append)
    assert heard == []
    await notify(told, {"text": "hello"}, words=endings(4, waiting=0), tell=said.append)
    assert heard == [{"text": "hello"}]


@pytest.mark.parametrize("path", ["/broken", "\\n", ":1"])
async def test_a_webhook_that_fails_is_only_talk(tmp_path, webhook, path):
    said = []
    hook = json.dumps(f"{webhook[0]}{path}")
    told = campaign(tmp_path, f"notify: [{{when: [always], webhook: {hook}}}]\n")
    await notify(told, {"text": "hello"}, words=endings(0, waiting=0), tell=said.append)
    assert [words.split(":")[0] for words in said] == ["notify"]


@pytest.mark.parametrize(
    ("code", "waiting", "word"),
    [
        (0, 0, "done"),
        (3, 0, "failed"),
        (4, 0, "budget"),
        (5, 2, "done"),
        (5, 2, "review"),
        (6, 0, "stopped"),
        (6, 0, "doubt"),
        (0, 2, "review"),
    ],
)
def test_an_ending_has_the_words_of_the_campaign_file(code, waiting, word):
    assert word in endings(code, waiting=waiting)


def test_the_campaigns_own_base_url_names_the_account_unless_the_environment_does(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("GATEWAY", "https://images.example")
    told = campaign(tmp_path, 'providers: {gptimage: {base_url: "{{ env.GATEWAY }}/"}}\n')
    assert account_of(told, Settings()) == "gptimage@https://images.example"
    other = read_settings({"GPTIMAGE_BASE_URL": "http://127.0.0.1:1"})
    assert account_of(told, other) == "gptimage@http://127.0.0.1:1"


def test_the_environment_wins_also_where_it_names_the_default(tmp_path):
    """GPTIMAGE_BASE_URL with the URL that is used without it did not replace the file's; and
    PIPELINE_TRUST_ENV=0 could not switch off `trust_env` of the file.
    """
    told = campaign(
        tmp_path,
        "providers: {gptimage: {base_url: https://images.example, trust_env: true}}\n",
    )
    usual = read_settings({"GPTIMAGE_BASE_URL": GPTIMAGE_URL, "PIPELINE_TRUST_ENV": "0"})
    assert account_of(told, usual) == f"gptimage@{GPTIMAGE_URL}"
    assert provider_settings(told, usual.gptimage).trust_env is False
    assert provider_settings(told, ProviderSettings()).trust_env is True


def test_a_variable_that_is_not_set_is_refused_by_name(tmp_path):
    told = campaign(tmp_path, 'providers: {gptimage: {base_url: "{{ env.GATEWAY }}"}}\n')
    with pytest.raises(UsageError, match="GATEWAY"):
        provider_settings(told, ProviderSettings())


def test_a_run_that_asked_to_hear_of_waiting_drafts_has_not_failed():
    """`--detailed-exitcode` ends with 5, which counted as `failed`."""
    assert "failed" not in endings(5, waiting=2)


async def test_a_run_that_hangs_is_told_to_those_who_hear_of_stops(tmp_path, webhook, monkeypatch):
    url, heard = webhook
    monkeypatch.setenv("HOOK", url)
    more = """
notify:
  - {when: [stopped], webhook: "{{ env.HOOK }}/stopped"}
  - {when: [done], webhook: "{{ env.HOOK }}/done"}
"""
    hangs = RunHangs("another run of soda is alive, and seems to hang")
    await notify_overlap(campaign(tmp_path, more), hangs)
    assert heard == [
        {
            "text": "soda: another run of soda is alive, and seems to hang",
            "campaign": "soda",
            "exit_code": 75,
        }
    ]


async def test_receivers_that_hang_are_waited_for_together(tmp_path, monkeypatch):
    ended = asyncio.Event()

    async def hang(_reader, writer):
        await ended.wait()
        writer.close()
        await writer.wait_closed()

    monkeypatch.setattr(notifications, "PATIENCE", 0.3)
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hook = f"{{when: [always], webhook: 'http://127.0.0.1:{port}/x'}}"
    told, said = campaign(tmp_path, f"notify: [{hook}, {hook}, {hook}]\n"), []
    begun = time.monotonic()
    await notify(told, {"text": "hello"}, words=endings(0, waiting=0), tell=said.append)
    assert time.monotonic() - begun < 0.8
    ended.set()
    server.close()
    await server.wait_closed()
    assert said == ["notify: the webhook did not answer within 0.3 s"]


def test_every_exit_code_has_words():
    assert set(PRECEDENCE) <= set(IN_WORDS)
