"""Who gets a session of the playground, and who gets nothing: asked by hand, without a browser."""

import re
import time

import aiohttp
import pytest
from playground_stand import playing

from pipeline.imageserver.playground.access import is_loopback

WANTED = {"prompt": "a soda", "quality": "low"}
OURS = {"X-Playground": "1", "Sec-Fetch-Site": "same-origin"}


async def asked(server, headers, *, visited=True, path="generate", body=WANTED):
    """The status and the reply of a request from a page that was opened before, or not."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        if visited:
            await (await session.get(server.url)).read()
        url = f"{server.url}/_playground/{path}"
        async with session.post(url, json=body, headers=headers) as response:
            return response.status, await response.json()


async def opened(server, path="/", **headers):
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.url + path, headers=headers) as response,
    ):
        return response.status, response.headers, await response.text()


async def test_whoever_opened_the_page_paints_without_a_key(tmp_path):
    async with playing(tmp_path) as server:
        status, reply = await asked(server, OURS | {"Origin": server.url})
        assert (status, len(reply["data"]["images"]), server.charged()) == (200, 1, 2)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS | {"Origin": "http://evil.example"}, 403),
        (OURS | {"Sec-Fetch-Site": "same-site"}, 403),
        (OURS | {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Playground": "1"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        (OURS | {"Host": "evil.example"}, 421),
        (OURS | {"Authorization": "Bearer wrong"}, 401),
    ],
    ids=[
        "another origin",
        "another port of this host",
        "another site",
        "no sign of a browser",
        "a form of another page",
        "a name that was bent to point here",
        "a wrong key",
    ],
)
async def test_another_page_gets_nothing_and_nothing_is_charged(tmp_path, headers, status):
    async with playing(tmp_path) as server:
        assert (await asked(server, headers))[0] == status
        assert server.charged() == 0


async def test_without_a_visit_to_the_page_there_is_no_session(tmp_path):
    async with playing(tmp_path) as server:
        status, reply = await asked(server, OURS, visited=False)
        assert (status, reply["message"]) == (
            401,
            "Cookie: the session of this page has ended: reload it",
        )


async def test_a_visitor_who_came_through_a_proxy_needs_the_key(tmp_path):
    forwarded = OURS | {"X-Forwarded-For": "192.0.2.7"}
    async with playing(tmp_path) as server:
        _, headers, _ = await opened(server, **{"X-Forwarded-For": "192.0.2.7"})
        assert "Set-Cookie" not in headers
        assert (await asked(server, forwarded))[0] == 401
        bearer = {"Authorization": f"Bearer {server.key}"}
        assert (await asked(server, forwarded | bearer))[0] == 200


@pytest.mark.parametrize(
    ("host", "at_home"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("box", False)],
)
def test_only_a_server_that_nobody_else_can_reach_gives_sessions(host, at_home):
    assert is_loopback(host) is at_home


async def test_the_key_is_nowhere_in_what_the_page_is_made_of(tmp_path):
    async with playing(tmp_path) as server:
        _, headers, text = await opened(server)
        assert server.key not in text
        assert server.key not in str(headers)


async def test_the_page_may_load_from_itself_and_the_image_host_only(tmp_path):
    async with playing(tmp_path) as server:
        _, headers, _ = await opened(server)
        cdn = server.cdn_url
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        f"img-src 'self' {cdn}; connect-src 'self' {cdn}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    assert "SameSite=Strict" in headers["Set-Cookie"]
    assert "HttpOnly" in headers["Set-Cookie"]


async def test_the_page_answers_to_no_foreign_name(tmp_path):
    async with playing(tmp_path) as server:
        assert (await opened(server, Host="evil.example"))[0] == 421
        assert (await opened(server, Host="localhost:1"))[0] == 200


async def static_of(server):
    """The address below which this page says that its files are."""
    _, _, text = await opened(server)
    return re.search(r"(/_playground/static/[0-9a-f]{12})/", text)[1]


@pytest.mark.parametrize("name", ["nothing.js", "..%2fpages.py", "../pages.py", "js", ""])
async def test_only_the_pages_own_files_are_given(tmp_path, name):
    async with playing(tmp_path) as server:
        static = await static_of(server)
        assert (await opened(server, f"{static}/{name}"))[0] == 404
        assert (await opened(server, f"/_playground/static/{name}"))[0] == 404
        assert (await opened(server, f"{static}/js/main.js"))[0] == 200


async def test_a_browser_keeps_every_file_until_its_address_changes(tmp_path):
    async with playing(tmp_path) as server:
        static = await static_of(server)
        for name in ("js/main.js", "css/play-page.css", "icon.svg"):
            _, headers, _ = await opened(server, f"{static}/{name}")
            assert headers["Cache-Control"].endswith("immutable")
        assert (await opened(server, "/_playground/static/000000000000/js/main.js"))[0] == 404


async def test_a_wrong_field_is_named_and_costs_nothing(tmp_path):
    async with playing(tmp_path) as server:
        status, reply = await asked(server, OURS, body=WANTED | {"quality": "best"})
        assert status == 400
        assert reply["message"].startswith("quality: ")
        assert server.charged() == 0


async def test_a_prompt_of_blanks_does_not_keep_the_server_busy(tmp_path):
    body = {"prompt": ("in" + " " * 15_900 + "!") * 2}
    async with playing(tmp_path) as server:
        start = time.process_time()
        status, _ = await asked(server, OURS, path="lint", body=body)
        assert status == 200
        assert time.process_time() - start < 1


async def test_without_a_lint_nothing_is_advised(tmp_path):
    async with playing(tmp_path, lint=None) as server:
        assert (await asked(server, OURS, path="lint"))[0] == 404
