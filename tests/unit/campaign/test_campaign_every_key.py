"""Every key of the grammar acts: with another value, something else is planned, made or told."""

import ast
import copy
import dataclasses
import io
import json
from pathlib import Path

import openpyxl
import pytest
import yaml
from brand_files import LOGO
from fake_provider import png
from PIL import Image

import pipeline
from pipeline.campaign.grammar.parts import keys_by_model
from pipeline.campaign.loading import load_campaign
from pipeline.errors import CampaignError
from pipeline.model import campaign
from pipeline.model.adfiles import ad_file
from pipeline.prompts.cells import expand, unnamed_cells
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import profiles
from pipeline.templates.template_process import TemplateProcess
from pipeline.templates.writer import TemplateWriter

PROMPT = """\
A can of {{ product.name }} in {{ season }} at {% if prices.amount %}{{ prices.amount|number }}
{%- endif %}, {{ stock.left }} "{{ scene }}" on a table."""


def _clear_png():
    """A PNG of 8 × 8 transparent pixels."""
    drawn = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(drawn, "PNG")
    return drawn.getvalue()


BASE = {
    "campaign": "demo",
    "vars": {"season": "summer"},
    "data": {
        "products": {"source": "products.csv", "key": "sku"},
        "prices": {"source": "prices.csv", "key": "sku", "on_missing": "empty", "decimal": "."},
        "stock": {"source": "stock.xlsx", "key": "sku", "on_missing": "empty"},
    },
    "matrix": {
        "product": {"from": "products"},
        "size": ["1:1", "instagram-story"],
        "locale": ["en", "de"],
        "scene": ["studio", "picnic"],
    },
    "prompt": PROMPT,
    "stages": {"draft": {"quality": "low"}, "final": {"quality": "low"}},
    "provider": "openai",
    "providers": {"openai": {}},
}
FILES = {
    "products.csv": b"sku,other,name\nA,1,Citrus\nB,2,Berry\n",
    "prices.csv": b'sku,amount\nA,"1.200"\n',
    "halves.csv": b"sku|amount\nA|3\n",
    "below.csv": b"Title\nsku,amount\nA,3\n",
    "house.yaml": b"tags: {client: house}\n",
    "button.yaml": b"{size: 3%}\n",
    "photo.png": png(8, 8),
    "mask.png": _clear_png(),
    "logo.svg": LOGO,
    "other.svg": LOGO.replace(b"#d02020", b"#20d020"),
}
HEADLINE = {"headline": "Hello"}
RULES = ("text", "palette", "drift", "duplicate", "legible", "safe_zone", "contrast", "whole")


def overlay(**part):
    return {"adfiles": {"overlay": [part]}}


def override(**changes):
    return {"overrides": [{"match": {"product": "A"}, "set": changes}]}


def provider(**options):
    return {"providers": {"openai": options}}


def priced(**price):
    return {"provider": "gptimage", "providers": {"gptimage": {"price": price}}}


def table(name, **part):
    return {"data": {name: part}}


