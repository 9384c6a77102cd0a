"""One figure for one thing: page, dialog, status, plan, run manifest and server agree.

The footer said 576 where the dialog and the charge said 432, and `status` counted images as cells.
Campaigns are generated with what made figures differ: shared images, lapsed approvals, rounds of
redo, rejections, and budgets that stop a run.
"""

import json
import random
import urllib.request
from dataclasses import replace

import aiohttp
import pytest

from pipeline.app.campaign import load
from pipeline.app.commands.review import ReviewPageOptions, review_server
from pipeline.settings import read_settings

PROVIDER = ("--provider", "gptimage")
SIZES = ("1:1", "meta-feed-square", "4:3", "16:9", "meta-feed-portrait")
SEEDS = [1, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(30) if n != 1)]


class Generated:
    """A campaign from a seed, what was done to it, and every figure that is given of it."""

    def __init__(self, pipeline, server, seed):
        self.pipeline, self.server = pipeline, server
        self.chance = random.Random(seed)  # noqa: S311 - a campaign, not a secret
        self.name = f"tea{seed}"
        self.products = self.chance.randint(1, 3)
        self.sizes = self.chance.sample(SIZES, self.chance.randint(1, 3))
        self.takes = self.chance.randint(1, 2)
        self.same = self.chance.random() < 0.5
        self.budget = self.chance.choice([None, None, 12, 30])
        self.setting = "a stone table"
        self.file = self.write()
        self.charged_before = self.charged()

    def write(self):
        looks = ["a tin of tea" if self.same else f"tea {n}" for n in range(self.products)]
        products = ", ".join(f"{{id: p{n}, look: {look}}}" for n, look in enumerate(looks))
        text = (
            f"campaign: {self.name}\n"
            f"matrix:\n  product: [{products}]\n  size: [{', '.join(self.sizes)}]\n"
            f"prompt: A photo of {{{{ product.look }}}} on {self.setting}."
            "{% if note %} {{ note }}{% endif %}\n"
            f"stages: {{draft: {{quality: low, takes: {self.takes}, review: human}}, "
            "final: {quality: medium}}\n"
        )
        if self.budget:
            text += f"budget: {{campaign: {self.budget}}}\n"
        return self.pipeline.write(text, f"{self.name}.yaml")

    @property
    def environment(self):
        return {"GPTIMAGE_BASE_URL": self.server.url, "GPTIMAGE_API_KEY": self.server.key}

    def __call__(self, command, *words):
        return self.pipeline(command, self.file, *words, **self.environment)

    def json(self, command, *words):
        ended = self(command, *words, "--json")
        assert ended.out, ended.err
        return json.loads(ended.out)

    def charged(self):
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.server.url}/v1/account", headers={"Authorization": f"Bearer {self.server.key}"}
        )
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            return json.load(reply)["spent"]

    def decide(self):
        """Give some verdicts, each on cells that a glob chooses."""
        cells = [f"p{n}/{size}" for n in range(self.products) for size in self.sizes]
        for cell in self.chance.sample(cells, self.chance.randint(1, len(cells))):
            glob = cell.replace(":", "x")
            take = str(self.chance.randint(1, self.takes))
            verdict = self.chance.choice(["approve", "approve", "redo", "reject"])
            extra = ("--take", take) if verdict == "approve" else ()
            extra += ("--note", "darker") if verdict == "redo" else ()
            self(verdict, glob, *extra, "--provider", "gptimage")

    def edit(self):
        self.setting = "a wooden tray"
        self.write()

    async def page(self, monkeypatch):
        """The index and the quote of each stage, as the page gets them."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        options = ReviewPageOptions(
            campaign=self.file, output=self.pipeline.output, provider="gptimage", reviewer="ana"
        )
        settings = replace(read_settings(), output=self.pipeline.output)
        loaded = load(options, settings)
        async with (
            review_server(loaded, options, settings, console=None) as server,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
        ):

            async def read(path):
                async with session.get(f"http://127.0.0.1:{server.port}{path}") as reply:
                    return await reply.json()

            async with session.get(server.url) as entered:
                assert entered.status == 200
            base = f"/api/runs/{self.name}"
            index = await read(f"{base}/cells")
            return index, {s: await read(f"{base}/quote/{s}") for s in ("draft", "final")}

    async def check(self, monkeypatch, *, ran):
        """Compare every figure; `ran`: a run has just ended, and nothing was decided since."""
        plan = self.json("plan", *PROVIDER)
        (status,) = self.json("status")
        manifest = self.pipeline.manifest(self.name)
        index, quotes = await self.page(monkeypatch)
        figures, money = index["figures"], manifest["totals"]["credits"]
        for stage, quote in quotes.items():
            planned, shown = plan["stages"][stage], figures["stages"][stage]
            due = len(planned["to_buy"]) + planned["to_buy_more"]
            assert due == shown["images_to_buy"] == quote["images"], stage
            assert planned["credits"] == shown["credits_ahead"] == quote["credits"], stage
            assert sum(one["count"] * one["price"] for one in quote["lines"]) == quote["credits"]
            rows = [row for row in index[stage] if row]
            assert len(rows) == shown["cells"]
            states = [row[0] for row in rows]
            assert states.count("approved") == shown["approved_cells"]
            assert states.count("stale") == shown["stale_cells"]
        spent = figures["spent"]
        assert spent["confirmed"] == status["credits"]["confirmed"] == money["confirmed"]
        assert self.charged() - self.charged_before == spent["confirmed"]
        # A launch is limited to what the dialog shows, not to what a run may spend unasked.
        left = {scope: one["left"] for scope, one in plan["limits"].items() if scope != "run"}
        assert {
            one["scope"]: one["limit"] - one["spent"] for one in quotes["final"]["limits"]
        } == left
        if ran:
            stored = [i["stage"] for i in manifest["images"] if i["status"] == "stored"]
            for stage in quotes:
                assert stored.count(stage) == figures["stages"][stage]["stored_images"], stage
            drafts = [row[0] for row in index["draft"] if row]
            decided = sum(drafts.count(state) for state in ("approved", "redo", "rejected"))
            review = status["review"]
            assert (decided, drafts.count("approved")) == (review["decided"], review["approved"])
        return quotes


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_figure_is_the_same_wherever_it_is_given(pipeline, served, monkeypatch, seed):
    campaign = Generated(pipeline, served("--engine", "none"), seed)
    campaign("run", *PROVIDER)
    await campaign.check(monkeypatch, ran=True)
    campaign.decide()
    quotes = await campaign.check(monkeypatch, ran=False)
    before = campaign.charged()
    ended = campaign("run", *PROVIDER, "--stage", "draft")
    if ended.code == 0:
        assert campaign.charged() - before == quotes["draft"]["credits"]
    await campaign.check(monkeypatch, ran=True)
    campaign("run", *PROVIDER)
    await campaign.check(monkeypatch, ran=True)
    campaign.edit()
    await campaign.check(monkeypatch, ran=False)
    campaign("run", *PROVIDER)
    await campaign.check(monkeypatch, ran=True)
