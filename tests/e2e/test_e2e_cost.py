"""What an agency invoices: the cost of campaigns against manifests and the servers' own books."""

import csv
import io
import json

import pytest
import requests
from account import charged
from conftest import SODA

CLIENTS = {"soda": "sun", "tea": "sun", "jam": "rain", "milk": "rain", "plain": ""}


@pytest.fixture
def spent(pipeline, served):
    """Five campaigns of two clients, on two accounts."""
    server = served()
    api = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    for name, client in CLIENTS.items():
        tags = f"tags: {{client: {client}}}\n" if client else ""
        text = SODA.replace("campaign: soda\n", f"campaign: {name}\n{tags}")
        sizes = "[1:1, meta-feed-square]" if name in ("plain", "jam") else "[1:1]"
        text = text.replace("[1:1, 4:3]", sizes)
        provider = ("--provider", "gptimage") if name in ("soda", "jam") else ()
        ended = pipeline("run", pipeline.write(text, f"{name}.yaml"), *provider, **api)
        assert ended.code == 0, ended.err
    headers = {"Authorization": f"Bearer {server.key}"}
    account = requests.get(f"{server.url}/v1/credits", headers=headers, timeout=10).json()
    server_spent = account["data"]["spent"]
    return pipeline, server_spent


def of_manifests(pipeline, names):
    return sum(pipeline.manifest(one)["totals"]["credits"]["confirmed"] for one in names)


def test_the_cost_is_what_manifests_and_servers_say(spent):
    pipeline, server_spent = spent
    report = json.loads(pipeline("cost", "--by", "tag:client", "--month", "--json").out)
    by_kind = {row["money"]: row["confirmed"] for row in report["totals"]}
    assert by_kind == {
        "gptimage credits": of_manifests(pipeline, ("soda", "jam")),
        "play credits": of_manifests(pipeline, ("tea", "milk", "plain")),
    }
    assert by_kind["gptimage credits"] == server_spent
    saved = {row["money"]: row["saved_by_reuse"] for row in report["totals"]}
    assert (
        saved["gptimage credits"] == pipeline.manifest("jam")["totals"]["credits"]["saved_by_reuse"]
    )
    assert (
        saved["play credits"] == pipeline.manifest("plain")["totals"]["credits"]["saved_by_reuse"]
    )
    assert min(saved.values()) > 0
    assert by_kind["play credits"] == charged(pipeline.output)[0]
    groups = {(row["tag:client"], row["money"]): row["confirmed"] for row in report["rows"]}
    assert groups["sun", "gptimage credits"] == of_manifests(pipeline, ["soda"])
    assert groups["-", "play credits"] == of_manifests(pipeline, ["plain"])
    shown = pipeline("cost", "--by", "tag:client")
    assert "No total: gptimage credits, play credits are different money" in shown.err
    assert "Total" not in shown.out
    one = pipeline("cost", "soda.yaml", "jam.yaml")
    assert f"{server_spent} credits" in one.out.splitlines()[-1]
    rows = [*csv.DictReader(io.StringIO(pipeline("cost", "--by", "product,stage", "--csv").out))]
    assert sum(int(row["confirmed"]) for row in rows) == sum(by_kind.values())
    assert "nothing was spent in that time" in pipeline("cost", "--month", "2020-01").err
    assert pipeline("cost", "--by", "nonsense").code == 2