# Model and key → the campaign without and with it; each is laid over BASE.
SETTINGS = {"draft": {"quality": "low"}, "final": {"quality": "low"}}
IMAGE = {
    "provider": "compatible",
    "providers": {"compatible": {"model": "m", "price": {"per_image": 0.02}}},
}
REMOTE = table("deck", source="https://shop.internal/deck.csv", key="sku", on_missing="empty")
PLAIN = {"prompt": "A can of {{ product.id }} on a table, soft light."}
BRAND = {"adfiles": {"brand": {"colors": ["#010203"]}}}
EDITS = {
    "CampaignFile campaign": ({}, {"campaign": "other"}),
    "CampaignFile extends": ({}, {"extends": "house.yaml"}),
    "CampaignFile tags": ({}, {"tags": {"client": "sun"}}),
    "CampaignFile vars": ({}, {"vars": {"season": "winter"}}),
    "CampaignFile data": ({}, table("prices", source="prices.csv", key="sku", decimal=",")),
    "CampaignFile feed_hosts": (REMOTE, {"feed_hosts": ["shop.internal"]}),
    "CampaignFile matrix": ({}, {"matrix": {"locale": ["fr"]}}),
    "CampaignFile prompt": ({}, {"prompt": "A can of {{ product.name }} on ice."}),
    "CampaignFile text": ({}, {"text": {"scene": "{{ scene }}"}}),
    "CampaignFile references": ({}, {"references": ["photo.png"]}),
    "CampaignFile mask": ({"references": ["photo.png"]}, {"mask": "mask.png"}),
    "CampaignFile output_format": ({}, {"output_format": "webp"}),
    "CampaignFile compression": ({"output_format": "webp"}, {"compression": 50}),
    "SettingsChange mask": ({"references": ["photo.png"]}, override(mask="mask.png")),
    "SettingsChange output_format": ({}, override(output_format="webp")),
    "SettingsChange compression": ({"output_format": "webp"}, override(compression=50)),
    "ProviderPart tier": ({}, provider(tier=2)),
    "ProviderPart timeout": ({}, provider(timeout=900)),
    "CampaignFile background": ({}, {"background": "transparent"}),
    "CampaignFile overrides": ({}, override(vars={"season": "spring"})),
    "CampaignFile stages": ({}, {"stages": {"draft": {"quality": "high"}}}),
    "CampaignFile budget": ({}, {"budget": {"run": "$3"}}),
    "CampaignFile provider": ({}, {"provider": "embedded"}),
    "CampaignFile providers": ({}, provider(base_url="https://api.test/v1")),
    "CampaignFile run": ({}, {"run": {"concurrency": 3}}),
    "CampaignFile output": ({}, {"output": {"path": "{{ product.id }}/{{ size.id }}-"
     "{{ locale }}-{{ scene }}-{{ take }}"}}),
    "CampaignFile adfiles": ({}, {"adfiles": {"fit": "crop"}}),
    "CampaignFile checks": ({}, {"checks": {"drift": "fail"}}),
    "CampaignFile provenance": ({}, {"provenance": {"credit": "Sun"}}),
    "CampaignFile notify": ({}, {"notify": [{"when": ["done"], "to": "json://a.test"}]}),
    "TablePart source": ({}, table("prices", source="cheap.csv", key="sku")),
    "TablePart key": ({}, table("products", source="products.csv", key="other")),
    "TablePart where": ({}, table("products", where="name == 'Citrus'")),
    "TablePart on_missing": ({}, table("prices", on_missing="skip")),
    "TablePart sheet": ({}, table("stock", sheet="May")),
    "TablePart header": (
        table("prices", source="prices.csv"), table("prices", source="below.csv", header=2),
    ),
    "TablePart delimiter": (
        table("prices", source="odd.csv"), table("prices", source="odd.csv", delimiter=";"),
    ),
    "TablePart decimal": ({}, table("prices", decimal=",")),
    "MatrixPart size": ({}, {"matrix": {"size": ["4:3"]}}),
    "MatrixPart exclude": ({}, {"matrix": {"exclude": [{"product": "A"}]}}),
    "MatrixPart include": ({}, {"matrix": {"include": [
        {"product": "A", "size": "2:1", "locale": "en", "scene": "studio"}]}}),
    "MatrixPart zip": ({}, {"matrix": {"zip": [["locale", "scene"]]}}),
    "MatrixPart sample": ({}, {"matrix": {"sample": {"product": {"n": 1}}}}),
    "FromPart from": (PLAIN, {"matrix": {"product": {"from": "prices"}}}),
    "SamplePart n": (
        {"matrix": {"sample": {"scene": {"n": 1}}}}, {"matrix": {"sample": {"scene": {"n": 2}}}},
    ),
    "SamplePart seed": (
        {"matrix": {"scene": [*"abcdefgh"], "sample": {"scene": {"n": 2, "seed": 1}}}},
        {"matrix": {"scene": [*"abcdefgh"], "sample": {"scene": {"n": 2, "seed": 5}}}},
    ),
    "OverridePart match": (
        override(vars={"season": "x"}),
        {"overrides": [{"match": {"product": "B"}, "set": {"vars": {"season": "x"}}}]},
    ),
    "OverridePart set": (override(vars={"season": "x"}), override(vars={"season": "y"})),
    "SettingsChange vars": ({}, override(vars={"season": "x"})),
    "SettingsChange prompt": ({}, override(prompt="A can on ice.")),
    "SettingsChange text": ({}, override(text={"scene": "{{ scene }}"})),
    "SettingsChange references": ({}, override(references=["photo.png"])),
    "SettingsChange background": ({}, override(background="transparent")),
    "SettingsChange stages": ({}, override(stages={"draft": {"takes": 2}})),
    "SettingsChange adfiles": ({}, override(adfiles={"fit": "pad"})),
    "StagesChange draft": ({}, override(stages={"draft": {"takes": 2}})),
    "StagesChange final": ({}, override(stages={"final": {"takes": 2}})),
    "StageChange quality": ({}, override(stages={"draft": {"quality": "high"}})),
    "StageChange takes": ({}, override(stages={"draft": {"takes": 3}})),
    "AdFilesChange fit": ({}, override(adfiles={"fit": "extend"})),
    "AdFilesChange focus": ({}, override(adfiles={"focus": [0.2, 0.3]})),
    "AdFilesChange zoom": ({}, override(adfiles={"zoom": 1.3})),
    "AdFilesChange keep": ({}, override(adfiles={"keep": [[0.1, 0.1, 0.5, 0.5]]})),
    "AdFilesChange background": ({}, override(adfiles={"background": "#010203"})),
    "AdFilesChange overlay": ({}, override(adfiles={"overlay": [HEADLINE]})),
    "OverlayEntry font": (overlay(**HEADLINE), overlay(**HEADLINE, font="anton")),
    "OverlayEntry weight": (overlay(**HEADLINE), overlay(**HEADLINE, weight=500)),
    "OverlayEntry size": (overlay(**HEADLINE), overlay(**HEADLINE, size="4%")),
    "OverlayEntry width": (overlay(**HEADLINE), overlay(**HEADLINE, width="40%")),
    "OverlayEntry color": (overlay(**HEADLINE), overlay(**HEADLINE, color="#010203")),
    "OverlayEntry plate": (overlay(**HEADLINE), overlay(**HEADLINE, plate="shade")),
    "OverlayEntry at": (overlay(**HEADLINE), overlay(**HEADLINE, at="bottom")),
    "OverlayEntry clear": (overlay(logo="logo.svg"), overlay(logo="logo.svg", clear="9%")),
    "OverlayEntry style": (overlay(button="Buy"), overlay(button="Buy", style="button.yaml")),
    "OverlayEntry logo": (overlay(logo="logo.svg"), overlay(logo="other.svg")),
    **{
        f"OverlayEntry {kind}": (overlay(**{kind: "A"}), overlay(**{kind: "B"}))
        for kind in ("headline", "text", "price", "button", "legal")
    },
    **{
        f"PlatePart {key}": (
            overlay(**HEADLINE, plate={"shape": "panel", "color": "#010203"}),
            overlay(**HEADLINE, plate={"shape": "panel", "color": "#010203", key: value}),
        )
        for key, value in {
            "shape": "band",
            "color": "#040506",
            "opacity": "50%",
            "radius": "9%",
            "padding": "7%",
        }.items()
    },
    "StagesPart draft": ({}, {"stages": {"draft": {"quality": "high"}}}),
    "StagesPart final": ({}, {"stages": {"final": {"quality": "high"}}}),
    "DraftPart quality": ({}, {"stages": {"draft": {"quality": "medium"}}}),
    "DraftPart takes": ({}, {"stages": {"draft": {"takes": 2}}}),
    "DraftPart model": ({}, {"stages": {"draft": {"model": "gpt-image-1-mini"}}}),
    "DraftPart review": ({}, {"stages": {"draft": {"review": "auto"}}}),
    "FinalPart quality": ({}, {"stages": {"final": {"quality": "medium"}}}),
    "FinalPart takes": ({}, {"stages": {"final": {"takes": 2}}}),
    "FinalPart model": ({}, {"stages": {"final": {"model": "gpt-image-1-mini"}}}),
    "FinalPart mode": ({}, {"stages": {"final": {"mode": "refine"}}}),
    **{f"BudgetPart {key}": ({}, {"budget": {key: "$9"}}) for key in ("campaign", "run", "month")},
    "ProviderPart base_url": ({}, provider(base_url="https://api.test/v1")),
    "ProviderPart model": ({}, provider(model="gpt-image-1-mini")),
    "ProviderPart dialect": (
        IMAGE, {"providers": {"compatible": {"dialect": "vllm-omni", "base_url": "http://a.test"}}},
    ),
    "ProviderPart edits": (
        {"provider": "gptimage"}, {"providers": {"gptimage": {"edits": "/v1/images/edits"}}},
    ),
    "ProviderPart image_hosts": ({}, provider(image_hosts=["img.local"])),
    "ProviderPart balance": (
        {"provider": "gptimage"}, {"providers": {"gptimage": {"balance": "/v1/credits"}}},
    ),
    "ProviderPart trust_env": ({}, provider(trust_env=True)),
    "ProviderPart ca_file": ({}, provider(ca_file="office.pem")),
    "ProviderPart price": ({"provider": "gptimage"}, priced(currency="EUR", per_credit=0.01)),
    "PricePart currency": (
        priced(currency="EUR", per_credit=0.01), priced(currency="CHF", per_credit=0.01),
    ),
    "PricePart per_credit": (
        priced(currency="EUR", per_credit=0.01), priced(currency="EUR", per_credit=0.02),
    ),
    "PricePart per_image": (
        IMAGE, {"providers": {"compatible": {"price": {"per_image": 0.05}}}},
    ),
    "RunPart concurrency": ({}, {"run": {"concurrency": 3}}),
    "RunPart images_per_minute": ({}, {"run": {"images_per_minute": 3}}),
    "RunPart max_failures": ({}, {"run": {"max_failures": 3}}),
    "RunPart batch": ({}, {"run": {"batch": True}}),
    "OutputPart path": ({}, {"output": {"path": "x/{{ product.id }}/{{ size.id }}-"
     "{{ locale }}-{{ scene }}-{{ take }}"}}),
    "OutputPart store": ({}, {"output": {"store": "s3://bucket/a"}}),
    "OutputPart public_url": (
        {"output": {"store": "s3://bucket/a"}}, {"output": {"public_url": "https://a/{{ path }}"}},
    ),
    "AdFilesPart name": ({}, {"adfiles": {"name": "{{ cell }}-{{ placement }}"}}),
    "AdFilesPart formats": ({}, {"adfiles": {"formats": {"default": ["png"]}}}),
    "AdFilesPart fit": ({}, {"adfiles": {"fit": "pad"}}),
    "AdFilesPart background": ({}, {"adfiles": {"background": "#010203"}}),
    "AdFilesPart overlay": ({}, overlay(**HEADLINE)),
    "AdFilesPart brand": ({}, {"adfiles": {"brand": {"colors": ["#010203"]}}}),
    "BrandPart colors": ({}, {"adfiles": {"brand": {"colors": ["#010203"]}}}),
    "BrandPart fonts": (
        overlay(**HEADLINE),
        {"adfiles": {"brand": {"fonts": ["anton"]}}},
    ),
    **{f"ChecksPart {rule}": (BRAND, {"checks": {rule: "fail"}}) for rule in (*RULES, "shop")},
    "ProvenancePart credit": ({}, {"provenance": {"credit": "Sun"}}),
    "ProvenancePart label": ({}, {"provenance": {"label": "ai"}}),
    "ProvenancePart c2pa": ({}, {"provenance": {"c2pa": "sign"}}),
    "NoticePart when": (
        {"notify": [{"when": ["done"], "to": "json://a.test"}]},
        {"notify": [{"when": ["failed"], "to": "json://a.test"}]},
    ),
    **{
        f"NoticePart {key}": (
            {"notify": [{"when": ["done"], key: "https://a.test"}]},
            {"notify": [{"when": ["done"], key: "https://b.test"}]},
        )
        for key in ("to", "webhook", "ping")
    },
}  # fmt: skip


