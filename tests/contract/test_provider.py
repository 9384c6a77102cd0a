"""What every provider promises, held against each of them.

A stage is a provider together with what stands behind it: a script of endings, and books of its
own that count every POST and every credit.
"""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from fake_provider import FakeProvider, ScriptedAnswer, png
from seals import NO_SEAL

from pipeline.errors import (
    ImageBroken,
    ImageGone,
    NotSent,
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.names import ProfileName
from pipeline.model.providers.profile import BASE_QUALITIES
from pipeline.model.providers.request import Background, Quality, RenderRequest
from pipeline.providers.base import Provider
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings

REFUSALS = {
    "throttled": (429, {"code": 429, "message": "too many requests"}),
    "rejected": (400, {"code": 400, "message": "n must be 1"}),
    "policy": (200, {"code": -1, "message": "content policy"}),
    "stopped": (401, {"code": 401, "message": "invalid api key"}),
    "lost after the charge": (504, {}),
}
ERRORS = {
    "throttled": Throttled("wait", retry_after=2.0, http=429),
    "rejected": Rejected("n must be 1", http=400),
    "policy": PolicyRefused("content policy", http=200),
    "stopped": ProviderStopped("invalid api key", http=401),
    "lost after the charge": ReplyUnknown("no answer", http=504),
}


@dataclass
class Stage:
    provider: Provider
    books: "Books"


@dataclass
class Books:
    posts: int = 0
    charged: int = 0


@asynccontextmanager
async def fake_stage(name: ProfileName, *endings: str):
    script = [
        ScriptedAnswer(error=ERRORS[ending], charged=ending == "lost after the charge")
        if ending != "yes"
        else ScriptedAnswer()
        for ending in endings
    ]
    async with FakeProvider(script, profile=PROFILES[name]) as provider:
        yield Stage(provider=provider, books=FakeBooks(provider))


class FakeBooks(Books):
    def __init__(self, provider: FakeProvider) -> None:
        self.provider = provider

    @property
    def posts(self) -> int:
        return len(self.provider.asked)

    @property
    def charged(self) -> int:
        return self.provider.charged


@asynccontextmanager
async def gptimage_stage(name: ProfileName, *endings: str):
    books, script = Books(), iter(endings)
    runner = web.AppRunner(_application(books, script))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = ProviderSettings(base_url=base_url, key="sk-test")
    try:
        async with open_provider(name, settings=settings) as provider:
            yield Stage(provider=provider, books=books)
    finally:
        await runner.cleanup()


def _application(books: Books, script: Iterator[str]) -> web.Application:
    async def generate(request: web.Request) -> web.Response:
        asked = await request.json()
        books.posts += 1
        ending = next(script, "yes")
        if ending in ("yes", "lost after the charge"):
            books.charged += {"low": 2, "medium": 6, "high": 12}[asked["quality"]]
        if ending != "yes":
            status, body = REFUSALS[ending]
            return web.json_response(body, status=status, headers={"Retry-After": "2"})
        url = f"http://{request.host}/renders/{books.posts}.png"
        return web.json_response({"code": 0, "message": "ok", "data": {"images": [{"url": url}]}})

    async def render(request: web.Request) -> web.Response:
        if int(request.match_info["number"]) > books.posts:
            raise web.HTTPNotFound
        return web.Response(body=png(16, 16, shade=int(request.match_info["number"])))

    async def left(request: web.Request) -> web.Response:
        return web.json_response({"code": 0, "data": {"remaining": 10_000 - books.charged}})

    application = web.Application()
    application.router.add_post("/v1/images/generate", generate)
    application.router.add_get("/renders/{number}.png", render)
    application.router.add_get("/v1/credits", left)
    return application


@pytest.fixture(params=[fake_stage, gptimage_stage], ids=["fake", "gptimage"])
def stage(request):
    return request.param


def wanted(quality: Quality = Quality.HIGH, background: Background = Background.OPAQUE):
    return RenderRequest(
        prompt="citrus", model="gpt-image-2", size="4:3", quality=quality, background=background
    )


async def bytes_of(provider: Provider, url: str) -> bytes:
    async with provider.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("quality", BASE_QUALITIES)
async def test_a_yes_costs_the_profiles_price_and_is_one_post(stage, quality):
    async with stage(GPTIMAGE) as on:
        receipt = await on.provider.submit(wanted(quality), key="k", seal=NO_SEAL)
        assert (on.books.posts, on.books.charged) == (1, receipt.amount)
        assert receipt.amount == on.provider.profile.price(quality)


async def test_a_receipt_keeps_its_proof(stage):
    async with stage(GPTIMAGE) as on:
        assert (await on.provider.submit(wanted(), key="k", seal=NO_SEAL)).raw


async def test_an_image_can_be_fetched_again_and_is_the_same(stage):
    async with stage(GPTIMAGE) as on:
        url = (await on.provider.submit(wanted(), key="k", seal=NO_SEAL)).url
        first, second = await bytes_of(on.provider, url), await bytes_of(on.provider, url)
        assert first == second
        assert first.startswith(b"\x89PNG")


async def test_two_purchases_are_two_charges_and_two_images(stage):
    async with stage(GPTIMAGE) as on:
        urls = {
            (await on.provider.submit(wanted(), key=key, seal=NO_SEAL)).url for key in ("a", "b")
        }
        assert (len(urls), on.books.posts, on.books.charged) == (2, 2, 24)


ENDINGS = [
    ("throttled", Throttled),
    ("rejected", Rejected),
    ("policy", PolicyRefused),
    ("stopped", ProviderStopped),
    ("lost after the charge", ReplyUnknown),
]


@pytest.mark.parametrize(("ending", "error"), ENDINGS)
async def test_every_failure_is_one_post_and_tells_the_truth_about_the_money(stage, ending, error):
    async with stage(GPTIMAGE, ending) as on:
        with pytest.raises(ProviderError) as failure:
            await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert type(failure.value) is error
        assert on.books.posts == 1


async def test_a_throttle_names_the_seconds(stage):
    async with stage(GPTIMAGE, "throttled") as on:
        with pytest.raises(Throttled) as failure:
            await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert failure.value.retry_after == 2.0


async def test_what_is_said_not_to_be_charged_was_not(stage):
    async with stage(GPTIMAGE, "throttled", "rejected", "policy", "stopped") as on:
        for _ in range(4):
            with pytest.raises(ProviderError):
                await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert on.books.charged == 0


async def test_an_image_that_is_not_there_is_gone(stage):
    async with stage(GPTIMAGE) as on:
        url = (await on.provider.submit(wanted(), key="k", seal=NO_SEAL)).url
        with pytest.raises(ImageGone):
            await bytes_of(on.provider, url.replace("1.png", "999.png"))


@pytest.mark.parametrize("name", [GPTIMAGE, EMBEDDED])
async def test_a_provider_knows_its_profile_and_whose_money_it_spends(stage, name):
    async with stage(name) as on:
        assert on.provider.profile is PROFILES[name]
        assert on.provider.account.startswith(f"{name}@")


async def test_a_balance_falls_by_the_price_where_there_is_one(stage):
    async with stage(EMBEDDED) as on:
        before = await on.provider.balance()
        await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert await on.provider.balance() == before - 12


async def test_the_documented_api_tells_no_balance(stage):
    async with stage(GPTIMAGE) as on:
        assert await on.provider.balance() is None


async def test_the_fake_replays_a_key_only_where_the_profile_does():
    async with fake_stage(EMBEDDED) as on:
        first = await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert await on.provider.submit(wanted(), key="k", seal=NO_SEAL) == first
        assert on.books.charged == 12
    async with fake_stage(GPTIMAGE) as on:
        for _ in range(2):
            await on.provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert on.books.charged == 24


async def test_the_fake_serves_the_pictures_and_errors_that_a_test_puts_there():
    async with FakeProvider() as provider:
        provider.pictures = {"u": b"GIF89a", "v": ImageBroken("no")}
        assert await bytes_of(provider, "u") == b"GIF89a"
        with pytest.raises(ImageBroken):
            await bytes_of(provider, "v")


async def test_the_fake_tells_what_it_was_asked():
    async with FakeProvider([ScriptedAnswer(error=NotSent("no route"))]) as provider:
        with pytest.raises(NotSent):
            await provider.submit(wanted(), key="k", seal=NO_SEAL)
        assert [(asked.key, asked.request.size) for asked in provider.asked] == [("k", "4:3")]
        assert provider.charged == 0
