"""`pipeline diff` over edits of one campaign: none missed, none invented, every credit told."""

import json

import pytest
import requests
import yaml
from fake_provider import png

from pipeline.app.commands.diff import DiffOptions, diff_runs
from pipeline.cli.commands.diff import diff_record


class Edited:
    """A campaign that is edited step by step, each followed by a run and a comparison."""

    def __init__(self, pipeline, server):
        self.pipeline, self.server = pipeline, server
        self.api = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
        self.campaign = {
            "campaign": "shop",
            "provider": "gptimage",
            "providers": {"gptimage": {"edits": "/v1/images/edits"}},
            "tags": {"client": "sun"},
            "vars": {"place": "beach"},
            "matrix": {
                "product": [
                    {"id": "citrus", "headline": "SUMMER CRUSH", "photo": "plain.png"},
                    {"id": "berry", "headline": "BERRY RUSH", "photo": ""},
                ],
                "size": ["1:1"],
                "locale": ["en"],
            },
            "prompt": 'A can on a {{ place }} at {{ locale }}, headline "{{ product.headline }}".',
            "stages": {"draft": {"quality": "low"}, "final": {"quality": "medium"}},
        }
        (pipeline.folder / "plain.png").write_bytes(png(8, 8))
        self.run()
        self.spent = self.books()

    @property
    def products(self):
        return self.campaign["matrix"]["product"]

    def say(self, *words):
        ended = self.pipeline(words[0], "shop.yaml", *words[1:], **self.api)
        assert ended.code == 0, ended.err
        return ended

    def run(self, *flags):
        self.pipeline.write(yaml.safe_dump(self.campaign), "shop.yaml")
        ended = self.pipeline("run", "shop.yaml", *flags, **self.api)
        assert ended.code in (0, 4), ended.err

    def after_run(self, *flags):
        self.run(*flags)
        return self.told()

    def books(self):
        headers = {"Authorization": f"Bearer {self.server.key}"}
        account = requests.get(f"{self.server.url}/v1/credits", headers=headers, timeout=10)
        return account.json()["data"]["spent"]

    def told(self):
        """What the newest run differs in; its credits are held against the server's."""
        options = DiffOptions(campaign=self.pipeline.folder / "shop.yaml")
        diff = json.loads(json.dumps(diff_record(diff_runs(options, self.pipeline.output))))
        cost, books = diff["cost"], self.books()
        assert cost["credits"] == books - self.spent == sum(c["credits"] for c in cost["causes"])
        assert cost["credits"] == sum(one["credits"] for one in diff["images"])
        self.spent = books
        images = [
            " ".join([one["cell"], one["stage"], str(one["take"]), one["kind"]])
            + "".join(f", {said(change)}" for change in one["changes"])
            + ("" if one["bought"] or one["after"] is None else ", free")
            for one in diff["images"]
        ]
        verdicts = [f"{one['cell']} {one['before']} → {one['after']}" for one in diff["verdicts"]]
        return [*images, *verdicts, *diff["settings"]]


def said(change):
    changes = [f" {one['before']} → {one['after']}" for one in change["words"]]
    if not changes and change["before"] != change["after"]:
        changes = [f" {change['before']} → {change['after']}"]
    return "".join([change["aspect"], *changes])


@pytest.fixture
def edited(pipeline, served):
    return Edited(pipeline, served("--engine", "none"))


BOTH = ("citrus/1x1/en", "berry/1x1/en")
CITRUS, BERRY = (f"{cell} draft 1 changed," for cell in BOTH)