class InThisProcess(TemplateProcess):
    """Writes templates without a child process: a hundred campaigns in a second."""

    def __init__(self):
        self._writer, self._reply = TemplateWriter(bytearray(8)), b""

    def _send(self, text):
        self._reply = json.dumps(self._writer.answer(text.encode())).encode()

    def raw_answer(self):
        return self._reply

    def close(self):
        """Nothing to close."""


def laid_over(base, change):
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return base | {key: laid_over(base.get(key), value) for key, value in change.items()}


class LocalFeeds:
    """Gives a local file for every URL, and remembers from which hosts feeds may be fetched."""

    def __init__(self, file):
        self.file, self.hosts = file, ()

    def files_of(self, feeds, *, campaign, hosts):
        self.hosts = hosts
        return dict.fromkeys(feeds, self.file)


@pytest.fixture
def facts(tmp_path, monkeypatch):
    """Everything that planning, runs and ad files are given of a campaign, as text."""
    for room in ("campaign.loading", "prompts.writing", "prompts.cells"):
        monkeypatch.setattr(f"pipeline.{room}.TemplateProcess", InThisProcess)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "cheap.csv").write_bytes(b"sku,amount\nA,7\n")
    (tmp_path / "odd.csv").write_bytes(b"sku;amount;a,b,c,d\nA;5;y\n")
    stock = openpyxl.Workbook()
    for sheet, left in ((stock.active, "four"), (stock.create_sheet("May"), "nine")):
        sheet.append(["sku", "left"])
        sheet.append(["A", left])
    stock.save(tmp_path / "stock.xlsx")

    def read(change):
        file = tmp_path / "demo.yaml"
        file.write_text(yaml.safe_dump(laid_over(copy.deepcopy(BASE), change)))
        feeds = LocalFeeds(tmp_path / "prices.csv")
        try:
            loaded = load_campaign(file, profiles=profiles(), feed_files=feeds)
        except CampaignError as error:
            return f"refused: {error}"
        whole = dataclasses.replace(loaded.campaign, sha256="", file="")
        variants = [loaded.variants[one.variant] for one in unnamed_cells(loaded)]
        jobs = [
            (job.at.cell, job.path, job.request, job.price, job.overlay)
            for job in plan_drafts(loaded)
        ]
        cells = [(cell.name, cell.axes, cell.size) for cell in expand(loaded)]
        return repr((whole, variants, jobs, cells, feeds.hosts))

    return read


