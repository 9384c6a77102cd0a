from pathlib import Path

import aiohttp
import image_server_painters
import pytest
from aiohttp import web
from image_server_client import DOCUMENTED, serving

from pipeline.imageserver.options import Engine, ErrorStyle, Limits, ServerSettings
from pipeline.imageserver.server import ImageServer


async def test_credits_add_up(tmp_path: Path):
    async with serving(tmp_path, credits=100) as client:
        await client.post(DOCUMENTED)
        _, reply = await client.get("/v1/credits")
        assert reply["data"] == {"start": 100, "remaining": 88, "reserved": 0, "spent": 12}


async def test_unlimited_credits_have_no_start(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await client.get("/v1/credits")
        assert (reply["data"]["start"], reply["data"]["remaining"]) == (None, None)


async def test_the_models_are_the_guide_as_data(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await client.get("/v1/models")
        (model,) = reply["data"]["models"]
        assert (model["id"], model["tiers"]["low"]["credits"]) == ("gpt-image-2", 2)
        assert "Wrap literal text in quotes" in model["prompting_notes"][0]


async def test_health_and_the_description_take_no_key(tmp_path: Path):
    async with serving(tmp_path) as client, aiohttp.ClientSession() as anybody:
        async with anybody.get(f"{client.server.url}/healthz") as response:
            assert await response.json() == {"status": "ok"}
        async with anybody.get(f"{client.server.url}/openapi.json") as response:
            described = await response.json()
        assert (described["openapi"], described["servers"]) == (
            "3.1.0",
            [{"url": client.server.url}],
        )


@pytest.mark.parametrize("path", ["/v1/credits", "/v1/models", "/_faults", "/openai/v1/models"])
async def test_everything_else_takes_the_key(tmp_path: Path, path: str):
    async with serving(tmp_path) as client, client.session.get(client.server.url + path) as reply:
        assert reply.status == 401


@pytest.mark.parametrize(
    ("style", "status", "code"), [(ErrorStyle.HTTP, 429, 429), (ErrorStyle.APP, 200, -1)]
)
async def test_too_many_images_a_minute_are_told_when_to_come_back(
    tmp_path: Path, style: ErrorStyle, status: int, code: int
):
    limits = Limits(images_per_minute=3)
    async with serving(tmp_path, error_style=style, limits=limits) as client:
        await client.post(DOCUMENTED | {"n": 3})
        async with client.ask("POST", "/v1/images/generate", DOCUMENTED) as response:
            reply = await response.json()
            assert (response.status, reply["code"]) == (status, code)
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            assert reply["message"].startswith("too many requests: ")
        assert client.server.charged() == 36


@pytest.mark.parametrize(
    ("style", "status", "code"), [(ErrorStyle.HTTP, 400, 400), (ErrorStyle.APP, 200, -1)]
)
async def test_the_policy_refuses_and_charges_nothing(
    tmp_path: Path, style: ErrorStyle, status: int, code: int
):
    async with serving(tmp_path, error_style=style) as client:
        got, reply = await client.post(DOCUMENTED | {"prompt": "a nude statue"})
        assert (got, reply["code"]) == (status, code)
        assert "content policy" in reply["message"]
        assert client.server.charged() == 0


async def test_the_policy_may_rewrite_instead_and_the_books_keep_what_was_asked(tmp_path: Path):
    async with serving(tmp_path, policy_rewrites=True) as client:
        _, reply = await client.post(DOCUMENTED | {"prompt": "a nude statue"})
        assert reply["code"] == 0
        assert client.server.charges()[0].prompt == "a nude statue"


async def test_an_order_says_what_was_asked_for(tmp_path: Path):
    """This painter says its order in the name of its renderer."""
    async with serving(tmp_path, painter=image_server_painters.note_order) as client:
        body = DOCUMENTED | {"n": 2, "size": "8:6", "background": "transparent"}
        await client.post(body, X_Variation="2.1")
        (charge,) = client.server.charges()
        assert [picture.renderer for picture in charge.pictures] == [
            "4:3 high transparent #0 ~2.1",
            "4:3 high transparent #1 ~2.1",
        ]


async def test_who_painted_is_said_in_a_header(tmp_path: Path):
    async with (
        serving(tmp_path) as client,
        client.ask("POST", "/v1/images/generate", DOCUMENTED) as response,
    ):
        assert response.headers["X-Painted-By"] == "none"
        assert response.headers["X-Credits-Charged"] == "12"


async def test_every_answer_has_a_request_id_of_its_own(tmp_path: Path):
    async with serving(tmp_path) as client:
        ids = set()
        for path in ("/healthz", "/v1/nothing", "/v1/credits"):
            async with client.ask("GET", path) as response:
                ids.add(response.headers["X-Request-Id"])
        assert len(ids) == 3


async def test_pages_for_people_are_mounted_beside_the_api(tmp_path: Path):
    def pages(application: web.Application, *, key: str) -> None:
        async def face(_: web.Request) -> web.Response:
            return web.Response(text=f"a page that buys with {key[:3]}")

        application.router.add_get("/", face)

    settings = ServerSettings(state=tmp_path, engine=Engine.NONE)
    async with (
        ImageServer(settings, pages=pages) as server,
        aiohttp.ClientSession() as session,
        session.get(server.url) as response,
    ):
        assert await response.text() == "a page that buys with sk-"