def test_edits_of_words_sizes_and_settings_are_told_exactly(edited):
    """Each run follows one edit or some; the comparison must name these and nothing else."""
    shop, citrus = edited, edited.products[0]
    campaign, matrix = shop.campaign, shop.campaign["matrix"]

    citrus["headline"] = "SUMMER RUSH"
    campaign["overrides"] = [{"match": {"product": "berry"}, "set": {"background": "transparent"}}]
    assert shop.after_run() == [
        f'{CITRUS} words "SUMMER CRUSH" → "SUMMER RUSH"',
        f"{BERRY} background opaque → transparent",
    ]
    citrus["headline"] = "SUMMER CRUSH"
    campaign["overrides"] = []
    assert shop.after_run() == [
        f'{CITRUS} words "SUMMER RUSH" → "SUMMER CRUSH", free',
        f"{BERRY} background transparent → opaque, free",
    ]
    campaign["vars"]["place"] = "wet beach"
    assert shop.after_run() == [f"{one} words  → wet" for one in (CITRUS, BERRY)]
    campaign["prompt"] = campaign["prompt"].replace(", ", ",\n")
    campaign["stages"]["draft"]["quality"] = "medium"
    spaced = "spacing of the words, quality low → medium"
    assert shop.after_run() == [f"{one} {spaced}" for one in (CITRUS, BERRY)]
    campaign["stages"]["draft"] = {"quality": "low", "takes": 2}
    campaign["vars"]["place"] = "beach"
    assert shop.after_run() == [
        f"{CITRUS} words wet → , quality medium → low",
        f"{BOTH[0]} draft 2 added",
        f"{BERRY} words wet → , quality medium → low",
        f"{BOTH[1]} draft 2 added",
    ]
    campaign["stages"]["draft"]["takes"] = 1
    matrix["size"].append("4:3")
    assert shop.after_run() == [
        *("citrus/4x3/en draft 1 added", "berry/4x3/en draft 1 added"),
        *(f"{cell} draft 2 gone" for cell in BOTH),
    ]
    matrix["size"].remove("4:3")
    matrix["locale"].append("de")
    matrix["product"].append({"id": "cola", "headline": "COLA", "photo": ""})
    new = ("citrus/1x1/de", "berry/1x1/de", "cola/1x1/en", "cola/1x1/de")
    assert shop.after_run("--max-credits", "4") == [
        *(f"{cell} draft 1 added" for cell in new[:2]),
        *(f"{cell} draft 1 added, free" for cell in new[2:]),
        *("citrus/4x3/en draft 1 gone", "berry/4x3/en draft 1 gone"),
    ]
    campaign["tags"]["client"] = "rain"
    arrived = [f"{cell} draft 1 arrived" for cell in new[2:]]
    assert shop.after_run() == [*arrived, "tag client sun → rain"]
    matrix["locale"].remove("de")
    matrix["product"].pop()
    assert shop.after_run() == [f"{cell} draft 1 gone" for cell in new]
    assert shop.after_run() == []


def test_references_and_verdicts_that_changed_are_told_exactly(edited):
    shop, (citrus, berry) = edited, edited.products
    photo = {"match": {"product": "citrus"}, "set": {"references": ["{{ product.photo }}"]}}
    shop.campaign["overrides"] = [photo]
    shop.say("approve", "berry/*")
    assert shop.after_run() == [
        f"{CITRUS} reference None → plain.png",
        f"{BOTH[1]} final 1 added",
        f"{BOTH[1]} undecided → approved",
    ]
    (shop.pipeline.folder / "plain.png").write_bytes(png(9, 9))
    shop.say("reject", "berry/*")
    assert shop.after_run() == [
        f"{CITRUS} reference plain.png → plain.png, other content",
        f"{BOTH[1]} final 1 gone",
        f"{BOTH[1]} approved → rejected",
    ]
    (shop.pipeline.folder / "new.png").write_bytes(png(7, 7))
    citrus["photo"] = "new.png"
    shop.say("undecide", "berry/*")
    assert shop.after_run() == [
        f"{CITRUS} reference plain.png → new.png",
        f"{BOTH[1]} rejected → undecided",
    ]
    shop.campaign["overrides"] = []
    shop.say("approve", "berry/*")
    assert shop.after_run() == [
        f"{CITRUS} reference new.png → None, free",
        f"{BOTH[1]} final 1 added, free",
        f"{BOTH[1]} undecided → approved",
    ]
    shop.say("redo", "citrus/*", "--note", "more ice")
    berry["headline"] = "BERRY MOON"
    moon = '"BERRY RUSH" → "BERRY MOON"'
    assert shop.after_run() == [
        f'{CITRUS} round 1 → 2: "more ice"',
        f"{BERRY} words {moon}",
        f"{BOTH[1]} final 1 gone",
        f"{BOTH[0]} undecided → redo of round 1",
        f"{BOTH[1]} approved → approved, but no longer holds",
    ]
    shown = shop.say("diff", "--html", "diff.html")
    assert f"~ 1 draft bought anew: {moon}" in shown.out
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    page = (shop.pipeline.folder / "diff.html").read_text()
    assert page.count("<input") == 2
    assert '="http' not in page
    one = shop.say("diff", "latest", "--json")
    assert json.loads(one.out)["after"] == json.loads(shop.say("diff", "--json").out)["after"]
    refused = shop.pipeline("diff", "shop.yaml", "2020")
    assert refused.code == 2
    assert "there is no run 2020" in refused.err