def test_every_key_of_the_grammar_has_an_edit():
    every = {f"{model} {key}" for model, keys in keys_by_model().items() for key in keys}
    assert set(EDITS) == every


def test_every_key_of_the_grammar_acts(facts):
    known = {"": facts({})}
    idle = []
    for name, (before, after) in EDITS.items():
        was = known.get(repr(before), "") if before else known[""]
        was = known[repr(before)] = was or facts(before)
        now = facts(laid_over(before, after))
        assert not now.startswith("refused"), f"{name} {now}"
        if was == now:
            idle.append(name)
    assert idle == []


def fields_of(module):
    """The fields of a module's values; those that campaign files set end here."""
    for value in vars(module).values():
        if dataclasses.is_dataclass(value) and value.__module__ == module.__name__:
            yield from ((value.__name__, field.name) for field in dataclasses.fields(value))


def test_every_value_that_a_campaign_gives_is_read_by_another_room():
    """A setting that only the room that reads the file knows would act on nothing."""
    package = Path(pipeline.__file__).parent
    rooms = [one for one in package.iterdir() if one.name not in {"campaign", "model"}]
    files = [file for room in rooms for file in ([room] if room.is_file() else room.rglob("*.py"))]
    read = {
        node.attr
        for file in files
        if file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
    }
    every = {*fields_of(campaign), *fields_of(ad_file)}
    assert {f"{name}.{field}" for name, field in every if field not in read} == set()
